"""What a run says in the end: for people, and as JSON."""

import json


def markdown(result):
    lines = [f"# Prove: {result['verdict']}", "",
             f"`{result['command']}`, seed {result['seed']}: {result['readers']} readers, {result['http_writers']} writers through HTTP, "
             f"{result['sql_writers']} by SQL, {result['walls']} walls, {result['seconds']:.0f} s.", ""]
    if "commit" in result:
        lines += [f"Commit {result['commit']}, {result['date']}, {result['machine']}.", ""]
    lines += ["| fault | times |", "| --- | ---: |"]
    for fault, of in result["faults"].items():
        missed = f" ({of['planned'] - of['done']} more found nothing to hurt)" if of["done"] < of["planned"] else ""
        lines.append(f"| {fault} | {'not possible here: ' + of['impossible'] if 'impossible' in of else str(of['done']) + missed} |")
    lines += ["", "| what happened | count |", "| --- | ---: |"]
    lines += [f"| {what} | {n:,} |" for what, n in sorted(result["counts"].items())]
    lines += ["", f"Compared in the end: {result['compared']}.", ""]
    for v in result["violations"][:20]:
        lines.append(f"- **{v['what']}** after {v['at']:.1f} s: {v['explanation']}")
    lines += ["", result["verdict_line"], ""]
    return "\n".join(lines)


def explain(result, folder, around):
    """For whoever has to find out why: the first violation, what went before, and where to look."""
    first = result["violations"][0]
    lines = [f"The first violation, after {first['at']:.2f} s: {first['what']}.", f"  {first['explanation']}", ""]
    lines += ["The faults before it:"] + [f"  {at:8.2f} s  {fault}" for at, fault in around["faults"]] + [""]
    if around["entries"]:
        lines += [f"Wall {first['wall']} in the database, around it:",
                  "  entry  post  kind  user  committed at (the entry's time)    text"]
        lines += ["  " + "  ".join(str(cell) for cell in row) for row in around["entries"]] + [""]
    lines += [f"Everything is in {folder}: prove.log (each fault with its second), pollster.log, postgres.log, nginx/logs.",
              f"The same schedule again: tests/prove/prove --seed {result['seed']} --seconds {result['asked_seconds']} "
              f"--readers {result['readers']}", ""]
    return "\n".join(lines)


def write(folder, name, result):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(markdown(result), encoding="utf-8")
