"""The log of a run: one line an event, seconds since the start first."""

import time


class Journal:
    def __init__(self, path, aloud):
        self.path, self.aloud = path, aloud
        self.file = open(path, "w", encoding="utf-8", buffering=1)
        self.began = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.began

    def write(self, text):
        line = f"{self.seconds():8.2f}  {text}"
        self.file.write(line + "\n")
        if self.aloud:
            print(line, flush=True)
