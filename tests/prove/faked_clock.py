"""The time of day of one program and its children, moved by libfaketime (Debian's libfaketime). Their monotonic clock
is left alone: nothing on a real machine makes it jump."""

import glob
import pathlib

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), "")


class FakedClock:
    def __init__(self, file):
        self.file = file
        self.missing = "" if LIBRARY else "libfaketime is not installed"
        self.right()
        self.file.chmod(0o644)

    def environment(self):
        """For `env`."""
        return [] if self.missing else [
            f"LD_PRELOAD={LIBRARY}", f"FAKETIME_TIMESTAMP_FILE={self.file}", "FAKETIME_CACHE_DURATION=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1"]

    def jump(self, hours):
        """Seen within a second."""
        self.file.write_text(f"{round(hours * 3600):+d}", encoding="ascii")

    def right(self):
        self.file.write_text("+0", encoding="ascii")


def sweep(pids):
    """What a process that was killed has left in shared memory."""
    for pid in pids:
        for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
            pathlib.Path("/dev/shm", name).unlink(missing_ok=True)
