"""What bench/hundred_thousand does with its stage, and measures."""

import time

from hundred_people import Poster
from hundred_stage import PORT, Usage, alive, memory_available
from outcome import events
from readings import memory_bytes, slab_bytes
from rig import wait_until

PATIENCE = 120  # seconds, for entries and for everybody to wait again
# Of all who wait "again" while others post, or polls come to their end: the rest is on its way.
NEARLY_ALL = 0.995


class Steps:
    def __init__(self, stage, a):
        self.stage, self.a = stage, a
        self.ears, self.people = stage.ears, stage.people
        self.poster = Poster(stage.people, f"127.0.0.1:{PORT}")
        self.result = {}

    def all(self):
        self.result["empty"] = self.memory()
        self.result["parking"] = self.told("they connect", self.park())
        time.sleep(3)
        self.result["parked"] = self.memory()
        self.result["idle"] = self.told("they wait", self.idle())
        self.result["to_1000"] = [self.told("an entry to 1,000", self.one_entry(1)) for _ in range(5)]
        self.result["to_all"] = [self.told("an entry to all", self.one_entry(self.people.common)) for _ in range(3)]
        self.result["after_entries"] = self.memory()
        self.result["restarts"] = {
            "one": self.told("one process restarted", self.while_others_post(self.restart(self.stage.servers[:1]))),
            "all": self.told("all processes restarted", self.while_others_post(self.restart(self.stage.servers))),
            "reload": self.told("nginx reloaded", self.while_others_post(self.reload))}
        self.result["at_the_end"] = self.memory()
        self.result["nginx_errors"] = self.stage.nginx.errors()

    def told(self, what, t):
        """For whoever watches."""
        words = [f"{time.strftime('%H:%M:%S')} {'streams' if self.stage.streams else 'polls'}: {what}"]
        if "all_wait_after" in t:
            words.append(f"all wait after {t['all_wait_after']:.1f} s")
        if "expected" in t:
            last = t["latency_ms"]["last"]
            words.append(f"{t['entries']:,} of {t['expected']:,} heard, the last after {last:,.0f} ms")
        print(", ".join([*words, events(t), f"{t['asking']:,} wait"]), flush=True)
        return t

    def memory(self):
        """Bytes. `available` is what the kernel says that the host has left."""
        slab = slab_bytes()
        return {"available": memory_available(), "slab": sum(slab.values()),
                **{name: memory_bytes(pids()) for name, pids in self.stage.groups.items()}}

    def park(self):
        began = time.monotonic()
        usage = Usage(self.stage)
        self.ears.start(self.a.pace)
        last = self.people.clients / self.a.pace
        # From some 50 s on polls come to their end and begin again, so that never all of them wait.
        self.stage.until_all_wait(last + PATIENCE, 1.0 if last < 40 else NEARLY_ALL)
        return {"seconds": time.monotonic() - began, "cpu_percent": usage.percent(),
                "by_process": self.stage.parked_by_process(), **self.ears.take()}

    def idle(self):
        before, began, usage = self.stage.postgres.statements(), time.monotonic(), Usage(self.stage)
        time.sleep(self.a.idle)
        percent, asked = usage.percent(), self.stage.postgres.statements() - before
        return {"cpu_percent": percent, "statements_a_second": asked / (time.monotonic() - began),
                "seconds": self.a.idle, **self.ears.take()}

    def until_heard(self, expected):
        """Waits for them, and then for what would come twice. What does not come is told by tally()."""
        try:
            wait_until("all entries are heard", lambda: self.ears.heard() >= expected, PATIENCE)
        except RuntimeError:
            pass
        time.sleep(1)

    def one_entry(self, wall):
        self.stage.until_all_wait(PATIENCE, NEARLY_ALL)
        self.ears.take()
        self.poster.begin()
        self.poster.post(wall)
        self.until_heard(self.poster.expected)
        return self.tally()

    def tally(self):
        """Of what was posted since begin() and heard since take()."""
        t = self.ears.take()
        return {**t, "expected": self.poster.expected, "lost": max(0, self.poster.expected - t["entries"]),
                "posts": self.poster.posts, "posts_failed": self.poster.failed, "posts_raced": self.poster.raced,
                "acknowledged_ms": max(self.poster.waits, default=0.0)}

    def while_others_post(self, disturb):
        """`disturb()` says what it did. At the end everybody waits again and has heard everything, and then an entry
        to all is heard by all."""
        self.stage.until_all_wait(PATIENCE, NEARLY_ALL)
        self.ears.take()
        self.poster.begin()
        usage = Usage(self.stage)
        end = self.poster.meanwhile(self.a.rate)
        try:
            time.sleep(1)
            began = time.monotonic()
            story = disturb()
            story["disturbed"] = time.monotonic() - began
            self.stage.until_all_wait(PATIENCE, NEARLY_ALL)
            story["all_wait_after"] = time.monotonic() - began
            story |= self.afterwards(story)
        finally:
            end()
        self.until_heard(self.poster.expected)
        story |= {"seconds": time.monotonic() - began, "cpu_percent": usage.percent(),
                  "by_process": self.stage.parked_by_process(), **self.tally()}
        story["entry_to_all"] = self.one_entry(self.people.common)
        return story

    def afterwards(self, story):
        """How long nginx's old workers stay: until the last poll or stream in them has ended."""
        if "old_workers" not in story:
            time.sleep(3)
            return {}
        began = time.monotonic()
        try:
            wait_until("nginx's old workers go", lambda: not alive(story["old_workers"]), self.a.old_workers)
        except RuntimeError:
            pass
        return {"old_workers_stay": time.monotonic() - began, "old_workers_left": len(alive(story["old_workers"]))}

    def restart(self, servers):
        """As `systemctl restart pollster@$n` does, for one after the other: it returns when the new process answers."""
        def disturb():
            stops = []
            for s in servers:
                stops.append(s.stop())
                s.start()
            return {"stops": stops}
        return disturb

    def reload(self):
        return {"old_workers": self.stage.nginx.reload()}
