"""What goes wrong. Each fault says on the table how often it happened; the deployment's supervisor brings back what
was killed."""

import asyncio
import contextlib
import os
import pathlib
import signal
import time

import psycopg2

from readings import children_of

GARBAGE = ["", "0", "-1", "wall", "99999999999999999999", "1 ", "NaN", "9223372036854775807"]


class NotNow(Exception):
    """There was nothing to hurt."""


class Busy(Exception):
    """Another fault of this kind is going on."""


class Faults:
    def __init__(self, deployment, readers, calm, journal):
        self.deployment, self.readers, self.calm, self.journal = deployment, readers, calm, journal
        self.postgres, self.pollster, self.nginx = deployment.postgres, deployment.pollster, deployment.nginx
        self.database_fault = asyncio.Lock()  # one recovery of PostgreSQL at a time
        self.clock_fault, self.without_notifications = asyncio.Lock(), asyncio.Lock()
        self.counts = {}
        self.left_out = {}  # because another of the kind was going on
        self.recent = []
        self.all = {
            "pollster: kill -9": self.kill_pollster,
            "pollster: stopped and started": self.restart_pollster,
            "pollster: frozen for seconds": self.freeze_pollster,
            "pollster: restarted without notifications": self.no_notifications,
            "pollster: its clock jumps": self.jump_clock_of_pollster,
            "PostgreSQL: a backend of pollster terminated": self.terminate_backend,
            "PostgreSQL: a writer's backend terminated": self.terminate_writer,
            "PostgreSQL: a backend killed -9 (crash recovery)": self.kill_backend,
            "PostgreSQL: a backend frozen for seconds": self.freeze_backend,
            "PostgreSQL: restarted": self.restart_postgres,
            "PostgreSQL: crashed (immediate stop)": self.crash_postgres,
            "PostgreSQL: disk full for seconds": self.fill_disk,
            "PostgreSQL: its clock jumps": self.jump_clock_of_postgres,
            "notifications: dropped with their listener": self.drop_notifications,
            "notifications: doubled, and garbage": self.double_notifications,
            "nginx: reloaded": self.reload_nginx,
            "nginx: a worker killed -9": self.kill_worker,
            "nginx: a worker frozen for seconds": self.freeze_worker,
            "clients: connections cut in mid-answer": self.cut_answers,
            "clients: parked polls cut": self.cut_polls,
            "clients: all away for seconds": self.send_away,
        }
        self.impossible = {}
        if self.postgres.no_small_disk:
            self.impossible["PostgreSQL: disk full for seconds"] = self.postgres.no_small_disk
        for name, clock in (("pollster", self.pollster.clock), ("PostgreSQL", self.postgres.clock)):
            if clock.missing:
                self.impossible[f"{name}: its clock jumps"] = clock.missing

    def possible(self):
        return [name for name in self.all if name not in self.impossible]

    async def follow(self, plan, began):
        """Does what the schedule says; returns when all is over."""
        running = []
        for event in plan:
            await asyncio.sleep(max(0.0, began + event.at - time.monotonic()))
            running.append(asyncio.create_task(self._do(event)))
        await asyncio.gather(*running)

    async def _do(self, event):
        fault = self.calm.fault_begins(time.monotonic())
        try:
            self.journal.write(f"fault: {event.fault} (length {event.length:.1f} s, pick {event.pick:.3f})")
            self.recent.append((self.journal.seconds(), event.fault))
            await self.all[event.fault](event)
            self.counts[event.fault] = self.counts.get(event.fault, 0) + 1
        except Busy:
            self.journal.write(f"left out: {event.fault}: one of its kind is going on")
            self.left_out[event.fault] = self.left_out.get(event.fault, 0) + 1
        except (NotNow, ProcessLookupError, FileNotFoundError, psycopg2.Error) as e:
            self.journal.write(f"not done: {event.fault}: {str(e).strip() or type(e).__name__}")
        finally:
            self.calm.over(fault, time.monotonic())

    # --- pollster

    async def kill_pollster(self, _):
        self._signal(self.pollster.process, signal.SIGKILL)

    async def restart_pollster(self, _):
        self._signal(self.pollster.process, signal.SIGTERM)

    async def freeze_pollster(self, event):
        await self._freeze(self.pollster.process.pid, event.length)

    async def no_notifications(self, event):
        async with self._alone(self.without_notifications):
            self.pollster.notify = False
            try:
                self._signal(self.pollster.process, signal.SIGTERM)
                await asyncio.sleep(3 + event.length)
            finally:
                self.pollster.notify = True
            self._signal(self.pollster.process, signal.SIGTERM)

    async def jump_clock_of_pollster(self, event):
        """Two days ahead or back, then right again. No session ends by it: they last longer."""
        await self._jump(self.pollster.clock, (event.pick - 0.5) * 96, event)

    async def jump_clock_of_postgres(self, event):
        """By less than 12 hours: client keys are kept for 24."""
        await self._jump(self.postgres.clock, (event.pick - 0.5) * 23, event)

    async def _jump(self, clock, hours, event):
        async with self._alone(self.clock_fault):
            clock.jump(hours)
            await asyncio.sleep(1 + event.length)
            clock.right()

    # --- PostgreSQL

    async def terminate_backend(self, event):
        await self._terminate("usename = 'pollster'", event)

    async def terminate_writer(self, event):
        await self._terminate("usename = 'application'", event)

    async def drop_notifications(self, event):
        await self._terminate("usename = 'pollster' and query ilike 'listen%%'", event)

    async def _terminate(self, which, event):
        rows = await self._sql(f"""select pg_terminate_backend(pid) from (select pid, row_number() over (order by backend_start) - 1 as n,
            count(*) over () as of from pg_stat_activity where datname = 'pollster' and {which}) b
            where n = floor(%s * of)""", (event.pick,))
        if not rows:
            raise NotNow("there is no such backend")

    def _backends(self):
        """Those that serve a client; known by their titles, so this works when PostgreSQL does not answer."""
        found = []
        for pid in sorted(children_of(self.postgres.postmaster.pid)):
            title = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode("latin-1")
            if title.startswith(("postgres: pollster ", "postgres: application ")):
                found.append(pid)
        if not found:
            raise NotNow("there is no backend")
        return found

    async def kill_backend(self, event):
        async with self._alone(self.database_fault):
            os.kill(self._one_of(self._backends(), event), signal.SIGKILL)
            await self._until_postgres_answers()

    async def freeze_backend(self, event):
        await self._freeze(self._one_of(self._backends(), event), event.length)

    async def restart_postgres(self, _):
        async with self._alone(self.database_fault):
            self._signal(self.postgres.postmaster, signal.SIGINT)
            await self._until_started_again()

    async def crash_postgres(self, _):
        async with self._alone(self.database_fault):
            self._signal(self.postgres.postmaster, signal.SIGQUIT)
            await self._until_started_again()

    async def fill_disk(self, event):
        """Until PostgreSQL has missed the room, and longer."""
        async with self._alone(self.database_fault):
            before, until = self.postgres.complaints_of_no_room(), time.monotonic() + 8
            try:
                while time.monotonic() < until and self.postgres.complaints_of_no_room() == before:
                    self.postgres.fill_disk()
                    await asyncio.sleep(0.2)
                await asyncio.sleep(event.length)
            finally:
                self.postgres.empty_disk()
            await self._until_postgres_answers()
            if self.postgres.complaints_of_no_room() == before:
                raise NotNow("nobody needed room")

    async def _until_started_again(self):
        starts = self.postgres.starts
        while self.postgres.starts == starts:
            await asyncio.sleep(0.1)
        await self._until_postgres_answers()

    async def _until_postgres_answers(self):
        for _ in range(300):
            await asyncio.sleep(0.1)
            if await asyncio.to_thread(self.postgres.answers):
                return
        raise NotNow("PostgreSQL does not answer again within 30 s")

    # --- notifications

    async def double_notifications(self, event):
        wall = str(1 + int(event.pick * 8))
        await asyncio.to_thread(self._notify, [("pollster_walls", w) for w in [wall] * 200 + GARBAGE]
                                + [("pollster_access", u) for u in ["1", "2", "1"] * 20 + GARBAGE])

    def _notify(self, notes):
        # A transaction each: in one transaction PostgreSQL drops those that are equal.
        connection = self.postgres.connect()
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for note in notes:
                    cursor.execute("select pg_notify(%s, %s)", note)
        finally:
            connection.close()

    # --- nginx

    async def reload_nginx(self, _):
        self.nginx.reload()

    async def kill_worker(self, event):
        os.kill(self._one_of(self.nginx.workers(), event), signal.SIGKILL)

    async def freeze_worker(self, event):
        await self._freeze(self._one_of(self.nginx.workers(), event), event.length)

    # --- clients

    async def cut_answers(self, event):
        for reader in self._some_readers(event):
            reader.client.leave_in_mid_answer = True

    async def cut_polls(self, event):
        for reader in self._some_readers(event):
            reader.client.hang_up()

    async def send_away(self, event):
        """Then the server knows nothing any more, and all come back at once."""
        for reader in self.readers:
            reader.leave(event.length)
        await asyncio.sleep(event.length)

    def _some_readers(self, event):
        first = int(event.pick * len(self.readers))
        return (self.readers + self.readers)[first:first + max(1, len(self.readers) // 4)]

    # --- how

    @contextlib.asynccontextmanager
    async def _alone(self, lock):
        if lock.locked():
            raise Busy
        async with lock:
            yield

    def _signal(self, process, number):
        if process.poll() is not None:
            raise NotNow("it is down already")
        process.send_signal(number)

    def _one_of(self, things, event):
        if not things:
            raise NotNow("there is none")
        return things[int(event.pick * len(things))]

    async def _freeze(self, pid, seconds):
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)

    async def _sql(self, text, values):
        return await asyncio.to_thread(self.postgres.rows, text, values)
