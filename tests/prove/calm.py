"""When nothing was wrong: only then a late entry is the server's fault."""

RECOVERY = 6.0  # seconds after a fault that are its own


class Calm:
    def __init__(self):
        self.faults = []  # [begin, end or None], by begin

    def fault_begins(self, now):
        """Returns what to hand to over()."""
        interval = [now, None]
        self.faults.append(interval)
        return interval

    def over(self, interval, now):
        interval[1] = now + RECOVERY

    def seconds(self, begin, end):
        """Of that time, how much was calm."""
        calm, at = 0.0, begin
        for first, last in self.faults:
            if last is not None and last <= at:
                continue
            if first >= end:
                break
            calm += max(0.0, first - at)
            at = max(at, end if last is None else last)
        return calm + max(0.0, end - at)
