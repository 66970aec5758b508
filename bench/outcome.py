"""What every result says about where it comes from, how it is written, and cells of its tables."""

import json
import os
import pathlib
import subprocess
import time

from readings import machine

HERE = pathlib.Path(__file__).resolve().parent


def commit():
    """The last commit, and whether the product differs from it; a copy without git, or without its folder, has none."""
    def git(*words):
        return subprocess.run(["git", "-C", HERE, *words], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        last = git("rev-parse", "--short", "HEAD")
    except FileNotFoundError:
        return "unknown"
    if last.returncode:
        return "unknown"
    changed = git("diff", "--quiet", "HEAD", "--", ":/fibers", ":/walls", ":/db", ":/fcgi_app").returncode
    return last.stdout.strip() + (" with changes" if changed else "")


def about(command):
    """What every result says about where it comes from."""
    return {"command": command, "commit": commit(), "date": time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()),
            "machine": machine(), "load_average_before": os.getloadavg()[0]}


def write_result(name, result, markdown):
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(markdown, encoding="utf-8")
    print(markdown)


def percentiles_of(values):
    ordered = sorted(values) or [0.0]
    return {"p50": ordered[len(ordered) // 2], "p99": ordered[len(ordered) * 99 // 100], "last": ordered[-1]}


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
