"""What happens to the database. Each event says what is prepared before the entries that will be lost are written;
does it, and returns the cluster that serves from then on; and knows whether what was written between the two is
lost."""

import os
import signal
import time

from clusters import Restorable
from rig import wait_until

HELD = ("walwriter", "background writer")
RECOVERED = "database system is ready to accept connections"


class Event:
    name = ""
    loses = True
    settings = ()  # of the first cluster
    moves = True  # to another cluster
    spares_http = False  # loses only what others than servers wrote
    other_timeline = False  # whatever was lost: a server that was not there has to be careful
    wants_servers = False  # one that runs meanwhile
    leaves_no_trace = False  # that a server could find which was not there: if none was, the operator must say `pollster restored`

    def prepare(self, stage):
        pass

    def strike(self, stage):
        raise NotImplementedError


class Dump(Event):
    """Restored while servers are connected."""

    def prepare(self, stage):
        self.file = stage.place / "dump"
        stage.cluster.run("pg_dump", "-Fc", "-f", self.file, "-d", stage.cluster.dsn("watcher"))

    def restore(self, cluster, *words):
        cluster.run("pg_restore", "-d", cluster.dsn("watcher"), *words, self.file)
        cluster.rows("analyze")


class DumpIntoANewDatabase(Dump):
    name = "a dump, into a new database of the same cluster"
    moves = False

    def strike(self, stage):
        cluster = stage.cluster
        cluster.rows("drop database pollster with (force)", database="postgres")
        cluster.make_database()
        self.restore(cluster)
        return cluster


class DumpOverTheOldTables(Dump):
    name = "a dump, over the old tables"
    moves = False

    def strike(self, stage):
        self.restore(stage.cluster, "--clean", "--if-exists", "--single-transaction")
        return stage.cluster


class DumpIntoAnotherCluster(Dump):
    name = "a dump, into another cluster"

    def strike(self, stage):
        other = stage.add(Restorable(stage.place, "b"))
        other.initdb()
        other.start_and_wait()
        other.make_roles("application")
        other.make_database()
        self.restore(other)
        stage.cluster.stop()
        return other


class PointInTime(Event):
    name = "a base backup, to a point in time"
    other_timeline = True

    def prepare(self, stage):
        self.backup = stage.add(Restorable(stage.place, "b"))
        self.backup.take_base_backup(stage.cluster)
        stage.say_by_sql("kept-after-the-backup", (1, 2, 3, 4))
        [(self.time,)] = stage.cluster.rows("select clock_timestamp()::text")

    @property
    def settings(self):
        return ("archive_mode=on", "archive_command=mkdir -p ../../archive && cp %p ../../archive/%f")

    def strike(self, stage):
        old = stage.cluster
        [(last,)] = old.rows("select pg_walfile_name(pg_switch_wal())", database="postgres")
        wait_until("all WAL is archived", lambda: (stage.place / "archive" / last).exists())
        old.stop()
        self.backup.configure(f"restore_command = 'cp {stage.place}/archive/%f %p'", f"recovery_target_time = '{self.time}'",
                              "recovery_target_action = promote")
        self.backup.signal_file("recovery.signal")
        return started_and_writable(self.backup)


class FilesPutBack(Event):
    name = "a copy of the files, put back"
    leaves_no_trace = True

    def prepare(self, stage):
        self.copy = stage.add(Restorable(stage.place, "b"))
        stage.cluster.stop()
        self.copy.take_files(stage.cluster)
        stage.cluster.start_and_wait()

    def strike(self, stage):
        stage.cluster.stop()
        return started_and_writable(self.copy)


class FilesPutBackTwice(FilesPutBack):
    """The second time the database says that it is the history of before the first, and clients that were away hold
    what that one lost."""
    name = "a copy of the files, put back twice"
    wants_servers = True

    def prepare(self, stage):
        super().prepare(stage)
        self.second = stage.add(Restorable(stage.place, "c"))
        self.second.take_files(self.copy)

    def strike(self, stage):
        first = super().strike(stage)
        stage.point_to(first)
        stage.hold(False)
        stage.until_settled()
        stage.hold(stage.case.passed)
        first.stop()
        return started_and_writable(self.second)


class LaggingStandby(Event):
    name = "a lagging standby is promoted"
    other_timeline = True

    def prepare(self, stage):
        self.standby = stage.add(Restorable(stage.place, "b"))
        self.standby.follow(stage.cluster)
        self.standby.stop_following()

    def strike(self, stage):
        stage.cluster.crash()
        self.standby.promote()
        return self.standby


class Switchover(Event):
    """Each is stopped, which waits until the other has everything."""
    name = "a switchover to the standby and back"
    other_timeline = True
    loses = False

    def prepare(self, stage):
        self.standby = stage.add(Restorable(stage.place, "b"))
        self.standby.follow(stage.cluster)

    def strike(self, stage):
        first, second = stage.cluster, self.standby
        first.stop()
        second.promote()
        stage.point_to(second)
        first.configure(f"primary_conninfo = 'host={second.sockets} user=watcher application_name=a'")
        first.signal_file("standby.signal")
        first.start_and_wait()
        wait_until("the old primary streams", lambda: second.streams_to("a"))
        time.sleep(2)  # for servers to see the second: nothing depends on it
        second.stop()
        first.promote()
        return first


class SynchronousStandby(Event):
    name = "a synchronous standby is promoted"
    other_timeline = True
    loses = False

    def prepare(self, stage):
        self.standby = stage.add(Restorable(stage.place, "b"))
        self.standby.follow(stage.cluster)
        stage.cluster.rows("alter system set synchronous_standby_names = 'b'", database="postgres")
        stage.cluster.rows("select pg_reload_conf()", database="postgres")
        wait_until("commits wait for the standby", lambda: stage.cluster.rows(
            "select 1 from pg_stat_replication where application_name = 'b' and sync_state = 'sync'", database="postgres"))

    def strike(self, stage):
        stage.cluster.crash()
        self.standby.promote()
        return self.standby


class Unflushed(Event):
    """synchronous_commit = off, and those that would have written the log soon after were held."""
    settings = ("synchronous_commit=off", "wal_buffers=8MB")
    spares_http = True  # servers wait for the disk whatever is set
    moves = False
    leaves_no_trace = True

    def prepare(self, stage):
        stage.cluster.rows("checkpoint", database="postgres")
        for kind in HELD:
            os.kill(stage.cluster.process_of(kind), signal.SIGSTOP)


class UnflushedAndTheHostDies(Unflushed):
    name = "a crash of the host with synchronous_commit off"

    def strike(self, stage):
        stage.cluster.crash()
        return started_and_writable(stage.cluster)


class UnflushedAndAProcessDies(Unflushed):
    """The postmaster lives on and has all its processes begin anew: its start time stays."""
    name = "a crash of a process of PostgreSQL with synchronous_commit off"

    def strike(self, stage):
        cluster = stage.cluster
        pids = [cluster.process_of(kind) for kind in HELD]
        recoveries = cluster.log.read_text(errors="replace").count(RECOVERED)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        wait_until("PostgreSQL has recovered", lambda: cluster.log.read_text(errors="replace").count(RECOVERED) > recoveries)
        wait_until("PostgreSQL answers", cluster.answers)
        return cluster


class Restart(Event):
    loses = False
    moves = False

    def end(self, cluster):
        raise NotImplementedError

    def strike(self, stage):
        self.end(stage.cluster)
        return started_and_writable(stage.cluster)


class PlainRestart(Restart):
    name = "a restart"

    def end(self, cluster):
        cluster.stop()


class ImmediateRestart(Restart):
    name = "an immediate restart"

    def end(self, cluster):
        cluster.stop_immediately()


class HostDies(Restart):
    name = "a crash of the host"

    def end(self, cluster):
        cluster.crash()


def started_and_writable(cluster):
    cluster.start_and_wait()
    wait_until("PostgreSQL is no standby any more", lambda: cluster.rows("select not pg_is_in_recovery()", database="postgres") == [(True,)])
    return cluster
