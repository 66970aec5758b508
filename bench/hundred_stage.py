"""What bench/hundred_thousand measures: the shipped nginx with as many workers, and as many `pollster@` processes, as
their descriptors ask for, one PostgreSQL, and an audience in several processes. All of it in a network namespace,
where this process lives, too."""

import math
import os
import resource
import signal
import socket
import time
from dataclasses import dataclass

from hundred_people import Ears, People
from readings import cpu_seconds
from rig import Namespace, Nginx, Pollster, PostgreSQL, Program, output_of, wait_until

PORT = 8080
CONNECTIONS = 15  # of a pollster to PostgreSQL with default settings: 2 * database_connections + 7
MOST_CONNECTIONS = 600 - 20  # of bench/rig.py's PostgreSQL, less those of whoever measures
A_CLIENT, A_PROCESS = 48 << 10, 24 << 20  # bytes of this host: docs/OPERATIONS.md, "Sizes", and the audience


@dataclass
class Plan:
    """How many of each, for so many clients with so many descriptors a process."""
    clients: int
    descriptors: int
    workers: int = 0
    processes: int = 0
    drivers: int = 0

    def __post_init__(self):
        # A parked client takes two of a worker; docs/OPERATIONS.md adds a quarter, because shares are uneven.
        self.workers = self.workers or max(2, math.ceil(2.5 * self.clients / (self.descriptors - 100)))
        self.processes = self.processes or next(
            p for p in range(2, 10000) if self.most_in_one(p) <= self.connections_of_one())
        self.drivers = self.drivers or max(2, math.ceil(self.clients / (0.85 * self.descriptors)))

    def most_in_one(self, processes):
        """Clients of the last of so many processes when the others have been restarted, each before it: the clients of
        a process that stops go to all others, evenly, and streams stay where they are. A tenth more, because each
        worker of nginx takes turns by itself, and keeps connections."""
        return 1.1 * self.clients / processes * (1 + 1 / (processes - 1)) ** (processes - 1)

    def connections_of_one(self):
        """max_connections: what docs/OPERATIONS.md leaves of LimitNOFILE."""
        return self.descriptors - 300


def what_fits(descriptors):
    """{what is short: clients that it is enough for} on this machine, now."""
    files = int(open("/proc/sys/fs/file-max", encoding="ascii").read())
    free = memory_available() - (2 << 30)
    # Clients for each process, and for about a worker and a driver.
    each = 100000 / Plan(100000, descriptors).processes
    return {"memory": int(free / (A_CLIENT + 3 * A_PROCESS / each)),
            "the number of PostgreSQL's connections": int(MOST_CONNECTIONS // CONNECTIONS * each),
            "fs.file-max": files // 5}


def memory_available():
    for line in open("/proc/meminfo", encoding="ascii"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    raise RuntimeError("/proc/meminfo has no MemAvailable")


def limit_descriptors(wanted):
    """Of this process and all that it starts; no more than the hard limit. How many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 1 << 16 if hard == resource.RLIM_INFINITY else min(hard, 1 << 16)
    most = min(most, wanted or most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


class Instance(Pollster):
    """pollster@N: its socket is in the hands of this process and outlives its own, as under systemd."""

    def __init__(self, rig, namespace, number, database, more):
        self.rig, self.namespace, self.name = rig, namespace, f"pollster@{number}"
        self.socket, self.more = rig.folder / f"{self.name}.sock", ["--rate-limits", "off", *more]
        self.database = database
        self.held = socket.socket(socket.AF_UNIX)
        self.held.bind(str(self.socket))
        self.socket.chmod(0o666)
        self.held.listen(65535)
        self.spent = 0.0  # CPU seconds of its processes that have ended
        self.start()

    def start(self):
        number = self.held.fileno()
        self.program = Program(self.rig, self.namespace, [
            "bash", "-c", 'exec 3<&"$0" && LISTEN_PID=$$ LISTEN_FDS=1 exec env "$@"', number,
            f"LISTEN_FDNAMES={self.name}.socket", self.rig.pollster, "serve", "--database", self.database, *self.more],
            self.rig.folder / f"{self.name}.log", pass_fds=[number])
        self.pid = self.program.pid
        wait_until(f"{self.name} answers", lambda: self.program.must_run() and self.ping())

    def stop(self):
        """SIGTERM, as `systemctl restart` begins. Seconds until it is gone."""
        began = time.monotonic()
        self.program.popen.send_signal(signal.SIGTERM)
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT  # it stays, to be asked for its CPU
        wait_until(f"{self.name} ends", lambda: os.waitid(os.P_PID, self.pid, how), 30)
        took = time.monotonic() - began
        self.spent += cpu_seconds(lambda: [self.pid])
        if self.program.popen.wait() != 0:
            raise RuntimeError(f"{self.name} ended with {self.program.popen.returncode}: {self.program.tail()}")
        return took

    def parked(self):
        """Asked again of one that is too busy to answer: nobody shall lose half an hour of measurements to that."""
        for patience in (2, 1, 0):
            try:
                return super().parked()
            except (OSError, IndexError):
                if not patience:
                    raise
                time.sleep(1)


class Site(Nginx):
    """The shipped site, at all addresses of the loopback: each driver has one of its own, and so local ports."""

    def reload(self):
        """`nginx -s reload`. The workers that shall go."""
        old = self.pids()[1:]
        output_of("/usr/sbin/nginx", "-p", self.prefix, "-e", "logs/error.log", "-c", "conf/nginx.conf", "-s", "reload")
        return old


class Stage:
    def __init__(self, rig, plan, streams):
        self.plan, self.streams = plan, streams
        host = Namespace(rig, "hundred")
        host.enter()
        host.set("net.ipv4.ip_local_port_range", "10240 65535")
        self.postgres = PostgreSQL(rig, host)
        self.people = People(self.postgres, rig, plan.clients)
        # Two cores for all: to answer some 10,000 parked clients takes seconds, and 5 s are the default.
        more = ["--max-connections", plan.connections_of_one(), "--stop-timeout-seconds", 12]
        self.servers = [Instance(rig, host, n, self.postgres.local, more) for n in range(1, plan.processes + 1)]
        self.nginx = Site(rig, host, "nginx", PORT, [f"unix:{s.socket} max_fails=0" for s in self.servers],
                          workers=plan.workers, address="0.0.0.0")
        self.ears = Ears(rig, host, self.people, plan.drivers, PORT, streams)
        self.groups = {"application": lambda: [s.pid for s in self.servers], "nginx": self.nginx.pids,
                       "PostgreSQL": self.postgres.pids, "audience": self.ears.pids}

    def cpu(self):
        """Seconds by group, since the beginning."""
        spent = {name: cpu_seconds(pids) for name, pids in self.groups.items()}
        spent["application"] += sum(s.spent for s in self.servers)
        return spent

    def parked_by_process(self):
        return [s.parked() for s in self.servers]

    def parked(self):
        return sum(self.parked_by_process())

    def until_all_wait(self, seconds, share=1.0):
        """Until so many of all are parked. With posts under way, or after a poll's minute, somebody always comes and
        goes: `share` leaves room for those."""
        enough = math.floor(share * self.plan.clients)
        try:
            return wait_until(f"{enough:,} are parked", lambda: self.parked() >= enough, seconds)
        except RuntimeError as e:
            raise RuntimeError(f"{e}: {self.parked_by_process()} are; nginx: {self.nginx.errors()}") from e


class Usage:
    """CPU between two moments, in percent of a core."""

    def __init__(self, stage):
        self.stage, self.began, self.before = stage, time.monotonic(), stage.cpu()

    def percent(self):
        seconds = time.monotonic() - self.began
        return {name: 100 * (spent - self.before[name]) / seconds for name, spent in self.stage.cpu().items()}


def alive(pids):
    return [p for p in pids if os.path.exists(f"/proc/{p}")]
