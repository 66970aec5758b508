"""A deployment of our own: PostgreSQL, pollster and nginx as they are shipped, in a folder that goes with it.
Everything listens on unix sockets and the loopback only."""

import asyncio
import pathlib
import random
import shutil
import tempfile

from pollster import Pollster
from postgres import Postgres
from shipped_nginx import ShippedNginx


class People:
    """Who may see which wall. Users 1..readers read, those after them write; each sees some walls, and knows of one
    it must not see."""

    def __init__(self, seed, readers, writers, walls):
        chance = random.Random(f"{seed} people")
        self.readers, self.writers, self.walls = readers, writers, walls
        self.of = {}
        for user in range(1, readers + 1):
            self.of[user] = sorted(chance.sample(range(1, walls + 1), chance.choice((1, 1, 2, 3, 4))))
        for user in range(readers + 1, readers + writers + 1):
            self.of[user] = list(range(1, walls + 1))
        self.forbidden = {u: chance.choice([w for w in range(1, walls + 1) if w not in mine])
                          for u, mine in self.of.items() if len(mine) < walls}

    def token(self, user):
        return f"session-of-{user}-".ljust(43, "0")

    def enter(self, postgres):
        postgres.rows("""insert into pollster_default.users (name) select 'user ' || n from generate_series(1, %s) n""", (len(self.of),))
        postgres.rows("""insert into pollster_default.walls (name) select 'wall ' || n from generate_series(1, %s) n order by n""",
                      (self.walls,))
        pairs = [(u, w) for u, mine in self.of.items() for w in mine]
        postgres.rows("""insert into pollster_default.memberships (user_id, wall_id) select * from unnest(%s::bigint[], %s::bigint[])""",
                      ([u for u, _ in pairs], [w for _, w in pairs]))
        postgres.rows("""insert into pollster_default.sessions (token_hash, user_id, expires_at)
            select sha256(convert_to(token, 'UTF8')), id, now() + interval '10 days'
            from unnest(%s::bigint[], %s::text[]) as s (id, token)""", (list(self.of), [self.token(u) for u in self.of]))


class Deployment:
    def __init__(self, program, people, broken_by_sql=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pollster-prove."))
        self.folder.chmod(0o711)
        self.parts = []
        self.keep = False
        self.ending = False
        try:
            self._build(program, people, broken_by_sql)
        except BaseException:
            self.end()
            raise

    def _build(self, program, people, broken_by_sql):
        self.postgres = self._add(Postgres(self.folder))
        self.postgres.make_roles("application")
        self.postgres.make_database()
        self.pollster = self._add(Pollster(program, self.folder, self.postgres.dsn("pollster")))
        self.pollster.administer("migrate")
        # A foreign writer: it may write posts and nothing else.
        self.postgres.rows("""grant usage on schema pollster_default to application;
            grant select, insert, update, delete on pollster_default.posts to application""")
        if broken_by_sql:
            self.postgres.rows(broken_by_sql)
        people.enter(self.postgres)
        self.pollster.start()
        self.nginx = self._add(ShippedNginx(self.folder, self.pollster.path))

    def _add(self, part):
        self.parts.append(part)
        return part

    async def supervise(self):
        """Starts again what is gone, after a moment, as systemd would."""
        while not self.ending:
            await asyncio.sleep(0.2)
            if not self.ending:
                self.pollster.must_run()
                self.postgres.must_run()
                if self.nginx.master.poll() is not None:
                    raise RuntimeError(f"nginx ended, see {self.folder}/nginx.log")

    def end(self):
        self.ending = True
        for part in reversed(self.parts):
            try:
                part.end()
            except RuntimeError as e:
                print(e)
                return
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
