"""The Markdown of bench/run."""

import json

from compare_numbers import Numbers, latency, million

NAMES = {"floor": "floor (plain epoll FastCGI)", "nchan": "nchan", "node": "Node + pg", "thin": "Thin + EventMachine",
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


def table(head, rows):
    align = ["---"] + ["---:"] * (len(head) - 1)
    return ["| " + " | ".join(map(str, row)) + " |" for row in (head, align, *rows)] + [""]


def targets(n):
    """(what, measured, target, met) of the issue's table; ratios in this run."""
    def chat(peer, read):
        return n.value(peer, 15000, read)

    def ratio(what, read, peer, limit, least=False):
        mine, theirs = chat("pollster", read), chat(peer, read)
        return row(what + f", × {peer}", mine / theirs if mine is not None and theirs else None, limit, least)

    def row(what, value, limit, least=False, unit=""):
        if value is None:
            return (what, "not measured", "", "")
        met = value >= limit if least else value <= limit
        return (what, f"{value:,.2f}{unit}", f"{'≥' if least else '≤'} {limit:g}{unit}", "yes" if met else "**no**")

    def rate(what, peer, limit):
        mine, theirs = n.rates.get("pollster", {}).get(what), n.rates.get(peer, {}).get(what)
        return row(f"requests/s, {'ping' if what == 'ping' else 'poll that is behind'}, × {peer}",
                   mine / theirs if mine and theirs else None, limit, True)

    def last(c):
        return c.one_wall and c.one_wall["last"]

    def steady(key):
        return lambda c: c.steady["100"] and c.steady["100"][key]
    rows = [
        ratio("last of 15,000 on one wall", last, "floor", 1.15), ratio("last of 15,000 on one wall", last, "node", 0.5),
        ratio("last of 15,000 on one wall", last, "nchan", 2),
        ratio("p99 of 15,000 on 100 walls", lambda c: c.all_walls and c.all_walls["p99"], "floor", 1.25),
        ratio("steady, 15,000 clients, 100 posts/s, p50", steady("p50"), "floor", 1.3),
        ratio("steady, 15,000 clients, 100 posts/s, p99", steady("p99"), "floor", 1.3),
        ratio("the same, CPU of the application", lambda c: c.cpu("100", "app"), "node", 0.5),
        *(rate(what, peer, limit) for what in ("ping", "behind") for peer, limit in (("floor", 0.95), ("node", 1.5), ("fcgx", 1.5))),
        row("memory a parked poll at 15,000, application", (lambda b: b and b / 1024)(chat("pollster", lambda c: c.memory("app"))), 6,
            unit=" KiB"),
        ratio("memory a parked poll at 15,000, application", lambda c: c.memory("app"), "node", 0.6),
        row("idle CPU of the application, 15,000 parked", chat("pollster", lambda c: c.idle["app"]), 3, unit=" %"),
        row("SQL reads a delivered wall change, 15,000 readers", chat("pollster", lambda c: c.wall_loads), 1),
    ]
    return table(("what", "measured", "target", "met"), rows)


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
                             *(number(c.cpu("100", g), 3) for g in ("app", "nginx", "postgres", "driver")),
                             " / ".join(number(c.cpu_percent(r, "app")) for r in ("10", "100")),
                             " / ".join(number(c.idle[g], 2) for g in ("app", "nginx", "postgres"))))
        lines += [f"{clients:,} clients, 100 walls; latency from send to receipt, p50 / p99 / last, ms:", ""]
        lines += table(("", "10 posts/s", "100 posts/s", "CPU s a 1,000 deliveries at 100 posts/s: app", "nginx", "PostgreSQL", "driver",
                        "CPU of the app at 10 / 100 posts/s, % of a core", "idle CPU, %: app / nginx / PostgreSQL"), rows)
    return lines


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
    return table(("", *(f"{c:,} clients" for c in n.clients)), rows)


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


def markdown(result, plots):
    n = Numbers(result)
    lines = [
        "# Pollster beside its peers", "",
        f"- machine: {result['machine']}, shared by driver, nginx (2 workers), application and PostgreSQL",
        f"- commit {result['commit']}, {result['date']}, load before {result['load_average_before']:.1f}, took {result['seconds'] / 60:.0f} min",
        f"- command: `{result['command']}`",
        "- versions: " + ", ".join(f"{name} {version}" for name, version in result["versions"].items()),
        "- what is measured and how: [bench/README.md](../README.md). Medians of all rounds, Thin of one. – : not measured.", "",
        "## Targets", "", *targets(n)]
    if n.chats:
        lines += ["## Fan-out", "", *fan_out(n), "## Steady chat", "", *steady(n), "## What was received", "", *correctness(n),
                  "## Memory", "", "Bytes a parked poll: application / nginx, parked for the first time; then the same after some fan-outs "
                  "with every client back:", "", *memory(n)]
    if n.rates:
        lines += ["## Requests a second", "", "64 connections:", "", *rates(n)]
    lines += ["## Growth", "", *growth(n)]
    lines += [f"![{name}]({name})\n" for name in plots]
    return "\n".join(lines).rstrip() + "\n"
