"""A private PostgreSQL that may be hurt: restarted, crashed, left without room. Its postmaster is started again whenever it is gone,
as systemd would."""

import glob
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import psycopg2

from ending import end
from faked_clock import FakedClock
from rig import die, output_of, wait_until

ROOM = "640m"  # of the small disk; a run of 10 minutes fills a third of it


NAMESPACE = "PROVE_MOUNT_NAMESPACE"


def with_mounts_of_its_own():
    """Starts this program again where its mounts are nobody else's and end with it, however it ends. Root only; else does nothing."""
    if os.geteuid() == 0 and NAMESPACE not in os.environ:
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0:
            os.execvpe("unshare", ["unshare", "--mount", sys.executable, *sys.argv], os.environ | {NAMESPACE: "1"})


class Postgres:
    def __init__(self, folder):
        found = glob.glob("/usr/lib/postgresql/*/bin")
        if not found:
            die("PostgreSQL's programs are not in /usr/lib/postgresql: apt-get install postgresql")
        self.bin = pathlib.Path(max(found, key=lambda p: int(p.split("/")[-2])))
        self.root = os.geteuid() == 0
        # It refuses to run as root.
        self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env"] if self.root else []
        self.sockets, self.disk, self.log = folder / "pg", folder / "disk", folder / "postgres.log"
        for place in (self.sockets, self.disk):
            place.mkdir(mode=0o700)
        self.no_small_disk = self._mount()
        for place in (self.sockets, self.disk):
            if self.root:
                shutil.chown(place, "postgres", "postgres")
        self.data = self.disk / "data"
        # Small WAL segments: the disk is small.
        output_of(*self.as_user, self.bin / "initdb", "-D", self.data, "-U", "watcher", "--encoding=UTF8", "--locale=C.UTF-8",
                  "--auth=trust", "--no-sync", "--wal-segsize=1", cwd="/")
        self.clock = FakedClock(folder / "clock-of-postgres")
        self.postmaster = None
        self.starts = 0
        self.start()
        wait_until("PostgreSQL starts", self.answers, 30)

    def _mount(self):
        """The data on a disk of their own, which can be filled. What is in the way, if something is."""
        if not self.root:
            return "a small disk is a tmpfs, and only root may mount one"
        if NAMESPACE not in os.environ:
            return "unshare --mount is refused on this machine"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0700", "tmpfs", self.disk],
                              capture_output=True, text=True, check=False)
        return done.stderr.strip() if done.returncode else ""

    def start(self):
        """Only from the main thread: the postmaster ends with the thread that started it."""
        with open(self.log, "ab") as out:
            self.postmaster = subprocess.Popen(
                [*self.as_user, "setpriv", "--pdeathsig", "INT", "env", *self.clock.environment(), self.bin / "postgres", "-D", self.data, "-k", self.sockets,
                 "-c", "listen_addresses=", "-c", "unix_socket_permissions=0777", "-c", "max_connections=80",
                 "-c", "shared_buffers=32MB", "-c", "min_wal_size=8MB", "-c", "max_wal_size=64MB",
                 "-c", "log_line_prefix=%m [%p] %q%u "],
                stdout=out, stderr=out, cwd="/", start_new_session=True)
        self.starts += 1

    def must_run(self):
        """Starts it again if it is gone."""
        if self.postmaster.poll() is not None:
            self.start()

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

    # --- the small disk

    def fill_disk(self):
        """Until not a page is left."""
        with open(self.disk / "ballast", "wb", buffering=0) as ballast:
            left = os.statvfs(self.disk)
            try:
                os.posix_fallocate(ballast.fileno(), 0, left.f_bavail * left.f_frsize)
            except OSError:
                pass  # somebody was faster: it is full all the same

    def complaints_of_no_room(self):
        return self.log.read_bytes().count(b"No space left on device")

    def empty_disk(self):
        (self.disk / "ballast").unlink(missing_ok=True)

    def end(self):
        if self.postmaster:
            end(self.postmaster, signal.SIGQUIT, 20)
        if self.root and not self.no_small_disk:
            wait_until("the small disk can be unmounted", lambda: subprocess.run(
                ["umount", self.disk], capture_output=True, check=False).returncode == 0, 20)
