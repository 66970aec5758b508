"""What everybody was told: the writers about their posts, the readers about the feed. Violations of the contract end
up here, the first one stops the run. Shared by the event loop and the threads of the SQL writers."""

import threading
import time

SENT, ACKNOWLEDGED, ROLLED_BACK, UNKNOWN = "sent", "acknowledged", "rolled back", "unknown"


class Post:
    """Identified by its text's first word, which nobody else uses."""
    __slots__ = ("token", "wall", "writer", "outcome", "since", "post_id", "entry_id", "changes")

    def __init__(self, token, wall, writer):
        self.token, self.wall, self.writer = token, wall, writer
        self.outcome, self.since = SENT, time.monotonic()
        self.post_id = self.entry_id = None
        self.changes = []  # acknowledged: "edit", "delete"


class Ledger:
    def __init__(self, log):
        self.log = log
        self.posts = {}  # token -> Post
        self.feed = {}  # (wall, entry) -> (post, kind, user), as the first reader had it
        self.known_since = {}  # (wall, entry) -> when somebody was told of it first
        self.violations = []
        self.counts = {}
        self.lock = threading.Lock()
        self.violated = threading.Event()
        self.ended = False  # what a client sees while everything is taken down means nothing

    def about_to_post(self, token, wall, writer):
        post = Post(token, wall, writer)
        with self.lock:
            self.posts[token] = post
        return post

    def came_out(self, post, outcome):
        with self.lock:
            post.outcome, post.since = outcome, time.monotonic()

    def count(self, what, n=1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + n

    def received(self, wall, entry, by):
        """A reader was given an entry. Compared with what the others were given and what its writer knows."""
        what = (entry["post_id"], entry["kind"], entry["user_id"])
        number = entry["id"]
        first = self.feed.setdefault((wall, number), what)
        self.known_since.setdefault((wall, number), time.monotonic())
        if first != what:
            self.violation("the readers do not agree", f"{by} was given entry {number} of wall {wall} as {what}, "
                           f"another reader as {first} (post, kind, user)", wall, number)
        if entry["body"] is None:
            return None
        post = self.posts.get(entry["body"].split(" ", 1)[0])
        if post is None:
            self.violation("a text that nobody wrote", f"{by} was given entry {number} of wall {wall}: {entry}", wall, number)
        elif post.wall != wall:
            self.violation("an entry on the wrong wall", f"{by} was given entry {number} of wall {wall} with the text "
                           f"{post.token}, which {post.writer} wrote on wall {post.wall}", wall, number)
        elif post.outcome == ROLLED_BACK:
            self.violation("a post that was rolled back was delivered", f"{by} was given entry {number} of wall {wall} with the "
                           f"text {post.token}, which {post.writer} rolled back", wall, number)
        return post

    def violation(self, what, explanation, wall=None, entry=None):
        with self.lock:
            if self.ended:
                return
            self.violations.append({"what": what, "explanation": explanation, "wall": wall, "entry": entry, "at": self.log.seconds()})
        self.log.write(f"VIOLATION: {what}: {explanation}")
        self.violated.set()
