"""The verdict: what the database holds in the end, compared with what every writer and every reader was told."""

from ledger import ACKNOWLEDGED, ROLLED_BACK


def judge(postgres, ledger, readers):
    """Adds what is wrong to the ledger's violations; returns what was compared, for the report."""
    entries = {}  # wall -> [(entry, post, kind, user)]
    for wall, *entry in postgres.rows("select wall_id, id, post_id, kind, user_id from pollster.entries order by wall_id, id"):
        entries.setdefault(wall, []).append(tuple(entry))
    heads = dict(postgres.rows("select wall_id, last_entry from pollster.heads"))
    texts = postgres.rows("select id, wall_id, split_part(body, ' ', 1) from pollster.posts")
    _feeds(ledger, entries, heads)
    _posts(ledger, entries, texts)
    _readers(ledger, entries, heads, readers)
    return {"walls": len(entries), "entries": sum(map(len, entries.values())), "posts": len(texts), "readers": len(readers)}


def _feeds(ledger, entries, heads):
    for wall, feed in entries.items():
        numbers = [number for number, *_ in feed]
        if numbers != list(range(1, len(numbers) + 1)):
            missing = next(n for n in range(1, len(numbers) + 2) if n > len(numbers) or numbers[n - 1] != n)
            ledger.violation("the feed has a gap", f"wall {wall} has {len(numbers)} entries up to {numbers[-1]}, and no entry {missing}",
                             wall, missing)
        if heads.get(wall) != numbers[-1]:
            ledger.violation("the head is wrong", f"wall {wall} ends with entry {numbers[-1]} and its head says {heads.get(wall)}", wall,
                             numbers[-1])


def _posts(ledger, entries, texts):
    announced = {}  # post -> [(wall, entry, kind)]
    for wall, feed in entries.items():
        for number, post_id, kind, _ in feed:
            announced.setdefault(post_id, []).append((wall, number, kind))
    of_text = {}
    for post_id, _, token in texts:
        of_text.setdefault(token, []).append(post_id)

    for post_id, _, token in texts:
        if sum(kind == "post" for _, _, kind in announced.get(post_id, [])) != 1:
            ledger.violation("a post without its entry", f"post {post_id} ({token}) is in the table and in the feed as "
                             f"{announced.get(post_id, [])}")
    for token, ids in of_text.items():
        if len(ids) > 1:
            ledger.violation("posted twice", f"{token} is in the table as posts {ids}")
    for post in ledger.posts.values():
        ids = of_text.get(post.token, [])
        if post.outcome == ROLLED_BACK and ids:
            ledger.violation("a post that was rolled back is there", f"{post.writer} rolled {post.token} back; it is post {ids}", post.wall)
        if post.outcome != ACKNOWLEDGED:
            continue
        found = announced.get(post.post_id, [])
        as_post = [(wall, number) for wall, number, kind in found if kind == "post"]
        if len(as_post) != 1 or as_post[0][0] != post.wall or post.entry_id not in (None, as_post[0][1]):
            ledger.violation("an acknowledged post is lost", f"{post.writer} was told that {post.token} is post {post.post_id}, entry "
                             f"{post.entry_id} of wall {post.wall}; the feed has {found}", post.wall, post.entry_id)
        for kind in ("edit", "delete"):
            least, most = post.changes.count(kind), sum(kind in c for c in post.changes)
            if not least <= sum(k == kind for _, _, k in found) <= most:
                ledger.violation("an acknowledged change is lost", f"{post.writer} did {post.changes} to {post.token}, post "
                                 f"{post.post_id}; the feed has {found}", post.wall)


def _readers(ledger, entries, heads, readers):
    for (wall, number), what in ledger.feed.items():
        feed = entries.get(wall, [])
        if number > len(feed) or feed[number - 1] != (number, *what):
            ledger.violation("readers and database do not agree", f"entry {number} of wall {wall} was delivered as {what} and the "
                             f"database has {feed[number - 1] if number <= len(feed) else 'nothing'}", wall, number)
    # Each reader took its entries one by one (last + 1), so its end tells all.
    for reader in readers:
        for wall, last in reader.last.items():
            if last != heads.get(wall, 0) and not reader.wrong:
                ledger.violation("an entry was not received", f"{reader.name} ({reader.way}) has wall {wall} up to {last}, its newest "
                                 f"is {heads.get(wall, 0)}", wall, last + 1)
