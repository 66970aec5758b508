"""Part of bench/scale: 1, 2 and 4 server processes behind one nginx upstream, one PostgreSQL."""

import time

from outcome import about, events, median_of, percentiles, verdict, write_result
from readings import Usage, memory_bytes
from rig import WALLS, Crowd, Namespace, Nginx, Pollster, PostgreSQL, Rig, make_people, park_all, until_quiet


def with_processes(count, readers, build, kill):
    result = {"processes": count, "readers": readers}
    with Rig(build) as rig:
        host = Namespace(rig, "host")
        postgres = PostgreSQL(rig, host)
        sessions = make_people(postgres, rig.pollster, rig.folder)
        servers = [Pollster(rig, host, f"pollster-{i}", postgres.local) for i in range(1, count + 1)]
        nginx = Nginx(rig, host, "nginx", 8080, [f"unix:{s.socket} max_fails=0" for s in servers])
        groups = {"pollster": lambda: [s.pid for s in servers], "nginx": nginx.pids, "postgres": postgres.pids}

        # One wall for all.
        crowd = Crowd(rig, host, [nginx.address], sessions, readers, 1)
        result["parking"] = park_all(crowd, servers, readers)
        result["parked_by_process"] = [s.parked() for s in servers]
        result["parked_in_all"] = sum(result["parked_by_process"])
        crowd.do("rest", 3)  # stacks and heap of the rush are given back
        result["resident_bytes"] = [memory_bytes([s.pid]) for s in servers]
        rounds = [crowd.do("post", 1) for _ in range(5)]
        result["one_wall"] = rounds
        loads = [s.metrics()["pollster_wall_loads_total"] for s in servers]
        result["wall_loads_of_5_posts"] = loads
        crowd.end()
        until_quiet("the first crowd leaves", lambda: sum(s.parked() for s in servers))

        # A hundred walls; what it costs when nothing happens, then chat.
        crowd = Crowd(rig, host, [nginx.address], sessions, readers, WALLS)
        park_all(crowd, servers, readers)
        crowd.do("rest", 2)
        before, began, usage = postgres.statements(), time.monotonic(), Usage(**groups)
        crowd.do("rest", 20)
        result["idle_cpu_percent"] = usage.percent()
        result["idle_statements_a_second"] = (postgres.statements() - before) / (time.monotonic() - began)
        before, usage = postgres.statements(), Usage(**groups)
        result["steady"] = crowd.do("steady", 10, 20)
        result["steady_cpu_percent"] = usage.percent()
        result["steady_statements_a_post"] = (postgres.statements() - before) / result["steady"]["posted"]
        result["nginx_errors"] = nginx.errors()
        result["dearest_statements"] = postgres.dearest_statements()

        if count > 1 and kill:
            result["killed"] = kill_one(crowd, servers, nginx)
    return result


def kill_one(crowd, servers, nginx):
    """10 posts a second go on while a process dies and comes back."""
    story = {"parked_before": [s.parked() for s in servers]}
    crowd.begin("steady", 10, 20)
    time.sleep(5)
    servers[0].kill()
    time.sleep(5)
    story["parked_5_s_after"] = [s.parked() for s in servers[1:]]
    servers[0].start()
    story["steady"] = crowd.result()
    story["parked_10_s_after_restart"] = [s.parked() for s in servers]
    crowd.do("rest", 60)  # poll_seconds: everybody has come back once
    story["parked_a_minute_later"] = [s.parked() for s in servers]
    story["nginx_errors"] = nginx.errors()
    return story


def processes(options, command):
    result = {**about(command), "runs": [with_processes(n, options.readers, options.build, n == max(options.counts)) for n in options.counts]}
    lines = [
        f"# {options.readers:,} readers, several server processes behind one nginx upstream", "",
        f"- machine: {result['machine']}, shared by all of PostgreSQL, pollster, nginx (2 workers) and the readers",
        f"- commit {result['commit']}, {result['date']}, load before {result['load_average_before']:.1f}",
        f"- command: `{command}`",
        "- a cell says WRONG if anything was missing, doubled, out of order or posted twice",
        "- upstream: unix sockets, max_fails=0, round robin and keepalive as shipped (nginx/snippets/upstream.conf)", "",
        "| processes | parked by each | in all | 503 and the like while parking | SQL statements/s, all idle | "
        "idle CPU, % of a core: pollster / nginx / PostgreSQL | resident a process, MiB |",
        "| ---: | --- | ---: | --- | ---: | --- | --- |"]
    for r in result["runs"]:
        cpu = r["idle_cpu_percent"]
        lines.append(
            f"| {r['processes']} | {', '.join(f'{n:,}' for n in r['parked_by_process'])} | {r['parked_in_all']:,} | "
            f"{events(r['parking'])} | {r['idle_statements_a_second']:.2f} | "
            f"{cpu['pollster']:.1f} / {cpu['nginx']:.1f} / {cpu['postgres']:.1f} | "
            f"{', '.join(f'{n / 2**20:.0f}' for n in r['resident_bytes'])} |")
    lines += ["", "One entry to all readers of one wall (median of 5), and 10 posts/s on 100 walls for 20 s. Latency from sending "
              "the post to its receipt: p50 / p99 / last, ms.", "",
              "| processes | received, 5 entries | one wall | received, chat | chat | reads of a wall, per entry | "
              "SQL statements a post, looks included | CPU, %: pollster / nginx / PostgreSQL |",
              "| ---: | --- | ---: | --- | ---: | ---: | ---: | --- |"]
    for r in result["runs"]:
        total = {k: sum(t[k] for t in r["one_wall"]) for k in ("expected", "received", "missing", "doubled", "gaps", "posted_twice")}
        cpu = r["steady_cpu_percent"]
        lines.append(
            f"| {r['processes']} | {verdict(total)} | {percentiles(median_of(r['one_wall'])['latency_ms'])} | "
            f"{verdict(r['steady'])} | {percentiles(r['steady']['latency_ms'])} | {sum(r['wall_loads_of_5_posts']) / 5:.1f} | "
            f"{r['steady_statements_a_post']:.1f} | {cpu['pollster']:.0f} / {cpu['nginx']:.0f} / {cpu['postgres']:.0f} |")
    lines += ["", "`kill -9` of one process while 10 posts/s go on; started again 5 s later:", "",
              "| processes | received | latency p50 / p99 / last, ms | clients saw | parked before | 5 s after (without it) | "
              "10 s after its restart | a minute later |",
              "| ---: | --- | ---: | --- | --- | --- | --- | --- |"]
    for r in result["runs"]:
        if "killed" in r:
            k = r["killed"]
            lines.append(f"| {r['processes']} | {verdict(k['steady'])} | {percentiles(k['steady']['latency_ms'])} | "
                         f"{events(k['steady'])} | {k['parked_before']} | {k['parked_5_s_after']} | "
                         f"{k['parked_10_s_after_restart']} | {k['parked_a_minute_later']} |")
    write_result("scale-processes", result, "\n".join(lines) + "\n")
