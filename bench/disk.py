"""What the disk itself takes meanwhile: a small write and fdatasync() 20 times a second, beside PostgreSQL's files."""

import os
import threading
import time


class Flushes:
    """From entering to leaving it. `folder`: on the file system that is measured."""

    def __init__(self, folder):
        self.path = folder / "flushes"
        self.ms = []  # that each took

    def __enter__(self):
        self.file = os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600)
        os.pwrite(self.file, bytes(8192), 0)
        os.fsync(self.file)  # from here on nothing but its content changes
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self):
        while not self.over.wait(0.05):
            began = time.monotonic()
            os.pwrite(self.file, os.urandom(8192), 0)
            os.fdatasync(self.file)
            self.ms.append((time.monotonic() - began) * 1e3)

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        os.close(self.file)
        self.path.unlink()
