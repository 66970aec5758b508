"""The measuring of bench/run; see bench/README.md. Usage: through bench/run."""

import argparse
import contextlib
import json
import sys
import time

import compare_plots
import compare_report
from contestants import CONTESTANTS, PARTS, PEERS, POLLS, RATE, STREAMS, versions
from disk import Flushes
from outcome import HERE, about, percentiles_of, write_result
from readings import Usage, cpu_seconds, memory_bytes
from rig import WALLS, Crowd, Namespace, PostgreSQL, Rig, die, make_people, output_of

TARGETS = ("pollster", "bench_crowd", "bench_rate", "bench_floor", "bench_durable_floor", "bench_fcgx")


class Bench:
    def __init__(self, rig, options):
        self.rig, self.options = rig, options
        self.host = Namespace(rig, "bench")
        self.postgres = PostgreSQL(rig, self.host)
        self.sessions = make_people(self.postgres, rig.pollster, rig.folder)
        self.postgres.sql("vacuum analyze")
        self.count = 0

    @contextlib.contextmanager
    def contestant(self, name, streams=False):
        """Freshly started, with a database of its own that has the same people and no posts."""
        self.count += 1
        database = f"s{self.count}"
        self.postgres.sql(f"create database {database} template pollster owner pollster_owner", "postgres")
        running = CONTESTANTS[name](self.rig, self.host, self.postgres, database, streams)
        try:
            yield running
        finally:
            running.end()
            self.postgres.sql(f"drop database {database} (force)", "postgres")

    @contextlib.contextmanager
    def crowd(self, running, clients, walls):
        """`clients` parked polls, or streams."""
        crowd = Crowd(self.rig, self.host, [running.nginx.address], self.sessions, clients, walls, more=running.crowd_options)
        try:
            events = crowd.do("start")["events"]
            self.settle(crowd, running, events)
            yield crowd, events
        finally:
            crowd.end()
            self.settle(None, running, {})

    def settle(self, crowd, running, events):
        """Until application and nginx have nothing to do and no client came back with an error."""
        began = time.monotonic()
        while time.monotonic() - began < 30:
            usage = Usage(app=running.application, nginx=running.nginx.pids)
            new = crowd.do("rest", 0.5)["events"] if crowd else time.sleep(0.5)
            for what, n in (new or {}).items():
                events[what] = events.get(what, 0) + n
            if not new and sum(usage.percent().values()) < 15:
                return

    def memory(self, running):
        return {"app": memory_bytes(running.application()), "nginx": memory_bytes(running.nginx.pids())}

    def fan_out(self, running, clients, result):
        result["empty_bytes"] = self.memory(running)
        with self.crowd(running, clients, 1) as (crowd, events):
            result["parking_events"] = events
            crowd.do("rest", 3)  # what only the rush needed is given back
            result["parked_bytes"] = self.memory(running)
            crowd.do("post", 1, running.patience)  # connections of the posters, caches, buffers
            self.settle(crowd, running, {})
            loads = running.wall_loads()
            result["one_wall"] = []
            for _ in range(self.options.posts):
                result["one_wall"].append(crowd.do("post", 1, running.patience))
                self.settle(crowd, running, {})
            crowd.do("rest", 1)
            if loads is not None:
                result["wall_loads_a_post"] = (running.wall_loads() - loads) / self.options.posts
            result["after_fan_out_bytes"] = self.memory(running)

    def all_walls(self, crowd, running, result):
        result["all_walls"] = []
        for _ in range(self.options.posts):
            result["all_walls"].append(crowd.do("burst", running.patience))
            self.settle(crowd, running, {})

    def steady(self, crowd, running, rate, seconds):
        """Posts, and what they cost everybody."""
        groups = {**running.groups(), "driver": lambda: [crowd.program.pid]}
        wal = self.postgres.wal_bytes()
        before = {name: cpu_seconds(pids) for name, pids in groups.items()}
        with Flushes(self.rig.folder) as flushes:
            chat = crowd.do("steady", rate, seconds, running.patience)
        chat["flush_ms"] = percentiles_of(flushes.ms)
        chat["cpu_seconds"] = {name: cpu_seconds(pids) - before[name] for name, pids in groups.items()}
        chat["wal_bytes"] = self.postgres.wal_bytes() - wal
        chat["seconds"] = seconds
        self.settle(crowd, running, {})
        return chat

    def idle(self, crowd, running):
        usage = Usage(**running.groups())
        crowd.do("rest", self.options.idle)
        return usage.percent()

    def peers(self, name, clients):
        """Of the part "peers": one post to all, a post on each wall, some seconds of chat."""
        result = {"peer": name, "clients": clients}
        with self.contestant(name) as running:
            self.fan_out(running, clients, result)
            with self.crowd(running, clients, WALLS) as (crowd, _):
                crowd.do("burst", running.patience)
                self.settle(crowd, running, {})
                self.all_walls(crowd, running, result)
                if clients in self.options.steady_at:
                    result["idle_cpu_percent"] = self.idle(crowd, running)
                    result["steady"] = {str(rate): self.steady(crowd, running, rate, self.options.seconds)
                                        for rate in (10, 100) if rate * clients / WALLS <= running.most_deliveries_a_second}
            result["nginx_errors"] = running.nginx.errors()
        return result

    def long(self, name, clients, streams, fan_out):
        """Of the parts "polls" and "streams": one post to all, a minute of chat."""
        result = {"peer": name, "clients": clients}
        with self.contestant(name, streams) as running:
            if fan_out:
                self.fan_out(running, clients, result)
            with self.crowd(running, clients, WALLS) as (crowd, _):
                crowd.do("burst", running.patience)
                self.settle(crowd, running, {})
                result["idle_cpu_percent"] = self.idle(crowd, running)
                result["steady"] = {"100": self.steady(crowd, running, 100, self.options.long_seconds)}
            result["nginx_errors"] = running.nginx.errors()
        return result

    def rates(self, name):
        result = {"peer": name}
        session = self.sessions.read_text(encoding="ascii").split("\n", 1)[0]
        with self.contestant(name) as running:
            ask = [*self.host.prefix(), self.rig.build / "bench/bench_rate", "--at", running.nginx.address, "--session", session,
                   "--seconds", self.options.seconds / 2]
            behind = ["--body", '{"last_post_id":{"1":0}}']
            if running.chats:
                with self.crowd(running, 1, 1) as (crowd, _):
                    crowd.do("post", 1, running.patience)
            for what, more in (("ping", []), ("behind", behind)):
                if what == "ping" or name != "nginx":
                    before = {group: cpu_seconds(pids) for group, pids in running.groups().items()}
                    result[what] = compare_report.parsed(output_of(*map(str, [*ask, *more])))
                    result[what]["cpu_seconds"] = {group: cpu_seconds(pids) - before[group] for group, pids in running.groups().items()}
        return result


def say(began, text):
    print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)


def alternating(part, options):
    """(number of the round, peer), each peer once a round."""
    names = [name for name in options.peers if part in CONTESTANTS[name].parts]
    rounds = {name: options.rounds or (CONTESTANTS[name].long_rounds if part in (POLLS, STREAMS) else 3) for name in names}
    for number in range(max(rounds.values(), default=0)):
        for name in names:
            if number < rounds[name]:
                yield number, name


def measure(bench, part, options):
    """The measurements of one part."""
    began = time.monotonic()
    chats, rates = [], []
    if part == RATE:
        for _, name in alternating(part, options):
            rates.append(bench.rates(name))
            say(began, f"{name}: " + ", ".join(f"{what} {rates[-1][what]['a_second']:,.0f}/s"
                                               for what in ("ping", "behind") if what in rates[-1]))
    elif part == PEERS:
        for clients in options.clients:
            for number, name in alternating(part, options):
                if not CONTESTANTS[name].once or (number == 0 and not (options.quick and clients > 1000)):
                    chats.append(bench.peers(name, clients))
                    say(began, compare_report.one_line(chats[-1]))
    else:
        for number, name in alternating(part, options):
            chats.append(bench.long(name, options.clients[-1], part == STREAMS, fan_out=number < 3))
            say(began, f"{part}: {compare_report.one_line(chats[-1])}")
    return {"seconds": time.monotonic() - began, "chats": chats, "rates": rates}


def read_options():
    def words(text):
        return text.split(",")
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--parts", type=words, default=list(PARTS))
    parser.add_argument("--peers", type=words, default=list(CONTESTANTS))
    parser.add_argument("--clients", type=lambda text: [int(n) for n in words(text)])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of the steady chat of the parts polls and streams")
    parser.add_argument("--name")
    options = parser.parse_args()
    if unknown := set(options.peers) - set(CONTESTANTS):
        die(f"there is no peer {', '.join(unknown)}; see --help")
    if unknown := set(options.parts) - set(PARTS):
        die(f"there is no part {', '.join(unknown)}; see --help")
    whole = not (options.clients or options.rounds or options.seconds) and len(options.peers) == len(CONTESTANTS)
    options.name = options.name or (("quick" if options.quick else "compare") if whole else "partial")
    options.rounds = options.rounds or (1 if options.quick else None)
    options.clients = options.clients or ([1000, 15000] if options.quick else [1000, 5000, 15000])
    options.steady_at = [n for n in options.clients if n != 5000]
    options.posts = 1 if options.quick else 2
    options.seconds, options.long_seconds = 3 if options.quick else 5, options.seconds or (5 if options.quick else 60)
    options.idle = 3 if options.quick else 4
    return options


def parts_before(name):
    """What an earlier command has measured and this one does not measure again. Of a choice of settings nothing is
    kept: the next one is another choice."""
    file = HERE / f"results/{name}.json"
    if name == "partial" or not file.exists():
        return {}
    return json.loads(file.read_text(encoding="utf-8")).get("parts", {})


def main():
    options = read_options()
    parts = parts_before(options.name)
    command = " ".join(["bench/run", *sys.argv[1:]])
    with Rig("build/bench", TARGETS) as rig:
        bench = Bench(rig, options)
        for part in (p for p in PARTS if p in options.parts):
            origin = about(command)
            parts[part] = {**origin, **measure(bench, part, options)}
            # Each part is kept, whatever becomes of the next one.
            result = {"versions": versions(), "parts": {p: parts[p] for p in PARTS if p in parts}}
            write_result(options.name, result, compare_report.markdown(result, compare_plots.draw(options.name, result)))


if __name__ == "__main__":
    main()
