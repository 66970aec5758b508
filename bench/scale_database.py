"""Part of bench/scale: what PostgreSQL pays for a look and for a post, with and without listeners. Driven by pgbench,
because a thousand servers do not fit here; the look is the statement of db/look.cpp, the post the schema's function.
Both are parsed and planned each time, as the server has it."""

import re
import select
import socket
import struct
import threading
import time

from outcome import about, write_result
from readings import cpu_seconds
from rig import ROOT, WALLS, Namespace, PostgreSQL, Rig, make_people, output_of

SECONDS = 8
POST = """\\set wall random(1, :walls)
\\set user random(1, 1000)
select outcome from pollster.add_post(:wall, :user, 'what people say in a chat, some sixty bytes of it, on the average', '', true);
"""


def look_statement():
    source = (ROOT / "db/look.cpp").read_text(encoding="utf-8")
    text = re.search(r"since_snapshot\[\] =(.*?);\n", source, re.S).group(1)
    sql = "".join(re.findall(r'"(.*?)"', text))
    return sql.replace("$1::bigint[]", "'{}'::bigint[]").replace("$2::pg_snapshot", ":snapshot::pg_snapshot") + ";\n"


class Listeners(threading.Thread):
    """Connections that have said LISTEN, and read what comes."""

    def __init__(self, postgres, count):
        super().__init__(daemon=True)
        self.sockets, self.stopping, self.poll = [], False, select.epoll()
        for _ in range(count):
            s = socket.socket(socket.AF_UNIX)
            s.connect(str(postgres.sockets / ".s.PGSQL.5432"))
            hello = struct.pack(">I", 196608) + b"user\0watcher\0database\0pollster\0\0"
            s.sendall(struct.pack(">I", len(hello) + 4) + hello)
            self.until_ready(s)
            query = b"listen pollster_walls\0"
            s.sendall(b"Q" + struct.pack(">I", len(query) + 4) + query)
            self.until_ready(s)
            s.setblocking(False)
            self.poll.register(s.fileno(), select.EPOLLIN)
            self.sockets.append(s)
        self.by_fd = {s.fileno(): s for s in self.sockets}
        self.start()

    @staticmethod
    def until_ready(s):
        got = b""
        while not got.endswith(b"Z\0\0\0\5I"):
            got += s.recv(4096)

    def run(self):
        while not self.stopping:
            for fd, _ in self.poll.poll(0.1, 64):
                try:
                    self.by_fd[fd].recv(65536)
                except BlockingIOError:
                    pass

    def end(self):
        self.stopping = True
        self.join()
        for s in self.sockets:
            s.close()


class Bench:
    def __init__(self, rig, namespace, postgres):
        self.rig, self.namespace, self.postgres = rig, namespace, postgres

    def run(self, script, clients, rate=None, **variables):
        """Transactions a second, and what PostgreSQL spent on each."""
        file = self.rig.folder / "script.sql"
        file.write_text(script, encoding="utf-8")
        command = [self.postgres.bin / "pgbench", "-h", self.postgres.sockets, "-U", "pollster", "-n", "-M", "extended", "-c", clients,
                   "-j", 1, "-T", SECONDS, "-f", file, *(["-R", rate] if rate else [])]
        for name, value in variables.items():
            command += ["-D", f"{name}={value}"]
        wal, cpu = self.wal(), cpu_seconds(self.postgres.pids)
        said = output_of(*self.namespace.prefix(), *map(str, [*command, "pollster"]))
        time.sleep(0.3)  # for the last backends to be waited for: their time is the postmaster's then
        count = int(re.search(r"actually processed: (\d+)", said).group(1))
        return {"a_second": count / SECONDS, "clients": clients, "latency_ms": float(re.search(r"latency average = ([\d.]+)", said).group(1)),
                "cpu_us": 1e6 * (cpu_seconds(self.postgres.pids) - cpu) / count, "wal_bytes": (self.wal() - wal) / count}

    def wal(self):
        return int(self.postgres.sql("select (pg_current_wal_lsn() - '0/0')::bigint"))


def database(options, command):
    result = {**about(command), "seconds_each": SECONDS}
    with Rig(options.build) as rig:
        host = Namespace(rig, "db")
        postgres = PostgreSQL(rig, host)
        make_people(postgres, rig.pollster, rig.folder)
        bench = Bench(rig, host, postgres)

        # Heads that looks have to find among others.
        postgres.sql("insert into pollster.heads (wall_id, last_entry, changed_by) "
                     "select n, 0, '3'::xid8 from generate_series(100001, 1100000) n; analyze pollster.heads")
        result["heads"] = 1000000
        look = look_statement()
        result["looks"] = []
        for changed in (0, 10, 100, 1000):
            snapshot = postgres.sql("select pg_current_snapshot()")
            if changed:
                postgres.sql("update pollster.heads set last_entry = last_entry + 1, changed_by = pg_current_xact_id() "
                             f"where wall_id between 100001 and {100000 + changed}")
            result["looks"].append({"changed": changed, **bench.run(look, 4, snapshot=snapshot)})

        result["posts"] = [{"walls": walls, **bench.run(POST, clients, walls=walls)} for walls, clients in ((WALLS, 1), (WALLS, 16), (1, 16))]

        rate = 200
        result["rate_of_notified"] = rate
        result["notified"] = []
        for count in (0, 1, 100, 500):
            listeners = Listeners(postgres, count)
            result["notified"].append({"listeners": count, **bench.run(POST, 8, rate, walls=WALLS)})
            listeners.end()
        # The same without the hint.
        postgres.sql("do $$ begin execute format('alter database %I set pollster.notify = off', current_database()); end $$")
        result["without_notify"] = [{"walls": walls, **bench.run(POST, 16, walls=walls)} for walls in (WALLS, 1)]

    lines = [
        "# What PostgreSQL pays", "",
        f"- machine: {result['machine']}, shared by PostgreSQL 15 (shipped settings, fsync on) and pgbench, {SECONDS} s each",
        f"- commit {result['commit']}, {result['date']}, load before {result['load_average_before']:.1f}",
        f"- command: `{command}`", "",
        f"The look of db/look.cpp among {result['heads']:,} heads, 4 connections as fast as they go:", "",
        "| heads changed since the last look | looks/s on this machine | PostgreSQL's CPU a look, µs |", "| ---: | ---: | ---: |"]
    lines += [f"| {r['changed']:,} | {r['a_second']:,.0f} | {r['cpu_us']:,.0f} |" for r in result["looks"]]
    lines += ["", "`pollster.add_post`, one commit each:", "",
              "| walls | connections | pg_notify | posts/s on this machine | latency, ms | CPU a post, µs | WAL a post, B |",
              "| ---: | ---: | --- | ---: | ---: | ---: | ---: |"]
    for notify, rows in (("yes, nobody listens", result["posts"]), ("off", result["without_notify"])):
        lines += [f"| {r['walls']} | {r['clients']} | {notify} | {r['a_second']:,.0f} | {r['latency_ms']:.1f} | {r['cpu_us']:,.0f} | "
                  f"{r['wal_bytes']:,.0f} |" for r in rows]
    lines += ["", f"Listeners, at {rate} posts/s:", "", "| listeners | posts/s | latency, ms | CPU a post, µs |", "| ---: | ---: | ---: | ---: |"]
    lines += [f"| {r['listeners']} | {r['a_second']:,.0f} | {r['latency_ms']:.1f} | {r['cpu_us']:,.0f} |" for r in result["notified"]]
    write_result("scale-database", result, "\n".join(lines) + "\n")
