"""What bench/hundred_thousand writes about a run."""

import re

from outcome import events, percentiles

GRACEFUL = {"one": "one process", "all": "all processes, one after the other", "reload": "`nginx -s reload`"}
BREACHES = {"lost": "lost", "doubled": "heard twice", "skipped": "passed over", "resets": "told to begin anew"}
# What a listener saw that is nobody's fault: the ends of polls and streams that the server chose, and HTTP's own race.
FINE = ("empty", "raced", "access", "end stopping", "end time_up")
GROUPS = ("application", "nginx", "PostgreSQL", "audience")


def wrong_with(what, t, graceful):
    """Sentences."""
    out = [f"{what}: {t[key]:,} {text}" for key, text in BREACHES.items() if t.get(key)]
    if graceful:
        out += [f"{what}: {times:,} × {event}" for event, times in t["events"].items() if event not in FINE]
        out += [f"{what}: {times:,} × a post: {why}" for why, times in t["posts_failed"].items()]
    return out


def wrong_of(run):
    """Everything that should not have been: empty if all is well. Of the steps without a restart losses only."""
    out = []
    for what in ("parking", "idle"):
        out += wrong_with(f"{run['part']}, {what}", run[what], False)
    for what in ("to_1000", "to_all"):
        for t in run[what]:
            out += wrong_with(f"{run['part']}, {what}", t, False)
    for what, t in run["restarts"].items():
        out += wrong_with(f"{run['part']}, {GRACEFUL[what]}", t, True)
        out += wrong_with(f"{run['part']}, the entry to all after {GRACEFUL[what]}", t["entry_to_all"], True)
    return out


# --- cells

def cpu(t):
    return " / ".join(f"{t['cpu_percent'][name]:.1f}" for name in GROUPS)


def received(t):
    wrong = {k: t[k] for k in BREACHES if t[k]}
    return f"{t['entries']:,} of {t['expected']:,}" + (f", WRONG: {wrong}" if wrong else "")


def median(rounds):
    return sorted(rounds, key=lambda t: t["latency_ms"]["last"])[len(rounds) // 2]


def all_of(rounds):
    return {k: sum(t[k] for t in rounds) for k in ("entries", "expected", *BREACHES)}


def fewest_and_most(numbers):
    return f"{min(numbers):,}–{max(numbers):,}"


def posts(t):
    failed = ", ".join(f"{n} × {why}" for why, n in t["posts_failed"].items()) or "none"
    return f"{t['posts']:,}: {failed} / {t['posts_raced']} / {t['acknowledged_ms']:,.0f}"


def logged(errors):
    """Of all processes together."""
    found = {}
    for what, times in errors.items():
        what = re.sub(r"pollster@\d+", "pollster@N", what)
        found[what] = found.get(what, 0) + times
    return ", ".join(f"{n:,} × {what}" for what, n in sorted(found.items(), key=lambda e: -e[1])[:5]) or "nothing"


# --- tables

def table(*head):
    return ["| " + " | ".join(head) + " |", "| " + " | ".join(["---"] * len(head)) + " |"]


def row(*cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def waiting_table(result):
    lines = table("", "connected and parked after, s", "clients saw meanwhile", "parked by each process",
                  f"idle CPU, % of a core: {' / '.join(GROUPS)}", "SQL statements/s", "clients came back meanwhile")
    for run in result["runs"]:
        p, i = run["parking"], run["idle"]
        lines.append(row(run["part"], f"{p['seconds']:.1f}", events(p), fewest_and_most(p["by_process"]), cpu(i),
                         f"{i['statements_a_second']:.1f}", events(i)))
    return lines + [""]


def memory_table(result):
    lines = ["Memory a client, KB, beyond what was used without clients. *Host*: what the kernel says it has less "
             "available; everything is in it, with both ends of each connection. *Audience*: the processes of the "
             "clients. *Kernel*: its objects (slab). What the host has beyond all these is buffers, page tables and "
             "whatever else runs.", "",
             *table("", "host", *GROUPS, "kernel", "host without audience")]
    for run in result["runs"]:
        moments = {"parked": "all wait", "after_entries": "after the entries", "at_the_end": "at the end"}
        for when, what in moments.items():
            grown = {k: (run[when][k] - run["empty"][k]) / result["clients"] / 1000 for k in run["empty"]}
            host = -grown["available"]
            cells = (host, *(grown[k] for k in GROUPS), grown["slab"], host - grown["audience"])
            lines.append(row(f"{run['part']}, {what}", *(f"{c:.1f}" for c in cells)))
    return lines + [""]


def entries_table(result):
    lines = ["One entry, from sending the post until it is heard, p50 / p99 / last, ms (the median of five, and of "
             "three):", "", *table("", "to 1,000", "heard", "to all", "heard", "clients saw meanwhile")]
    for run in result["runs"]:
        few, many = run["to_1000"], run["to_all"]
        lines.append(row(run["part"], percentiles(median(few)["latency_ms"]), received(all_of(few)),
                         percentiles(median(many)["latency_ms"]), received(all_of(many)), events(median(many))))
    return lines + [""]


def restarts_table(result):
    lines = [f"Restarts, while {result['rate']:g} posts a second go on:", "",
             *table("", "", "everybody waits again after, s", "a stop took, longest, s", "clients saw",
                    "posts: failed / raced / longest, ms", "heard", "heard after, ms: p50 / p99 / last",
                    "parked by each process afterwards", f"CPU, %: {' / '.join(GROUPS)}", "then an entry to all, ms")]
    for run in result["runs"]:
        for what, t in run["restarts"].items():
            stop = f"{max(t['stops']):.2f}" if "stops" in t else "–"
            last = t["entry_to_all"]
            lines.append(row(run["part"], GRACEFUL[what], f"{t['all_wait_after']:.1f}", stop, events(t), posts(t),
                             received(t), percentiles(t["latency_ms"]), fewest_and_most(t["by_process"]), cpu(t),
                             f"{percentiles(last['latency_ms'])}, {received(last)}"))
    lines.append("")
    for run in result["runs"]:
        t = run["restarts"]["reload"]
        left = f"{t['old_workers_left']} of {len(t['old_workers'])} old workers were still there"
        lines.append(f"- {run['part']}: {t['old_workers_stay']:.0f} s after the reload "
                     f"{left if t['old_workers_left'] else 'the old workers had gone'}.")
        lines.append(f"- {run['part']}: nginx logged {logged(run['nginx_errors'])}. (What a process that stops "
                     "refuses, nginx asks of another one.)")
    return lines + [""]


def page(result):
    wrong = [w for run in result["runs"] for w in wrong_of(run)]
    lines = [
        f"# {result['clients']:,} clients through the shipped nginx", "",
        f"- machine: {result['machine']}, shared by all of PostgreSQL, pollster, nginx and the clients",
        f"- commit {result['commit']}, {result['date']}, load before {result['load_average_before']:.1f}",
        f"- command: `{result['command']}`", *([f"- {result['remark']}"] if result["remark"] else []),
        f"- {result['descriptors']:,} descriptors a process ask for {result['workers']} workers of nginx (2 a client, "
        f"and a quarter) and {result['processes']} processes `pollster@` (the clients of one that stops go to the "
        "others, and streams stay there: when all others have been restarted, the last one has up to 2.7 times its "
        f"share); the clients are in {result['drivers']} processes",
        "- each client is a user of its own and reads two walls: one that all read, and one that 1,000 or 100 read; "
        f"{result['pace']:,.0f} connect each second",
        "- *everybody waits*: 99.5 % are parked, because polls come to their end, and others post, all the time",
        "- *raced*: met a kept connection in the instant in which nginx closed it, and was repeated unseen (HTTP's own "
        "race); *end stopping* and *empty*: the server ended a stream, or a poll, as it should; *late*: not answered within a "
        "client's patience of 80 s, and asked again", "",
        *waiting_table(result), *memory_table(result), *entries_table(result), *restarts_table(result)]
    if wrong:
        lines += ["**Wrong:**", "", *(f"- {w}" for w in wrong)]
    else:
        lines.append("Nothing was lost or doubled, and nothing failed in a graceful step.")
    return "\n".join(lines) + "\n"
