"""Who listens and who posts in bench/hundred_thousand. Each client is a user of its own and reads two walls: that of
its neighbours, and the one that all read."""

import http.client
import json
import random
import signal
import subprocess
import threading
import time

from rig import Program, output_of

CROWDED, SMALL = 1000, 100  # readers of the first wall, and of each other one


class People:
    """Users 1 … clients, and one more who sees every wall and posts."""

    def __init__(self, postgres, rig, clients):
        self.count(clients)
        self.enter(postgres, rig)

    def count(self, clients):
        self.clients = clients
        self.crowded = min(CROWDED, clients)
        self.walls = 1 + -(-(clients - self.crowded) // SMALL)  # the first with 1,000, the others with 100
        self.common = self.walls + 1

    def enter(self, postgres, rig):
        clients = self.clients
        output_of(rig.pollster, "migrate", "--database", postgres.local, "--database-owner", postgres.owner)
        token = "rpad('session-of-' || n || '-', 43, '0')"
        postgres.sql(f"""
            insert into pollster.users (name) select 'user ' || n from generate_series(1, {clients + 1}) n order by n;
            insert into pollster.walls (name, kind)
                select 'wall ' || n, 'chat' from generate_series(1, {self.common}) n order by n;
            insert into pollster.memberships (user_id, wall_id)
                select n, case when n <= {self.crowded} then 1 else 2 + (n - {self.crowded} - 1) / {SMALL} end
                    from generate_series(1, {clients}) n
                union all select n, {self.common} from generate_series(1, {clients}) n
                union all select {clients + 1}, w from generate_series(1, {self.common}) w;
            insert into pollster.sessions (token_hash, user_id, created_at, expires_at)
                select sha256(convert_to({token}, 'UTF8')), n, now(), now() + interval '1 day'
                    from generate_series(1, {clients + 1}) n;
            analyze""")

    @staticmethod
    def token(user):
        return f"session-of-{user}-".ljust(43, "0")

    def wall(self, user):
        return 1 if user <= self.crowded else 2 + (user - self.crowded - 1) // SMALL

    def readers(self, wall):
        if wall in (1, self.common):
            return self.crowded if wall == 1 else self.clients
        return min(SMALL, self.clients - self.crowded - SMALL * (wall - 2))

    def of_driver(self, n, drivers):
        """Lines for bench_audience. The readers of each wall are spread over all drivers."""
        users = range(1 + n, self.clients + 1, drivers)
        return "".join(f"{self.token(u)} {self.wall(u)} {self.common}\n" for u in users)


class Ears:
    """The audience: processes that listen, each a part of all clients."""

    def __init__(self, rig, host, people, drivers, port, streams):
        self.programs = []
        for n in range(drivers):
            file = rig.folder / f"listeners-{n + 1}"
            file.write_text(people.of_driver(n, drivers), encoding="ascii")
            command = [rig.build / "bench/bench_audience", "--server", f"127.0.0.{n + 1}:{port}", "--listeners", file,
                       *(["--streams"] if streams else [])]
            self.programs.append(Program(rig, host, command, rig.folder / f"audience-{n + 1}.log", stop=signal.SIGKILL,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def pids(self):
        return [p.pid for p in self.programs]

    def ask(self, *words):
        for p in self.programs:
            p.popen.stdin.write(" ".join(map(str, words)) + "\n")
            p.popen.stdin.flush()
        lines = [p.popen.stdout.readline() for p in self.programs]
        for p, line in zip(self.programs, lines):
            if not line:
                raise RuntimeError(f"a part of the audience ended: {p.tail()}")
        return [json.loads(line) for line in lines]

    def start(self, a_second):
        self.ask("start", a_second / len(self.programs))

    def heard(self):
        return sum(a["entries"] for a in self.ask("look"))

    def take(self):
        """All of them together, since the last time."""
        parts = self.ask("take")
        out = {key: sum(a[key] for a in parts) for key in ("entries", "doubled", "skipped", "resets", "asking")}
        out["events"] = {}
        for a in parts:
            for what, times in a["events"].items():
                out["events"][what] = out["events"].get(what, 0) + times
        out["latency_ms"] = together([(a["entries"], a["some_ms"]) for a in parts])
        return out


def together(parts):
    """p50, p99 and the last of what each driver gives some values of, which stand for so many."""
    weighted = sorted((ms, count / len(some)) for count, some in parts for ms in some)
    if not weighted:
        return {"p50": 0.0, "p99": 0.0, "last": 0.0}
    all_of_them = sum(weight for _, weight in weighted)

    def at(share):
        seen = 0.0
        for ms, weight in weighted:
            seen += weight
            if seen >= share * all_of_them:
                return ms
        return weighted[-1][0]
    return {"p50": at(0.5), "p99": at(0.99), "last": weighted[-1][0]}


class Poster:
    """Posts through nginx on a kept connection, each with a key and again until it is acknowledged. Its text is the
    moment of the first attempt, by the clock that the audience reads."""

    def __init__(self, people, address):
        self.people, self.address = people, address
        self.link = None
        self.chance = random.Random(1)
        self.begin()

    def begin(self):
        """Counts anew."""
        self.posts = self.expected = self.raced = 0
        self.failed = {}  # what: how often
        self.waits = []  # ms until it was acknowledged

    def _ask(self, wall, text):
        """(status, seconds to wait before the next attempt); status 0: no answer."""
        body = json.dumps({"body": text, "client_key": text})
        token = self.people.token(self.people.clients + 1)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for kept in (self.link is not None, False):
            if self.link is None:
                self.link = http.client.HTTPConnection(self.address, timeout=30)
            began = time.monotonic()
            try:
                self.link.request("POST", f"/api/walls/{wall}/posts", body, headers)
                answer = self.link.getresponse()
                answer.read()
                return answer.status, int(answer.headers.get("Retry-After", 1))
            except (OSError, http.client.HTTPException):
                self.link.close()
                self.link = None
                if not kept or time.monotonic() - began > 1:
                    break
                self.raced += 1  # the kept connection was closed in the instant of the request: at once again
        return 0, 1

    def post(self, wall):
        """Until it is acknowledged."""
        began = time.monotonic_ns()
        self.expected += self.people.readers(wall)
        for _ in range(30):
            status, pause = self._ask(wall, str(began))
            if status in (200, 201):
                self.posts += 1
                self.waits.append((time.monotonic_ns() - began) / 1e6)
                return
            what = str(status) if status else "broken"
            self.failed[what] = self.failed.get(what, 0) + 1
            time.sleep(pause)
        raise RuntimeError(f"a post is not acknowledged: {self.failed}")

    def meanwhile(self, a_second):
        """Begins to post on small walls; the function that is returned ends that."""
        walls = range(2, self.people.common) if self.people.walls > 1 else [1]
        stop, went_wrong = threading.Event(), []

        def go_on():
            due = time.monotonic()
            try:
                while not stop.wait(max(0, due - time.monotonic())):
                    due = max(due + 1 / a_second, time.monotonic() - 1)
                    self.post(self.chance.choice(walls))
            except RuntimeError as e:
                went_wrong.append(e)
        thread = threading.Thread(target=go_on, daemon=True)
        thread.start()

        def end():
            stop.set()
            thread.join()
            if went_wrong:
                raise went_wrong[0]
        return end
