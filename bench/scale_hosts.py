"""Part of bench/scale: a database host, two application hosts and a front, each a network namespace; cables are
pulled."""

import time

from outcome import about, events, percentiles, verdict, write_result
from rig import WALLS, Crowd, Namespace, Nginx, Pollster, PostgreSQL, Rig, make_people, output_of, park_all, until_quiet, wait_until


class Cable:
    """From a host to the switch."""

    def __init__(self, switch, host, number):
        self.switch, self.port = switch, f"p{number}"
        output_of("ip", "link", "add", "eth0", "netns", host.name, "type", "veth", "peer", "name", self.port, "netns", switch.name)
        switch.run("ip", "link", "set", self.port, "master", "br0", "up")
        host.run("ip", "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
        host.run("ip", "link", "set", "eth0", "up")
        self.address = f"10.77.0.{number}"

    def pull(self, seconds):
        self.switch.run("ip", "link", "set", self.port, "down")
        time.sleep(seconds)
        self.switch.run("ip", "link", "set", self.port, "up")


def netem(host):
    """1 ms each way, where the kernel can. What it said otherwise."""
    try:
        host.run("tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", "1ms")
        return None
    except RuntimeError as e:
        return str(e).rsplit(": ", 1)[-1].strip()


def hosts(options, command):
    readers = min(options.readers, 4000)
    result = {**about(command), "readers": readers}
    with Rig(options.build) as rig:
        switch = Namespace(rig, "switch")
        switch.run("ip", "link", "add", "br0", "type", "bridge")
        switch.run("ip", "link", "set", "br0", "up")
        names = ("db", "app-a", "app-b", "front")
        host = {name: Namespace(rig, name) for name in names}
        cable = {name: Cable(switch, host[name], 10 + i) for i, name in enumerate(names)}
        result["no_netem"] = next((said for said in [netem(host[name]) for name in names] if said), None)

        postgres = PostgreSQL(rig, host["db"], cable["db"].address)
        sessions = make_people(postgres, rig.pollster, rig.folder)
        servers, site = [], {}
        for name in ("app-a", "app-b"):
            servers.append(Pollster(rig, host[name], name, postgres.remote, ["--listen", f"{cable[name].address}:9000"]))
            site[name] = Nginx(rig, host[name], f"nginx-{name}", 80, [f"unix:{servers[-1].socket}"],
                               address=cable[name].address)
        front = Nginx(rig, host["front"], "nginx-front", 80, [f"{cable[n].address}:9000" for n in ("app-a", "app-b")],
                      address=cable["front"].address)

        # Readers at b, posts through a.
        crowd = Crowd(rig, host["front"], [site["app-b"].address], sessions, readers, WALLS, post_at=[site["app-a"].address])
        park_all(crowd, servers, readers)
        result["cross_parked"] = [s.parked() for s in servers]
        result["cross"] = crowd.do("steady", 10, 20)
        crowd.end()
        until_quiet("the readers leave", lambda: sum(s.parked() for s in servers))

        # Everybody through the front, which knows both; cables are pulled while 10 posts a second go on.
        crowd = Crowd(rig, host["front"], [front.address], sessions, readers, WALLS)
        park_all(crowd, servers, readers)
        result["front_parked"] = [s.parked() for s in servers]
        before, began = postgres.statements(), time.monotonic()
        crowd.do("rest", 10)
        result["idle_statements_a_second"] = (postgres.statements() - before) / (time.monotonic() - began)
        result["front"] = crowd.do("steady", 10, 10)
        result["faults"] = []
        for what, pulled, seconds in (("cable of an application host", "app-a", 5), ("cable of the database", "db", 5),
                                      ("cable of an application host", "app-a", 30), ("cable of the database", "db", 30)):
            crowd.begin("steady", 10, seconds + 10)
            time.sleep(2)
            began = time.monotonic()
            cable[pulled].pull(seconds)
            tally = crowd.result()
            result["faults"].append({"what": what, "seconds": seconds, **tally,
                                     "whole_again_after_s": time.monotonic() - began - seconds})
            wait_until("all are parked again", lambda: (crowd.do("rest", 0.5), sum(s.parked() for s in servers) == readers)[1],
                       180)
        result["nginx_errors"] = {"front": front.errors(), **{n: s.errors() for n, s in site.items()}}
        result["log"] = {s.name: sorted({line.split(" ", 2)[2] for line in s.program.log.read_text().splitlines()
                                         if " warning " in line or " info " in line})[:40] for s in servers}

    delay = f"this kernel has no netem ({result['no_netem']}): no delay" if result["no_netem"] else "1 ms of delay each way"
    lines = [
        f"# {readers:,} readers, two application hosts and a database host", "",
        f"- machine: {result['machine']}; hosts are network namespaces on one bridge, {delay}",
        f"- commit {result['commit']}, {result['date']}, load before {result['load_average_before']:.1f}",
        f"- command: `{command}`",
        "- a cell says WRONG if anything was missing, doubled, out of order or posted twice",
        "- hosts: `db` (PostgreSQL by TCP), `app-a` and `app-b` (nginx and pollster), `front` (readers; an nginx whose upstream "
        "is both pollsters by TCP)", "",
        f"All idle, {result['front_parked'][0]:,} and {result['front_parked'][1]:,} polls parked: "
        f"{result['idle_statements_a_second']:.2f} SQL statements/s.", "",
        "| 10 posts/s on 100 walls | received | latency p50 / p99 / last, ms |", "| --- | --- | ---: |",
        f"| posts through a, readers at b | {verdict(result['cross'])} | {percentiles(result['cross']['latency_ms'])} |",
        f"| all through the front | {verdict(result['front'])} | {percentiles(result['front']['latency_ms'])} |", "",
        "The same with a cable pulled after 2 s (latency counts from the first attempt to post):", "",
        "| pulled | for, s | posted | received | latency p50 / p99 / last, ms | clients saw |",
        "| --- | ---: | ---: | --- | ---: | --- |"]
    for f in result["faults"]:
        lines.append(f"| {f['what']} | {f['seconds']} | {f['posted']} | {verdict(f)} | {percentiles(f['latency_ms'])} | "
                     f"{events(f)} |")
    write_result("scale-hosts", result, "\n".join(lines) + "\n")
