"""A private PostgreSQL that may be hurt: restarted, crashed, left without room. Its postmaster is started again
whenever it is gone, as systemd would."""

import os
import shutil
import subprocess
import sys

from cluster import Cluster
from faked_clock import FakedClock
from rig import wait_until

ROOM = "640m"  # of the small disk; a run of 10 minutes fills a third of it


NAMESPACE = "PROVE_MOUNT_NAMESPACE"


def with_mounts_of_its_own():
    """Starts this program again where its mounts are nobody else's and end with it, however it ends. Root only; else
    does nothing."""
    if os.geteuid() == 0 and NAMESPACE not in os.environ:
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0:
            os.execvpe("unshare", ["unshare", "--mount", sys.executable, *sys.argv], os.environ | {NAMESPACE: "1"})


class Postgres(Cluster):
    def __init__(self, folder):
        self.root = os.geteuid() == 0
        self.disk = folder / "disk"
        self.clock = FakedClock(folder / "clock-of-postgres")
        super().__init__(self.disk / "data", folder / "pg", folder / "postgres.log", environment=self.clock.environment())
        for place in (self.sockets, self.disk):
            place.mkdir(mode=0o700)
        self.no_small_disk = self._mount()
        for place in (self.sockets, self.disk):
            if self.root:
                shutil.chown(place, "postgres", "postgres")
        self.initdb()
        self.start_and_wait()

    def _mount(self):
        """The data on a disk of their own, which can be filled. What is in the way, if something is."""
        if not self.root:
            return "a small disk is a tmpfs, and only root may mount one"
        if NAMESPACE not in os.environ:
            return "unshare --mount is refused on this machine"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0700", "tmpfs", self.disk],
                              capture_output=True, text=True, check=False)
        return done.stderr.strip() if done.returncode else ""

    def must_run(self):
        """Starts it again if it is gone."""
        if self.postmaster.poll() is not None:
            self.start()

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
        super().end()
        if self.root and not self.no_small_disk:
            wait_until("the small disk can be unmounted", lambda: subprocess.run(
                ["umount", self.disk], capture_output=True, check=False).returncode == 0, 20)
