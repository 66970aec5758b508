"""What bench/run, bench/scale and bench/nginx_15k start: a private PostgreSQL, pollsters, the shipped nginx and a
crowd of readers, each in a network namespace. Everything ends with the rig, however that ends.

Needs root (namespaces; the limits of a listening socket belong to one). Nothing but Python's own library."""

import ctypes
import glob
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from readings import children_of

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
USERS, WALLS = 1000, 100


def die(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")


def output_of(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout.strip()}")
    return done.stdout


def wait_until(what, condition, seconds=120.0):
    """Returns how long it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"did not happen within {seconds:.0f} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - began


def until_quiet(what, number, seconds=60.0):
    """Waits until `number()` has not changed for a second."""
    last, since, began = number(), time.monotonic(), time.monotonic()
    while time.monotonic() - since < 1:
        time.sleep(0.1)
        now = number()
        if now != last:
            last, since = now, time.monotonic()
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"does not come to rest within {seconds:.0f} s: {what}")


class Namespace:
    """A network namespace with its own loopback, listening limits and counters; a host, as far as the network goes."""

    def __init__(self, rig, name):
        self.name = f"plb{os.getpid()}-{name}"
        output_of("ip", "netns", "add", self.name)
        rig.at_end(lambda: output_of("ip", "netns", "del", self.name))
        self.run("ip", "link", "set", "lo", "up")
        self.set("net.core.somaxconn", 65535)
        self.set("net.ipv4.tcp_max_syn_backlog", 65535)

    def prefix(self):
        return ["nsenter", f"--net=/run/netns/{self.name}"]

    def enter(self):
        """This process goes in and stays: its main thread, the threads and sockets that it makes from now on."""
        with open(f"/run/netns/{self.name}", "rb") as there:
            if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), 0) != 0:
                raise OSError(ctypes.get_errno(), f"cannot enter {self.name}")

    def run(self, *command):
        return output_of(*self.prefix(), *command)

    def set(self, name, value):
        self.run("sysctl", "-qw", f"{name}={value}")

    def counter(self, name):
        """Of /proc/net/netstat: ListenOverflows, TCPReqQFullDrop …"""
        lines = self.run("cat", "/proc/net/netstat").splitlines()
        for names, values in zip(lines[::2], lines[1::2]):
            found = dict(zip(names.split(), values.split()))
            if name in found:
                return int(found[name])
        return 0

    def sockets(self):
        """{"TCP inuse": 30004, …} of /proc/net/sockstat."""
        found = {}
        for line in self.run("cat", "/proc/net/sockstat").splitlines():
            kind, *pairs = line.split()
            for name, value in zip(pairs[::2], pairs[1::2]):
                found[f"{kind.rstrip(':')} {name}"] = int(value)
        return found


class Program:
    def __init__(self, rig, namespace, command, log, stop=signal.SIGTERM, **more):
        self.stop = stop
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *namespace.prefix(), *map(str, command)],
                stdout=more.pop("stdout", out), stderr=out, **more)
        self.pid = self.popen.pid
        rig.at_end(self.end)

    def end(self, number=None):
        if self.popen.poll() is None:
            self.popen.send_signal(number or self.stop)
            try:
                self.popen.wait(20)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()

    def tail(self):
        return self.log.read_text(errors="replace")[-1000:]

    def must_run(self):
        if self.popen.poll() is not None:
            raise RuntimeError(f"{self.log.stem} ended: {self.tail()}")
        return True


class PostgreSQL:
    """Reachable at `sockets`, and by TCP at `address` if there is one. Counts statements."""

    def __init__(self, rig, namespace, address="", settings=()):
        """`settings`: more of them, as in "work_mem=8MB"."""
        found = glob.glob("/usr/lib/postgresql/*/bin")
        if not found:
            die("PostgreSQL's programs are not in /usr/lib/postgresql")
        self.bin = pathlib.Path(max(found, key=lambda p: int(p.split("/")[-2])))
        self.sockets, data = rig.folder / "pg", rig.folder / "data"
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env",
                   "--pdeathsig", "INT"]
        for folder in (self.sockets, data):
            folder.mkdir(mode=0o700)
            shutil.chown(folder, "postgres", "postgres")
        output_of(*as_user, self.bin / "initdb", "-D", data, "-U", "watcher", "--encoding=UTF8", "--locale=C.UTF-8",
                  "--auth=trust", "--no-sync", cwd="/")
        with open(data / "pg_hba.conf", "a", encoding="ascii") as hba:
            hba.write("host all all 10.77.0.0/24 trust\n")
        self.program = Program(rig, namespace, [
            *as_user, self.bin / "postgres", "-D", data, "-k", self.sockets, "-c", f"listen_addresses={address}",
            "-c", "unix_socket_permissions=0700", "-c", "max_connections=600",
            "-c", "shared_preload_libraries=pg_stat_statements",
            *(word for s in settings for word in ("-c", s))], rig.folder / "postgres.log",
            stop=signal.SIGINT, cwd="/")
        wait_until("PostgreSQL starts", lambda: self.program.must_run() and self.answers())
        for role in ("pollster_owner", "pollster"):
            self.sql(f"create role {role} login", "postgres")
        self.sql("create database pollster owner pollster_owner", "postgres")
        self.sql("create extension pg_stat_statements")
        self.local = f"host={self.sockets} user=pollster dbname=pollster"
        self.owner = f"host={self.sockets} user=pollster_owner dbname=pollster"
        self.remote = f"host={address} user=pollster dbname=pollster"

    def psql(self, text, database):
        return [self.bin / "psql", "-h", self.sockets, "-U", "watcher", "-d", database, "-v", "ON_ERROR_STOP=1", "-qtAX",
                "-c", text]

    def answers(self):
        return subprocess.run(self.psql("select 1", "postgres"), capture_output=True, check=False).returncode == 0

    def sql(self, text, database="pollster"):
        return output_of(*self.psql(text, database)).strip()

    def wal_bytes(self):
        """Written since the cluster was made, by anybody."""
        return int(self.sql("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"))

    def statements(self):
        """Since the cluster was made, of the servers (role pollster) only."""
        return int(self.sql("select coalesce(sum(calls), 0) from pg_stat_statements s join pg_roles r on r.oid = s.userid "
                            "where r.rolname = 'pollster' and toplevel"))

    def dearest_statements(self):
        """What the servers asked, by the time it took."""
        rows = self.sql("select json_agg(json_build_object('calls', calls, 'mean_ms', mean_exec_time, 'rows', rows, 'query', "
                        "left(regexp_replace(query, '\\s+', ' ', 'g'), 120)) order by total_exec_time desc) "
                        "from pg_stat_statements s join pg_roles r on r.oid = s.userid where r.rolname = 'pollster' and toplevel")
        return json.loads(rows)[:12]

    def pids(self):
        return [self.program.pid, *children_of(self.program.pid)]


def make_people(postgres, pollster, folder, users=USERS, walls=WALLS):
    """`users` users with a session each, all of whom see all of `walls` walls. The file of the sessions."""
    output_of(pollster, "migrate", "--database", postgres.local, "--database-owner", postgres.owner)
    token = "rpad('session-of-' || n || '-', 43, '0')"
    tokens = postgres.sql(f"""
        insert into pollster.users (name) select 'user ' || n from generate_series(1, {users}) n;
        insert into pollster.walls (name, kind) select 'wall ' || n, 'chat' from generate_series(1, {walls}) n order by n;
        insert into pollster.memberships (user_id, wall_id)
            select u, w from generate_series(1, {users}) u, generate_series(1, {walls}) w;
        insert into pollster.sessions (token_hash, user_id, created_at, expires_at)
            select sha256(convert_to({token}, 'UTF8')), n, now(), now() + interval '1 day' from generate_series(1, {users}) n;
        select {token} from generate_series(1, {users}) n order by n""")
    file = folder / "sessions"
    file.write_text(tokens + "\n", encoding="ascii")
    return file


class Pollster:
    """Listens at a unix socket, and at more addresses if told."""

    def __init__(self, rig, namespace, name, database, more=(), rate_limits="off"):
        self.rig, self.namespace, self.name = rig, namespace, name
        self.socket = rig.folder / f"{name}.sock"
        self.command = [rig.pollster, "serve", "--listen", f"unix:{self.socket},mode=0666", "--database", database,
                        "--rate-limits", rate_limits, *more]
        self.start()

    def start(self):
        self.program = Program(self.rig, self.namespace, self.command, self.rig.folder / f"{self.name}.log")
        self.pid = self.program.pid
        wait_until(f"{self.name} listens", lambda: self.program.must_run() and self.ping())

    def kill(self):
        self.program.end(signal.SIGKILL)

    def ask(self, path, more=(), method=b"GET", content=b"", timeout=10):
        """Through FastCGI, past nginx. `more`: CGI variables; `content`: 65,535 bytes at most. The body of the
        answer."""
        def length(n):
            return bytes([n]) if n < 128 else struct.pack(">I", 0x80000000 | n)

        def pair(name, value):
            return length(len(name)) + length(len(value)) + name + value

        params = b"".join(pair(*p) for p in ((b"REQUEST_METHOD", method), (b"PATH_INFO", path), (b"SCRIPT_NAME", b"/api"), *more))

        def record(kind, content=b""):
            return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(timeout)
            for _ in range(200):
                try:
                    s.connect(str(self.socket))
                    break
                except BlockingIOError:  # the backlog is full
                    time.sleep(0.05)
            s.sendall(record(1, struct.pack(">HB5x", 1, 0)) + record(4, params) + record(4) + (record(5, content) if content else b"") + record(5))
            stream, out = s.makefile("rb"), b""
            while head := stream.read(8):
                _, kind, _, size, padding = struct.unpack(">BBHHBx", head)
                content = stream.read(size + padding)[:size]
                if kind == 6:
                    out += content
                elif kind == 3:
                    break
        return out.split(b"\r\n\r\n", 1)[1].decode()

    def ping(self):
        try:
            return "huzzah" in self.ask(b"/")
        except (OSError, IndexError):
            return False

    def metrics(self):
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in self.ask(b"/metrics").splitlines() if not line.startswith("#")}

    def parked(self):
        return int(self.metrics()["pollster_parked_polls"])


class Nginx:
    """The shipped site in front of the given servers ("unix:PATH" or "HOST:PORT")."""

    def __init__(self, rig, namespace, name, port, servers, workers=2, address="127.0.0.1", edit=None):
        """`edit(configuration folder)`: what another application needs instead of pollster's."""
        self.prefix = rig.folder / name
        self.address = f"{address}:{port}"
        upstream = [word for s in servers for word in ("--server", s)]
        output_of(ROOT / "nginx/instantiate", "--prefix", self.prefix, *upstream, "--web", ROOT / "web", "--port", str(port),
                  "--address", address, "--workers", str(workers), "--user", "root")
        if edit:
            edit(self.prefix / "conf")
        self.program = Program(rig, namespace, ["/usr/sbin/nginx", "-p", self.prefix, "-e", "logs/error.log", "-c",
                                                "conf/nginx.conf", "-g", "daemon off;"], rig.folder / f"{name}.log")
        wait_until("nginx listens", lambda: self.program.must_run() and len(self.pids()) == workers + 1)

    def pids(self):
        return [self.program.pid, *children_of(self.program.pid)]

    def errors(self):
        """{what: how often} of the error log."""
        found = {}
        for line in (self.prefix / "logs/error.log").read_text(errors="replace").splitlines():
            what = line.split(": ", 1)[-1].split(", client", 1)[0]
            what = what.split(" ", 1)[-1] if what.startswith("*") else what
            what = what.replace(str(self.prefix.parent), "")
            found[what] = found.get(what, 0) + 1
        return found


class Crowd:
    def __init__(self, rig, namespace, read_at, sessions, readers, walls, post_at=None, patience=80, more=()):
        command = [rig.build / "bench/bench_crowd", "--read-at", ",".join(read_at), "--sessions", sessions, "--readers",
                   readers, "--walls", walls, "--patience", patience, *more]
        if post_at:
            command += ["--post-at", ",".join(post_at)]
        self.program = Program(rig, namespace, command, rig.folder / "crowd.log", stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)

    def begin(self, *words):
        self.program.popen.stdin.write(" ".join(map(str, words)) + "\n")
        self.program.popen.stdin.flush()

    def result(self):
        line = self.program.popen.stdout.readline()
        if not line:
            raise RuntimeError(f"the crowd ended: {self.program.tail()}")
        return json.loads(line)

    def do(self, *words):
        self.begin(*words)
        return self.result()

    def end(self):
        self.program.end()


def park_all(crowd, servers, readers):
    started = crowd.do("start")
    began = time.monotonic()
    # Readers must go on meanwhile: those that were refused come back.
    while sum(s.parked() for s in servers) != readers:
        if time.monotonic() - began > 60:
            raise RuntimeError(f"{sum(s.parked() for s in servers)} of {readers} are parked after a minute")
        rest = crowd.do("rest", 0.2)
        for what, n in rest["events"].items():
            started["events"][what] = started["events"].get(what, 0) + n
    return started


class Rig:
    def __init__(self, build, targets=("pollster", "bench_crowd")):
        if os.geteuid() != 0:
            die("needs root, for network namespaces")
        for tool in ("ip", "nsenter", "setpriv", "/usr/sbin/nginx"):
            if not shutil.which(tool):
                die(f"{tool} is missing")
        os.chdir(ROOT)
        self.build = pathlib.Path(build)
        if build == "build/bench":
            output_of("cmake", "-S", ".", "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF")
            output_of("ninja", "-C", build, *targets)
        self.pollster = self.build.resolve() / "pollster"
        self.build = self.build.resolve()
        self.ends = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pollster-bench."))
        self.folder.chmod(0o711)

    def at_end(self, what):
        self.ends.append(what)

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))
        return self

    def __exit__(self, kind, error, trace):
        for end in reversed(self.ends):
            try:
                end()
            except Exception as e:  # pylint: disable=broad-except
                print(e, file=sys.stderr)
        if kind and kind is not KeyboardInterrupt and os.environ.get("KEEP"):
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
