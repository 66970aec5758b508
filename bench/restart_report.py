"""What bench/restarts writes about a run."""

import collections


def noticed(run):
    """What a user noticed, or nginx should have seen: empty if all is well."""
    wrong = list(run["wrong"])
    if run["failed"]:
        wrong.append(f"{len(run['failed'])} requests failed: {kinds(run['failed'])}")
    if run["unseen_by_nginx"] > run["raced_in_all"] + run["abandoned_young"]:
        wrong.append(f"nginx has not logged {run['unseen_by_nginx']} requests, of which only {run['raced_in_all']} raced and "
                     f"{run['abandoned_young']} were given up at once at the end")
    return wrong


def kinds(failed):
    count = collections.Counter(f"{f['kind']} {f['what']}" for f in failed)
    return ", ".join(f"{n} × {what}" for what, n in count.most_common(5))


def spread(times):
    ordered = sorted(times)
    return f"{ordered[len(ordered) // 2]:.2f} / {ordered[-1]:.2f}" if ordered else "–"


def sentence(run):
    wrong = noticed(run)
    w = run["waits_ms"]
    return (f"{run['version']}, {run['part']}: {sum(run['sent'].values())} requests, {len(run['failed'])} failed, {run['raced']} raced, "
            f"{run['in_flight_at_kills']} in flight at kills, waits {w['p50']:.0f} / {w['p99']:.0f} / {w['last']:.0f} ms, "
            f"took {spread(run['times'])} s: " + ("; ".join(map(str, wrong[:5])) or "nobody noticed anything"))


WHAT = {"restarts": "{} restarts by SIGTERM", "reloads": "{} × `nginx -s reload`",
        "rolling": "two processes, {} rolling restarts", "kills": "{} × `kill -9`"}


def page(result, a):
    lines = [
        "# Restarts, and what users notice of them", "",
        f"- machine: {result['machine']}, shared by all of PostgreSQL, pollster, nginx (2 workers) and the clients",
        f"- commit {result['commit']}, {result['date']}, load before {result['load_average_before']:.1f}",
        f"- command: `{result['command']}`", *([f"- {result['remark']}"] if result["remark"] else []),
        f"- {result['polls']:,} readers hold a poll on 100 walls, and others ask for {result['rate']:.0f} things a second (a fifth are "
        "posts, with a key), all through the shipped site; sockets outlive their process, as under systemd",
        f"- rolling: each process is away for {a.away:.0f} s; kill: started again {0.5} s later",
        "- *failed*: answered 5xx, or lost without an answer. *Raced*: met a kept connection in the instant in which nginx closed it, "
        "never read by nginx, repeated by the client unseen (HTTP's own race; each is checked against nginx's access log)",
        "- *lost or doubled*: acknowledged posts that are not in the database, entries that a reader did not get once and in order", "",
        "| | | requests | failed | raced | in flight at kills, failed | lost or doubled | answers to all but polls: p50 / p99 / longest, ms | "
        "a stop (a kill: until it answers again) took, median / longest, s |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |"]
    counts = {"restarts": a.restarts, "reloads": a.reloads, "rolling": 2 * a.rounds, "kills": a.kills}
    for r in result["runs"]:
        w = r["waits_ms"]
        lines.append(
            f"| {WHAT[r['part']].format(counts[r['part']])} | {r['version']} | {sum(r['sent'].values()):,} | {len(r['failed'])} | {r['raced']} | "
            f"{r['in_flight_at_kills'] if r['part'] == 'kills' else '–'} | {len(r['wrong'])} | {w['p50']:,.0f} / {w['p99']:,.0f} / {w['last']:,.0f} | "
            f"{spread(r['times'])} |")
    lines += ["", "What failed, and what nginx logged about it:", ""]
    for r in result["runs"]:
        errors = ", ".join(f"{n} × {what}" for what, n in sorted(r["nginx_errors"].items(), key=lambda e: -e[1])[:4])
        lines.append(f"- {r['version']}, {r['part']}: {kinds(r['failed']) or 'nothing'}. nginx: {errors or 'nothing'}")
    return "\n".join(lines) + "\n"
