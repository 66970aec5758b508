"""PostgreSQL clusters that are copied, restored and promoted. Each has a folder of its own: its data, its socket, its
log."""

import os
import pathlib
import shutil
import signal

import psycopg2

from cluster import Cluster
from readings import children_of
from rig import output_of, wait_until

# Processes are killed here, not machines: what was written is there without fsync, too.
SETTINGS = ("wal_level=replica", "max_wal_senders=6", "autovacuum=off", "fsync=off")


def folder_of_postgres(folder):
    folder.mkdir(mode=0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    return folder


class Restorable(Cluster):
    def __init__(self, place, name, settings=()):
        """A folder `name` in `place`, still without data."""
        self.place, self.name = place, name
        folder = folder_of_postgres(place / name)
        super().__init__(folder / "data", folder_of_postgres(folder / "socket"), folder / "postgres.log", [*SETTINGS, *settings])

    def connect(self, user="watcher", database="pollster"):
        """No statement waits for ever."""
        return psycopg2.connect(self.dsn(user, database), connect_timeout=5, options="-c statement_timeout=60s")

    # --- data from elsewhere

    def take_files(self, other):
        """Of a cluster that is stopped."""
        output_of(*self.as_user, "cp", "-a", other.data, self.data, cwd="/")

    def take_base_backup(self, other):
        self.run("pg_basebackup", "-D", self.data, "-d", other.dsn("watcher", "postgres"), "--checkpoint=fast", "--no-sync")

    def configure(self, *lines):
        """For the next start."""
        with open(self.data / "postgresql.auto.conf", "a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def signal_file(self, name):
        """"standby.signal" or "recovery.signal"."""
        (self.data / name).touch()

    # --- how it ends

    def stop(self):
        """`pg_ctl stop -m fast`: with a last checkpoint."""
        self.end(signal.SIGINT)

    def stop_immediately(self):
        """`pg_ctl stop -m immediate`: without."""
        self.end(signal.SIGQUIT)

    def crash(self):
        """All its processes at once, as when a host dies: what they have not written yet is gone."""
        os.kill(self.postmaster.pid, signal.SIGSTOP)  # it must start none anew for those that end
        others = children_of(self.postmaster.pid)
        self.postmaster.kill()
        self.postmaster.wait()
        for pid in others:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        # A start refuses while one of them is attached to the shared memory.
        wait_until("PostgreSQL's processes are gone", lambda: not any(pathlib.Path(f"/proc/{p}/exe").exists() for p in others))

    def process_of(self, kind):
        """Its pid. kind: a backend_type of pg_stat_activity."""
        [(pid,)] = self.rows("select pid from pg_stat_activity where backend_type = %s", (kind,), "postgres")
        return pid

    # --- replication

    def follow(self, primary):
        """A streaming standby, known to the primary by its name."""
        self.take_base_backup(primary)
        self.configure(f"primary_conninfo = 'host={primary.sockets} user=watcher application_name={self.name}'")
        self.signal_file("standby.signal")
        self.start_and_wait()
        wait_until("the standby streams", lambda: primary.streams_to(self.name))

    def streams_to(self, name):
        return bool(self.rows("select 1 from pg_stat_replication where application_name = %s and state = 'streaming'", (name,), "postgres"))

    def stop_following(self):
        """From here on it misses everything."""
        self.rows("alter system set primary_conninfo = ''", database="postgres")
        self.rows("select pg_reload_conf()", database="postgres")
        wait_until("the standby follows no more", lambda: not self.rows("select 1 from pg_stat_wal_receiver", database="postgres"))

    def promote(self):
        self.rows("select pg_promote()", database="postgres")
