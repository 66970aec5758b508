"""Where a scenario is played: a PostgreSQL cluster, one or two pollsters each behind an nginx and one nginx for both,
and the clients, whose event loop has a thread of its own. All in one folder, which goes with it."""

import asyncio
import pathlib
import shutil
import signal
import tempfile
import threading
import urllib.request

from client import Client
from clusters import Restorable, folder_of_postgres
from deployment import People
from http_client import Cut, HttpClient
from pollster import Pollster
from shipped_nginx import ShippedNginx

WALLS = 4
USERS = 14
AUTHOR = 14  # who posts through HTTP


class Crowd:
    """The thread in which all clients live."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="clients", daemon=True)
        self.thread.start()

    def do(self, coroutine, seconds=120):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)

    def end(self):
        async def cancel_all():
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        self.do(cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


class Folder:
    """Temporary, with a place where PostgreSQL's user may write; kept if something went wrong."""

    def __init__(self, prefix):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
        self.path.chmod(0o711)
        self.place = folder_of_postgres(self.path / "clusters")

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def make_template(program, folder):
    """A stopped cluster with the schema and the people, from which each scenario starts."""
    template = Restorable(folder.place, "template")
    try:
        template.initdb()
        template.start_and_wait()
        template.make_roles("application")
        template.make_database()
        migrating = Pollster(program, folder.path, template.dsn("pollster"))
        migrating.administer("migrate")
        migrating.end()
        template.rows("grant usage on schema pollster_default to application")
        template.rows("grant select, insert, update, delete on pollster_default.posts to application")
        People("restore", 0, USERS, WALLS).enter(template)
    finally:
        template.stop()
    return template


class Stage:
    def __init__(self, program, template, case):
        self.case = case
        self.folder = Folder("pollster-restore.")
        self.place = self.folder.place
        self.parts, self.pollsters, self.nginxes = [], [], []
        self.people = People("restore", 0, USERS, WALLS)
        self.until_settled = None  # for events of two parts: waits until those who stay have what the database has
        self.written = set()  # every text that was ever written; one word each, and different ones
        try:
            self._build(program, template)
        except BaseException:
            self.end()
            raise

    def _build(self, program, template):
        self.crowd = self.add(Crowd())
        self.cluster = self.add(Restorable(self.place, "a", self.case.event.settings))
        self.cluster.take_files(template)
        self.cluster.start_and_wait()
        self.address = self.folder.path / "address"
        self.point_to(self.cluster)
        hosts = ",".join(f"{self.place}/{name}/socket" for name in "abc") if self.case.hosts else self.address
        # libpq tries the next host only if it learns that this one is no primary.
        more = " target_session_attrs=read-write" if self.case.hosts else ""
        for n in range(self.case.processes):
            home = self.folder.path / f"pollster{n}"
            home.mkdir(mode=0o711)
            self.pollsters.append(self.add(Pollster(program, home, f"host={hosts} user=pollster dbname=pollster{more}")))
            self.pollsters[n].start()
            self.nginxes.append(self.add(ShippedNginx(home, self.pollsters[n].path)))
        self.door = self.nginxes[0].port
        if len(self.pollsters) > 1:
            self.door = self.add(ShippedNginx(self.folder.path, *(p.path for p in self.pollsters))).port
        self.http = HttpClient(self.door)

    def add(self, part):
        self.parts.append(part)
        return part

    # --- the database

    def dsn(self, user):
        """For writers who follow the address."""
        return f"host={self.address} user={user} dbname=pollster"

    def point_to(self, cluster):
        """The address that moves, as a virtual IP does."""
        new = self.address.with_suffix(".new")
        new.symlink_to(cluster.sockets)
        new.replace(self.address)
        self.cluster = cluster

    def say_by_sql(self, text, walls, times=1):
        for wall in walls:
            for n in range(1, times + 1):
                self.write(f"{text}-{n}-by-SQL-on-{wall}", wall)

    def write(self, body, wall):
        self.cluster.rows("insert into pollster_default.posts (wall_id, user_id, body) values (%s, %s, %s)", (wall, AUTHOR, body))
        self.written.add(body)

    # --- HTTP

    def ask(self, method, path, body=None, port=None):
        """(status, answer) of the author's request, as soon as it is neither 503 nor cut."""
        async def until_answered():
            http = self.http if port is None else HttpClient(port)
            while True:
                try:
                    status, _, said = await http.ask(method, path, self.people.token(AUTHOR), body, 30)
                except (Cut, TimeoutError):
                    status = 503
                if status not in (503, 429):
                    return status, said
                await asyncio.sleep(0.1)
        return self.crowd.do(until_answered(), 90)

    def say(self, body, wall, key):
        """The status and the entry."""
        status, said = self.ask("POST", f"/api/walls/{wall}/posts", {"body": body, "client_key": key})
        if status not in (200, 201):
            raise RuntimeError(f"{body!r} was refused: {status} {said}")
        self.written.add(body)
        return status, said["post"]

    # --- pollsters

    def hold(self, held):
        for pollster in self.pollsters:
            if pollster.process and pollster.process.poll() is None:
                pollster.process.send_signal(signal.SIGSTOP if held else signal.SIGCONT)

    def parked(self, n):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.nginxes[n].port}/api/metrics", timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith("pollster_parked_polls "):
                    return int(float(line.split()[1]))
        raise RuntimeError("pollster_parked_polls is no metric")

    # --- clients

    def client(self, user, name, port, epochs):
        client = Client(name, self.people.token(user), [*range(1, WALLS + 1), WALLS + 1], port, epochs)
        client.user = user
        return client

    def come(self, clients):
        for client in clients:
            self.crowd.do(client.come())

    def leave(self, clients):
        for client in clients:
            self.crowd.do(client.leave())

    def end(self):
        self.hold(False)
        for part in reversed(self.parts):
            try:
                part.end()
            except Exception as e:  # pylint: disable=broad-except
                print(f"at the end: {e}")
