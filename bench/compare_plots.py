"""The SVG plots of bench/run, drawn by gnuplot."""

import subprocess

from compare_numbers import Numbers, million
from contestants import PARTS
from outcome import HERE

RESULTS = HERE / "results"
TITLES = {"floor": "floor", "durable-floor": "durable floor", "bare": "Pollster, bare site", "nchan": "nchan", "node": "Node + pg", "thin": "Thin", "fcgx": "libfcgi FCGX", "nginx": "nginx return 200",
          "pollster": "Pollster"}
COLOURS = {"floor": "#666666", "durable-floor": "#b0b0b0", "bare": "#8fb4e8", "nchan": "#2a9d8f", "node": "#e9a23b", "thin": "#c0504d", "fcgx": "#8064a2", "nginx": "#9bbb59",
           "pollster": "#1f5fbf"}
STYLE = """
set terminal svg size 900,520 background rgb 'white' font 'sans-serif,14'
set border 3 lc rgb '#555555'
set tics nomirror
set grid ytics lc rgb '#dddddd'
set key outside right top
"""


def gnuplot(file, script):
    subprocess.run(["gnuplot"], input=f"{STYLE}set output '{RESULTS / file}'\n{script}", text=True, check=True)
    return file


def lines(file, title, ylabel, series, xlabel="clients"):
    """`series`: {peer: [(clients, value)]}; both axes logarithmic."""
    series = {p: [(x, y) for x, y in points if y] for p, points in series.items()}
    series = {p: points for p, points in series.items() if points}
    if not series:
        return None
    ticks = sorted({x for points in series.values() for x, _ in points})
    script = f"set title '{title}'\nset xlabel '{xlabel}'\nset ylabel '{ylabel}'\nset logscale xy\nset format y '%g'\n"
    script += "set xtics (" + ", ".join(f"'{x:,}' {x}" for x in ticks) + f")\nset xrange [{ticks[0] * 0.8}:{ticks[-1] * 1.25}]\n"
    for p, points in series.items():
        script += f"${p} << E\n" + "".join(f"{x} {y}\n" for x, y in points) + "E\n"
    script += "plot " + ", ".join(f"${p} with linespoints lw {3 if p == 'pollster' else 2} pt 7 ps 0.7 lc rgb '{COLOURS[p]}' "
                                  f"title '{TITLES[p]}'" for p in series) + "\n"
    return gnuplot(file, script)


def bars(file, title, ylabel, columns, rows, logarithmic=False):
    """`rows`: {peer: [value of each column]}; None is left out."""
    rows = {p: values for p, values in rows.items() if any(values)}
    if not rows:
        return None
    script = f"set title '{title}'\nset ylabel '{ylabel}'\nset style data histogram\nset style histogram clustered gap 1\n"
    script += "set style fill solid 0.9 border\nset xtics scale 0\nset format y \"%'g\"\n"
    script += "set logscale y\n" if logarithmic else "set yrange [0:*]\n"
    script += "$data << E\n" + "".join(f'"{column}" ' + " ".join(str(values[i]) if values[i] else "?" for values in rows.values()) + "\n"
                                       for i, column in enumerate(columns)) + "E\nset datafile missing '?'\n"
    script += "plot " + ", ".join(f"$data using {i + 2}{':xtic(1)' if i == 0 else ''} lc rgb '{COLOURS[p]}' title '{TITLES[p]}'"
                                  for i, p in enumerate(rows)) + "\n"
    return gnuplot(file, script)


def draw(name, result):
    """The files' names."""
    RESULTS.mkdir(exist_ok=True)
    rate, n, polls, streams = (Numbers(result["parts"].get(part)) for part in PARTS)

    def over_clients(read):
        return {p: [(c, n.value(p, c, read)) for c in n.clients] for p in n.peers}
    most = n.clients[-1] if n.clients else 0

    def at_most(*reads):
        return {p: [n.value(p, most, read) for read in reads] for p in n.peers}

    def steady(rate, key):
        return lambda c: c.steady[rate] and c.steady[rate][key]
    drawn = [
        lines(f"{name}-one-wall.svg", "A post on the one wall that all read: the last has it after", "ms",
              over_clients(lambda c: c.one_wall and c.one_wall["last"])),
        lines(f"{name}-all-walls.svg", "A post on each of 100 walls at once: 99 % have theirs after", "ms",
              over_clients(lambda c: c.all_walls and c.all_walls["p99"])),
        bars(f"{name}-steady.svg", f"Steady chat, {most:,} clients on 100 walls: from send to receipt", "ms",
             ["10/s, p50", "10/s, p99", "100/s, p50", "100/s, p99"],
             at_most(*(steady(rate, key) for rate in ("10", "100") for key in ("p50", "p99"))), True),
        bars(f"{name}-cpu.svg", f"Steady chat, {most:,} clients: CPU of the application", "CPU, µs a delivery",
             ["10 posts/s", "100 posts/s"], at_most(*(lambda c, r=r: c.cpu(r, "app") for r in ("10", "100"))), True),
        bars(f"{name}-memory.svg", f"Memory a parked poll, {most:,} clients", "bytes", ["application", "nginx in front of it"],
             at_most(lambda c: c.memory("app"), lambda c: c.memory("nginx"))),
        bars(f"{name}-rate.svg", "Requests a second, 64 connections", "requests/s", ["ping", "poll that is behind"],
             {p: [kinds.get("ping"), kinds.get("behind")] for p, kinds in rate.rates.items()}),
        bars(f"{name}-delivery.svg", "Steady chat, 100 posts/s on 100 walls: CPU a delivery", "µs",
             ["polls: application", "polls: with nginx and PostgreSQL", "streams: application", "streams: with nginx and PostgreSQL"],
             {p: [of.at_most(p, lambda c, g=groups: c.cpu("100", *g)) for of in (polls, streams)
                  for groups in (("app",), ("app", "nginx", "postgres"))] for p in dict.fromkeys([*polls.peers, *streams.peers])}),
    ]
    if far := million():
        drawn.append(lines(f"{name}-million.svg", "To a million, without nginx: memory a parked poll", "bytes",
                           {"pollster": [(s["parked"], s["bytes_per_poll"]) for s in far["stages"]]}, "parked polls"))
    return [file for file in drawn if file]
