"""What /proc says about processes and the machine: CPU, memory, descriptors."""

import os
import pathlib
import time


def children_of(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def cpu_seconds(pids):
    """Of those processes and of their children that have ended. `pids`: a function, because one may end meanwhile."""
    for _ in range(20):
        try:
            total = 0
            for pid in pids():
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
                total += sum(map(int, fields[11:15]))
            return total / os.sysconf("SC_CLK_TCK")
        except FileNotFoundError:
            time.sleep(0.05)
    raise RuntimeError("processes come and go too fast to be measured")


def memory_bytes(pids):
    """What they share is counted once (Pss)."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def page_table_bytes(pids):
    return sum(int(line.split()[1]) * 1024 for pid in pids
               for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
               if line.startswith("VmPTE"))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def slab_bytes():
    """{cache: bytes in use} of the kernel."""
    found = {}
    for line in pathlib.Path("/proc/slabinfo").read_text(encoding="ascii").splitlines()[2:]:
        name, active, _, size, *_ = line.split()
        found[name] = int(active) * int(size)
    return found


class Usage:
    """CPU of groups of processes between two moments, in percent of a core."""

    def __init__(self, **groups):
        self.groups, self.began = groups, time.monotonic()
        self.before = {name: cpu_seconds(pids) for name, pids in groups.items()}

    def percent(self):
        seconds = time.monotonic() - self.began
        return {name: 100 * (cpu_seconds(pids) - self.before[name]) / seconds for name, pids in self.groups.items()}


def machine():
    model = next(line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="ascii") if "model name" in line)
    memory = int(open("/proc/meminfo", encoding="ascii").readline().split()[1]) >> 20
    return f"{model}, {os.cpu_count()} cores, {memory} GiB; Linux {os.uname().release}"
