"""One data directory of PostgreSQL and the postmaster on it, reachable at a folder with its socket and nowhere else."""

import glob
import os
import pathlib
import signal
import subprocess

import psycopg2

from ending import end
from rig import die, output_of, wait_until


def programs():
    found = glob.glob("/usr/lib/postgresql/*/bin")
    if not found:
        die("PostgreSQL's programs are not in /usr/lib/postgresql: apt-get install postgresql")
    return pathlib.Path(max(found, key=lambda p: int(p.split("/")[-2])))


def as_postgres():
    """Before a command: PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env"] if os.geteuid() == 0 else []


class Cluster:
    """`data` and `sockets` are folders that its user may write to. settings: words for the postmaster's command line,
    "name=value". environment: words for `env`."""

    def __init__(self, data, sockets, log, settings=(), environment=()):
        self.bin, self.as_user = programs(), as_postgres()
        self.data, self.sockets, self.log = data, sockets, log
        self.settings = ["listen_addresses=", "unix_socket_permissions=0777", "max_connections=80", "shared_buffers=32MB",
                         "min_wal_size=8MB", "max_wal_size=64MB", "log_line_prefix=%m [%p] %q%u ", *settings]
        self.environment = list(environment)
        self.postmaster = None
        self.starts = 0

    def run(self, program, *words):
        """One of PostgreSQL's programs, as its user; what it said."""
        return output_of(*self.as_user, self.bin / program, *words, cwd="/")

    def initdb(self, *words):
        """With small segments of WAL: disks here are small, and archives quick."""
        self.run("initdb", "-D", self.data, "-U", "watcher", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync",
                 "--wal-segsize=1", *words)

    def start(self):
        """Only from the main thread: the postmaster ends with the thread that started it."""
        settings = [word for setting in self.settings for word in ("-c", setting)]
        with open(self.log, "ab") as out:
            self.postmaster = subprocess.Popen(
                [*self.as_user, "setpriv", "--pdeathsig", "INT", "env", *self.environment, self.bin / "postgres", "-D", self.data,
                 "-k", self.sockets, *settings], stdout=out, stderr=out, cwd="/", start_new_session=True)
        self.starts += 1

    def start_and_wait(self):
        self.start()
        wait_until("PostgreSQL starts", self.answers)

    def make_roles(self, *more):
        """As `pollster setup` makes them, and more."""
        for role in ("pollster_owner", "pollster", *more):
            self.rows(f"create role {role} login", database="postgres")

    def make_database(self):
        self.rows("create database pollster owner pollster_owner", database="postgres")

    def dsn(self, user, database="pollster"):
        return f"host={self.sockets} user={user} dbname={database}"

    def connect(self, user="watcher", database="pollster"):
        return psycopg2.connect(self.dsn(user, database), connect_timeout=5)

    def answers(self):
        try:
            self.connect(database="postgres").close()
            return True
        except psycopg2.Error:
            return False

    def rows(self, text, values=None, database="pollster"):
        """Of one statement, committed; throws psycopg2.Error."""
        connection = self.connect(database=database)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(text, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def end(self, by=signal.SIGQUIT):
        if self.postmaster:
            end(self.postmaster, by, 20)
