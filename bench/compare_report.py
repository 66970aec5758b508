"""The Markdown of bench/run."""

import json

from compare_numbers import Numbers, latency, million
from compare_targets import beside_durable_floor, beside_peers, table
from contestants import PARTS

NAMES = {"floor": "floor (plain epoll FastCGI)", "durable-floor": "durable floor (commits, then sends)",
         "bare": "Pollster, bare nginx site", "nchan": "nchan", "node": "Node + pg", "thin": "Thin + EventMachine",
         "fcgx": "libfcgi FCGX", "nginx": "nginx `return 200`", "pollster": "**Pollster**"}


def parsed(line):
    return json.loads(line)


def one_line(chat):
    """What a round has brought, while it runs."""
    parts = [f"{chat['peer']}, {chat['clients']:,} clients"]
    for what, tallies in (("one wall", chat.get("one_wall", ())), ("100 walls", chat.get("all_walls", ())),
                          *((f"{rate} posts/s", [t]) for rate, t in chat.get("steady", {}).items())):
        if found := latency(tallies):
            lost = sum(t["missing"] for t in tallies)
            parts.append(f"{what} {cells(found)} ms" + (f" ({lost:,} lost)" if lost else ""))
    return "; ".join(parts)


def cells(found):
    return f"{found['p50']:,.1f} / {found['p99']:,.1f} / {found['last']:,.1f}" if found else "–"


def number(value, digits=1):
    return "–" if value is None else f"{value:,.{digits}f}"


def fan_out(n):
    lines = []
    for what, read in (("one wall, a post reaches all of them", lambda c: c.one_wall),
                       ("100 walls, a post on each at the same moment", lambda c: c.all_walls)):
        lines += [f"{what}; p50 / p99 / last, ms:", ""]
        lines += table(("", *(f"{c:,} clients" for c in n.clients)),
                       [(NAMES[p], *(cells(n.value(p, c, read)) for c in n.clients)) for p in n.peers])
    return lines


def steady(n):
    lines = []
    for clients in (c for c in n.clients if any(n.value(p, c, lambda x: x.idle["app"]) is not None for p in n.peers)):
        rows = []
        for p in n.peers:
            c = n.chat(p, clients)
            if c:
                rows.append((NAMES[p], cells(c.steady["10"]), cells(c.steady["100"]),
                             *(number(c.cpu("100", g)) for g in ("app", "nginx", "postgres", "driver")),
                             " / ".join(number(c.cpu_percent(r, "app")) for r in ("10", "100")),
                             " / ".join(number(c.idle[g], 2) for g in ("app", "nginx", "postgres"))))
        lines += [f"{clients:,} clients, 100 walls; latency from send to receipt, p50 / p99 / last, ms:", ""]
        lines += table(("", "10 posts/s", "100 posts/s", "CPU µs a delivery at 100 posts/s: app", "nginx", "PostgreSQL", "driver",
                        "CPU of the app at 10 / 100 posts/s, % of a core", "idle CPU, %: app / nginx / PostgreSQL"), rows)
    return lines


def long(n):
    """Of the part "polls" or "streams"."""
    rows = []
    for p in n.peers:
        c = n.chat(p, n.clients[-1])
        rows.append((NAMES[p], f"{c.rounds}", cells(c.steady["100"]), " / ".join(number(c.worst("100", k)) for k in ("p50", "p99")),
                     " / ".join(number(ms) for ms in c.flush_of_worst("100") or (None, None)),
                     " / ".join(number(c.acknowledged("100", k)) for k in ("p50", "p99")),
                     *(number(c.cpu("100", g)) for g in ("app", "nginx", "postgres")), number(c.cpu("100", "app", "nginx", "postgres")),
                     number(c.cpu("100", "driver")), number(c.cpu_a_post("100"), 2), number(c.wal_a_post("100"), 0),
                     cells(c.one_wall)))
    return table(("", "rounds", "p50 / p99 / last, ms", "worst p50 / p99, ms", "the disk's flushes then, p99 / last, ms",
                  "until the 201, p50 / p99, ms", "CPU µs a delivery: app", "nginx", "PostgreSQL", "all three", "driver",
                  "PostgreSQL, CPU ms a post", "WAL bytes a post", "one post to all, p50 / p99 / last, ms"), rows)


def correctness(n):
    rows = []
    for p in n.peers:
        all_of = [c for (peer, _), c in n.chats.items() if peer == p]
        total = {}
        for c in all_of:
            for what, count in c.wrong.items():
                total[what] = total.get(what, 0) + count
        wrong = (f"{total.get(what, 0):,}" for what in ("missing", "doubled", "gaps", "reordered"))
        rows.append((NAMES[p], f"{sum(c.deliveries for c in all_of):,}", *wrong))
    return table(("", "received", "lost (within 20 s)", "twice", "gaps", "out of order"), rows)


def memory(n):
    rows = [(NAMES[p], *(" / ".join(number(n.value(p, c, lambda x: x.memory(group, when)), 0)  # pylint: disable=cell-var-from-loop
                                    for group, when in (("app", "parked_bytes"), ("nginx", "parked_bytes"), ("app", "after_fan_out_bytes"),
                                                        ("nginx", "after_fan_out_bytes"))) for c in n.clients)) for p in n.peers]
    return ["Bytes a parked client: application / nginx, parked for the first time; then the same after some posts to all, with every "
            "client back:", "", *table(("", *(f"{c:,} clients" for c in n.clients)), rows)]


def growth(n):
    lines = []
    if len(n.clients) > 1:
        low, high = n.clients[0], n.clients[-1]

        def times(p, read):
            a, b = n.value(p, low, read), n.value(p, high, read)
            return "–" if not a or b is None else f"{b / a:,.1f}"
        lines += [f"From {low:,} to {high:,} clients (× {high / low:g}), each grows by a factor of:", ""]
        lines += table(("", "last, one wall", "p99, 100 walls", "steady 100 posts/s, p50", "CPU a delivery, app", "memory a poll, app"),
                       [(NAMES[p], times(p, lambda c: c.one_wall and c.one_wall["last"]),
                         times(p, lambda c: c.all_walls and c.all_walls["p99"]),
                         times(p, lambda c: c.steady["100"] and c.steady["100"]["p50"]), times(p, lambda c: c.cpu("100", "app")),
                         times(p, lambda c: c.memory("app"))) for p in n.peers])
    if far := million():
        lines += ["On to a million with the multiplexing client, without nginx (Pollster only; from "
                  f"[million-1000000.json](million-1000000.json): commit {far['commit']}, {far['date']}):", ""]
        lines += table(("parked", "memory a poll, B", "idle CPU, %", "ping p50 / p99, ms", "park time, s"),
                       [(f"{s['parked']:,}", number(s["bytes_per_poll"], 0), number(s["idle_cpu_percent"], 2),
                         f"{s['ping_ms']['p50']:.2f} / {s['ping_ms']['p99']:.2f}", number(s["park_seconds"])) for s in far["stages"]])
        for what, key in (("a thousand", "delivery_thousand"), ("a hundred thousand", "delivery_hundred_thousand")):
            if key in far:
                lines += [f"- one entry to {what} of the million: {cells(far[key]['latency_ms'])} ms"]
        lines += [""]
    return lines


def rates(n):
    return table(("", "ping", "poll that is behind"),
                 [(NAMES[p], number(kinds.get("ping"), 0), number(kinds.get("behind"), 0)) for p, kinds in n.rates.items()])


def origins(parts):
    """Where each part comes from."""
    return table(("part", "command", "commit", "date", "load before", "took, min"),
                 [(name, f"`{p['command']}`", p["commit"], p["date"], number(p["load_average_before"]), number(p["seconds"] / 60, 0))
                  for name, p in parts.items()])


def markdown(result, plots):
    parts = result["parts"]
    rate, peers, polls, streams = (Numbers(parts.get(name)) for name in PARTS)
    newest = list(parts.values())[-1]
    lines = [
        "# Pollster beside its peers", "",
        f"- machine: {newest['machine']}, shared by driver, nginx (2 workers), application and PostgreSQL",
        "- versions: " + ", ".join(f"{name} {version}" for name, version in result["versions"].items()),
        "- what is measured and how: [bench/README.md](../README.md). Medians of all rounds, Thin of one. – : not measured.", "",
        *origins(parts)]
    if polls.chats or streams.chats:
        lines += ["## Targets: polls and streams beside the durable floor", "", *beside_durable_floor(polls, streams)]
    if peers.chats or rate.rates:
        lines += ["## Targets: beside the peers", "", *beside_peers(peers, rate.rates)]
    for what, n in (("Polls", polls), ("Streams", streams)):
        if n.chats:
            lines += [f"## {what}: steady chat of {n.clients[-1]:,} clients on 100 walls, 100 posts/s", "", *long(n), *correctness(n),
                      *memory(n)]
    if peers.chats:
        lines += ["## Fan-out", "", *fan_out(peers), "## Steady chat of a few seconds", "", *steady(peers), "## What was received", "",
                  *correctness(peers), "## Memory", "", *memory(peers)]
    if rate.rates:
        lines += ["## Requests a second", "", "64 connections:", "", *rates(rate)]
    if peers.chats:
        lines += ["## Growth", "", *growth(peers)]
    lines += [f"![{name}]({name})\n" for name in plots]
    return "\n".join(lines).rstrip() + "\n"
