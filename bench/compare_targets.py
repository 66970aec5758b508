"""The tables of targets of bench/run: Pollster's figures, those of the peer that it is compared with, and whether the
target is met. A report: nothing fails because of it."""

NOT_MEASURED = "not measured"

# CPU a delivery, microseconds, of application, nginx and PostgreSQL together, that polls behind the shipped site took
# before streams were there: streams shall take half of it.
POLLS_WITHOUT_STREAMS = 92
ALL = ("app", "nginx", "postgres")


def table(head, rows):
    align = ["---"] + ["---:"] * (len(head) - 1)
    return ["| " + " | ".join(map(str, row)) + " |" for row in (head, align, *rows)] + [""]


def figure_of(value, unit):
    """Three digits or more."""
    if value is None:
        return NOT_MEASURED
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}"


def row(what, value, limit, least=False, unit=""):
    """(what, measured, target, met)"""
    if value is None:
        return (what, NOT_MEASURED, "", "")
    met = value >= limit if least else value <= limit
    return (what, f"{value:,.2f}{unit}", f"{'≥' if least else '≤'} {limit:g}{unit}", "yes" if met else "**no**")


def beside_peers(n, rates):
    """`n`: Numbers of the part "peers", `rates` of "rate"."""
    def chat(peer, read):
        return n.value(peer, 15000, read)

    def ratio(what, read, peer, limit, least=False):
        mine, theirs = chat("pollster", read), chat(peer, read)
        return row(what + f", × {peer}", mine / theirs if mine is not None and theirs else None, limit, least)

    def rate(what, peer, limit):
        mine, theirs = rates.get("pollster", {}).get(what), rates.get(peer, {}).get(what)
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


def beside_durable_floor(polls, streams):
    """`polls`, `streams`: Numbers of the parts of that name."""
    parts = {"polls": polls, "streams": streams}

    def figure(part, peer, read):
        return parts[part].at_most(peer, read)

    def ratio(what, unit, read, limit, part, peer, of=None, mine="pollster"):
        """Pollster's figure in `part` beside that of `peer` in the part `of`."""
        a, b = figure(part, mine, read), figure(of or part, peer, read)
        cells = (f"{what}, {part}", figure_of(a, unit), figure_of(b, unit), f"{peer}, {of or part}")
        if a is None or not b:
            return (*cells, "", f"≤ {limit:g} ×", "")
        return (*cells, f"{a / b:.2f} ×", f"≤ {limit:g} ×", "yes" if a <= limit * b else "**no**")

    def most(what, unit, value, limit):
        met = "" if value is None else "yes" if value <= limit else "**no**"
        return (what, figure_of(value, unit), "", "", "", f"≤ {limit:g} {unit}", met)

    def worst(key):
        return lambda c: c.worst("100", key)

    def cpu(*groups):
        return lambda c: c.cpu("100", *groups)

    def last(c):
        return c.one_wall and c.one_wall["last"]

    def kib(group):
        value = figure("streams", "pollster", lambda c: c.memory(group, "after_fan_out_bytes"))
        return value and value / 1024
    both = ("polls", "streams")
    rows = [
        ratio("p50, worst round", "ms", worst("p50"), 1.3, "polls", "durable-floor"),
        ratio("p99, worst round", "ms", worst("p99"), 1.5, "polls", "durable-floor"),
        *(ratio(f"{key}, worst round", "ms", worst(key), 1.3, "streams", "durable-floor") for key in ("p50", "p99")),
        *(ratio(f"{key}, worst round", "ms", worst(key), 1, "streams", "floor", of="polls") for key in ("p50", "p99")),
        *(ratio("CPU a delivery, application", "µs", cpu("app"), limit, part, "durable-floor")
          for part, limit in (("polls", 1.25), ("streams", 1.4))),
        most("CPU a delivery, application + nginx + PostgreSQL, streams (half of the polls before)", "µs",
             figure("streams", "pollster", cpu(*ALL)), POLLS_WITHOUT_STREAMS / 2),
        ratio("CPU a delivery, application + nginx + PostgreSQL", "µs", cpu(*ALL), 1.5, "streams", "nchan", of="polls"),
        *(ratio("shipped site, CPU a delivery, nginx", "µs", cpu("nginx"), 1.05, part, "bare") for part in both),
        *(ratio("shipped site, p99", "ms", lambda c: c.steady["100"] and c.steady["100"]["p99"], 1.1, part, "bare") for part in both),
        *(ratio("last of all on one wall", "ms", last, 1.1, part, "durable-floor") for part in both),
        most("memory a stream, application", "KiB", kib("app"), 6), most("memory a stream, nginx", "KiB", kib("nginx"), 9),
        *(ratio("PostgreSQL, CPU a post", "ms", lambda c: c.cpu_a_post("100"), 2, part, "durable-floor") for part in both),
        *(ratio("PostgreSQL, WAL a post", "bytes", lambda c: c.wal_a_post("100"), 2, part, "durable-floor") for part in both),
    ]
    return table(("what", "Pollster", "beside it", "which is", "ratio", "target", "met"), rows)
