"""What every result says about where it comes from, how it is written, and cells of its tables."""

import json
import os
import pathlib
import subprocess
import time

from readings import machine

HERE = pathlib.Path(__file__).resolve().parent


def about(command):
    """What every result says about where it comes from."""
    dirty = subprocess.run(["git", "-C", HERE, "diff", "--quiet", "HEAD", "--", ":/fibers", ":/walls", ":/db", ":/fcgi_app"],
                           check=False).returncode
    commit = subprocess.check_output(["git", "-C", HERE, "rev-parse", "--short", "HEAD"], text=True).strip()
    return {"command": command, "commit": commit + (" with changes" if dirty else ""),
            "date": time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()), "machine": machine(),
            "load_average_before": os.getloadavg()[0]}


def write_result(name, result, markdown):
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(markdown, encoding="utf-8")
    print(markdown)


# --- what happened, in cells of a table

def percentiles(p):
    return f"{p['p50']:,.1f} / {p['p99']:,.1f} / {p['last']:,.1f}"


def verdict(t):
    """What the contract says about a tally, in a cell."""
    wrong = {k: t[k] for k in ("missing", "doubled", "gaps", "posted_twice") if t[k]}
    return f"{t['received']:,} of {t['expected']:,}" + (f", WRONG: {wrong}" if wrong else "")


def events(t):
    return ", ".join(f"{n:,} {what}" for what, n in sorted(t["events"].items())) or "none"


def median_of(rounds):
    """The round whose last receipt is the median one."""
    return sorted(rounds, key=lambda t: t["latency_ms"]["last"])[len(rounds) // 2]
