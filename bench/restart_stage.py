"""What bench/restarts restarts: PostgreSQL, the shipped nginx, and pollsters whose sockets are in hands that never die,
as under systemd. Made of the parts of tests/prove."""

import asyncio
import pathlib
import random
import shutil
import signal
import tempfile
import time

from cluster import Cluster
from deployment import People
from pollster import Pollster
from restart_clients import YOUNG, Caller, Reader, Tally
from rig import Pollster as Asked
from shipped_nginx import ShippedNginx

WALLS = 100
CALLERS = 25


class Door(Asked):
    """A server's socket, past nginx: ping() and metrics()."""

    def __init__(self, path):  # pylint: disable=super-init-not-called
        self.socket = path


class Stage:
    def __init__(self, program, processes, polls, rate):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pollster-restarts."))
        self.folder.chmod(0o711)
        self.parts, self.tally = [], Tally()
        self.requests = self.raced = self.abandoned = 0  # in all
        self.closing = False  # callers finish what they have asked, and ask no more
        self.keep = False
        try:
            self._build(program, processes, polls)
        except BaseException:
            self.end()
            raise
        self.port = self.nginx.port
        self.readers = [Reader(self, self.people.token(1 + n), random.Random(f"reader {n}"), self.people.of[1 + n][0])
                        for n in range(polls)]
        self.callers = [Caller(self, self.people.token(1 + polls + n), random.Random(f"caller {n}"), range(1, WALLS + 1),
                               rate / CALLERS) for n in range(CALLERS)]

    def _build(self, program, processes, polls):
        self.people = People(1, polls, CALLERS, WALLS)
        self.people.of.update({1 + n: [1 + n % WALLS] for n in range(polls)})
        sockets = self.folder / "pg"
        data = self.folder / "data"
        for place in (sockets, data):
            place.mkdir(mode=0o700)
        self.postgres = self._add(Cluster(data, sockets, self.folder / "postgres.log", ["fsync=off"]))
        if self.postgres.as_user:
            for place in (sockets, data):
                shutil.chown(place, "postgres", "postgres")
        self.postgres.initdb()
        self.postgres.start_and_wait()
        self.postgres.make_roles()
        self.postgres.make_database()
        names = ["pollster"] if processes == 1 else [f"pollster@{n}" for n in range(1, processes + 1)]
        self.pollsters = [self._add(Pollster(program, self.folder, self.postgres.dsn("pollster"), name)) for name in names]
        self.pollsters[0].administer("migrate")
        self.people.enter(self.postgres)
        for p in self.pollsters:
            p.arguments = ["--rate-limits", "off"]
            p.clock.missing = "it is right"
            p.start()
        self.nginx = self._add(ShippedNginx(self.folder, *(f"{p.path} max_fails=0" for p in self.pollsters), logs_polls=True))

    def _add(self, part):
        self.parts.append(part)
        return part

    # --- who uses it

    async def use(self, story):
        """Runs `story` while everybody reads and calls, and lets them come to rest afterwards."""
        tasks = [asyncio.create_task(c.run()) for c in (*self.readers, *self.callers)]
        try:
            await self.until_all_parked()
            await story()
            self.closing = True
            await asyncio.gather(*tasks[len(self.readers):], return_exceptions=True)
            await self.until_all_have_all()
            await self.until_few_are_young()
        finally:
            self.waiting_at_the_end = sum(c.asking is not None for c in (*self.readers, *self.callers))
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception):
                    self.tally.wrong.append(f"a client ended: {result!r}")
            for c in (*self.readers, *self.callers):
                c.link.hang_up()

    def parked(self, for_seconds=0.2):
        """Readers whose poll hangs."""
        now = time.monotonic()
        return sum(r.asking is not None and now - r.asked > for_seconds for r in self.readers)

    async def until_all_parked(self, seconds=120):
        """More or less: with posts under way somebody is always on the way."""
        enough = 0.95 * len(self.readers)
        await until("the polls are parked", lambda: self.parked() >= enough, seconds)

    async def until_all_have_all(self):
        heads = dict(await asyncio.to_thread(self.postgres.rows, "select wall_id, last_entry from pollster.heads"))
        for_all = lambda: all(r.cursor >= heads.get(int(r.wall), 0) for r in self.readers)  # noqa: E731
        try:
            await until("everybody has every entry", for_all, 120)
        except TimeoutError as e:
            self.tally.wrong.append(str(e))

    async def until_few_are_young(self):
        """Nobody posts any more, so polls grow old; one of them may always have been answered at its own deadline."""
        few = lambda: self.parked(YOUNG) >= 0.98 * len(self.readers)  # noqa: E731
        try:
            await until("polls grow old", few, 60)
        except TimeoutError as e:
            self.tally.wrong.append(str(e))

    def judge(self):
        """What the database says about the posts that were acknowledged."""
        found = {}
        for wall, text, entry in self.postgres.rows("""select p.wall_id, p.body, e.id from pollster.posts p
                join pollster.entries e on e.post_id = p.id"""):
            found.setdefault(text, []).append((wall, entry))
        for caller in self.callers:
            for text, where in caller.acknowledged.items():
                if found.get(text) != [where]:
                    self.tally.wrong.append(f"post {text} was acknowledged as {where} and is {found.get(text)}")
        self.tally.wrong.extend(f"post {text} is there {len(e)} times" for text, e in found.items() if len(e) > 1)
        return sum(len(c.acknowledged) for c in self.callers)

    # --- what is done to it

    async def stop(self, pollster, by=signal.SIGTERM):
        """Returns how long that took."""
        began = time.monotonic()
        pollster.process.send_signal(by)
        await until("pollster ends", lambda: pollster.process.poll() is not None, 60, 0.002)
        return time.monotonic() - began

    async def start(self, pollster):
        pollster.start()
        await asyncio.to_thread(self._until_it_answers, pollster)

    @staticmethod
    def _until_it_answers(pollster):
        while pollster.process.poll() is None:
            if Door(pollster.path).ping():
                return
            time.sleep(0.01)
        raise RuntimeError(f"pollster ended, see {pollster.log}")

    # --- what nginx says

    def unseen_by_nginx(self):
        """Requests that nginx has not logged. It logs what clients gave up when it notices, so this waits a while for
        what must come; what was raced or given up when young need not."""
        log = self.nginx.prefix / "logs/access.log"
        unseen = lambda: self.requests - sum(1 for _ in open(log, encoding="utf-8", errors="replace"))  # noqa: E731
        began = time.monotonic()
        while unseen() > self.raced + self.abandoned and time.monotonic() - began < 20:
            time.sleep(0.2)
        return unseen()

    def nginx_errors(self):
        """{what: how often}."""
        found = {}
        for line in (self.nginx.prefix / "logs/error.log").read_text(errors="replace").splitlines():
            what = line.split(": ", 1)[-1].split(", client", 1)[0]
            what = what.split(" ", 1)[-1] if what.startswith("*") else what
            what = what.replace(str(self.folder), "")
            found[what] = found.get(what, 0) + 1
        return found

    def end(self):
        for part in reversed(self.parts):
            part.end()
        if self.keep:
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


async def until(what, condition, seconds, pause=0.05):
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"did not happen within {seconds} s: {what}")
        await asyncio.sleep(pause)
