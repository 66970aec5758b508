"""Medians over the rounds of one part of bench/run, for its tables and plots."""

import json
from statistics import median

from outcome import HERE

WRONG = ("missing", "doubled", "gaps", "reordered", "posted_twice")


def latency(tallies):
    """Medians of {p50, p99, last} in ms; None without tallies."""
    tallies = [t for t in tallies if t["received"]]
    return {key: median(t["latency_ms"][key] for t in tallies) for key in ("p50", "p99", "last")} if tallies else None


def wrong(tallies):
    return {key: sum(t[key] for t in tallies) for key in WRONG if any(t[key] for t in tallies)}


def middle(values):
    values = [v for v in values if v is not None]
    return median(values) if values else None


class Chat:
    """All rounds of one peer with so many clients. None is what was not measured."""

    def __init__(self, rounds, clients):
        self.clients, self.rounds = clients, len(rounds)
        self.one_wall_tallies = [t for r in rounds for t in r.get("one_wall", ())]
        self.all_walls_tallies = [t for r in rounds for t in r.get("all_walls", ())]
        self.one_wall, self.all_walls = latency(self.one_wall_tallies), latency(self.all_walls_tallies)
        self.steady_tallies = {rate: [r["steady"][rate] for r in rounds if rate in r.get("steady", ())] for rate in ("10", "100")}
        self.steady = {rate: latency(tallies) for rate, tallies in self.steady_tallies.items()}
        self.wrong = wrong([*self.one_wall_tallies, *self.all_walls_tallies, *(t for ts in self.steady_tallies.values() for t in ts)])
        self.deliveries = sum(t["received"] for ts in ([self.one_wall_tallies, self.all_walls_tallies], self.steady_tallies.values())
                              for part in ts for t in part)
        self.idle = {group: middle(r["idle_cpu_percent"][group] for r in rounds if "idle_cpu_percent" in r)
                     for group in ("app", "nginx", "postgres")}
        self.wall_loads = middle(r.get("wall_loads_a_post") for r in rounds)
        self.rounds_of = rounds

    def memory(self, group, when="parked_bytes"):
        """Bytes a parked poll or stream."""
        return middle((r[when][group] - r["empty_bytes"][group]) / self.clients for r in self.rounds_of if when in r)

    def worst(self, rate, key):
        """The worst round of a steady chat, ms."""
        return max((t["latency_ms"][key] for t in self.steady_tallies[rate] if t["received"]), default=None)

    def flush_of_worst(self, rate):
        """What the disk's own flushes took in the round whose p99 is the worst, p99 and last, ms."""
        worst = max((t for t in self.steady_tallies[rate] if "flush_ms" in t), key=lambda t: t["latency_ms"]["p99"], default=None)
        return worst and (worst["flush_ms"]["p99"], worst["flush_ms"]["last"])

    def acknowledged(self, rate, key):
        """From sending a post to its 201, ms."""
        return middle(t["acknowledged_ms"][key] for t in self.steady_tallies[rate] if t["posted"])

    def cpu(self, rate, *groups):
        """CPU of all of them, microseconds a delivery."""
        return middle(sum(t["cpu_seconds"][g] for g in groups) * 1e6 / t["received"] for t in self.steady_tallies[rate] if t["received"])

    def cpu_a_post(self, rate):
        """CPU of PostgreSQL, ms."""
        return middle(t["cpu_seconds"]["postgres"] * 1e3 / t["posted"] for t in self.steady_tallies[rate] if t["posted"])

    def wal_a_post(self, rate):
        """Bytes."""
        return middle(t["wal_bytes"] / t["posted"] for t in self.steady_tallies[rate] if t["posted"] and "wal_bytes" in t)

    def cpu_percent(self, rate, group):
        return middle(100 * t["cpu_seconds"][group] / t["seconds"] for t in self.steady_tallies[rate])


class Numbers:
    """`part` of a result; None: it was not measured."""

    def __init__(self, part):
        part = part or {"chats": [], "rates": []}
        self.peers, self.clients, found = [], [], {}
        for chat in part["chats"]:
            found.setdefault((chat["peer"], chat["clients"]), []).append(chat)
        self.chats = {key: Chat(rounds, key[1]) for key, rounds in found.items()}
        for peer, clients in self.chats:
            self.peers += [peer] if peer not in self.peers else []
            self.clients += [clients] if clients not in self.clients else []
        self.rates = {}
        for r in part["rates"]:
            for what in ("ping", "behind"):
                if what in r:
                    self.rates.setdefault(r["peer"], {}).setdefault(what, []).append(r[what]["a_second"])
        self.rates = {peer: {what: median(v) for what, v in kinds.items()} for peer, kinds in self.rates.items()}

    def chat(self, peer, clients):
        return self.chats.get((peer, clients))

    def value(self, peer, clients, read):
        """What `read` takes of a Chat; None if it was not measured."""
        found = self.chat(peer, clients)
        return read(found) if found else None

    def at_most(self, peer, read):
        """The same with as many clients as there were."""
        return self.value(peer, self.clients[-1], read) if self.clients else None


def million():
    """The newest result of bench/million, without nginx; None if there is none."""
    file = HERE / "results/million-1000000.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
