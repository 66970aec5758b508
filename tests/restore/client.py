"""A client as PROTOCOL.md wants it: keeps what it was shown, and obeys `reset`. It knows nothing of what happens to
the database, so what it shows in the end tells whether somebody told it."""

import asyncio
import dataclasses

from http_client import Cut, HttpClient, Strange

ANSWER_SECONDS = 90  # a poll takes 60 s at most
HISTORY_LIMIT = 50
MANY = 20  # of what was wrong: then it gives up


@dataclasses.dataclass
class Shown:
    """One wall on the screen."""
    posts: dict = dataclasses.field(default_factory=dict)  # post -> (entry, user, text)
    cursor: int = 0
    epoch: int = None
    epochs: list = dataclasses.field(default_factory=list)  # all that were held, in their order
    resets: list = dataclasses.field(default_factory=list)  # the answers, with the cursor that was asked

    def hold(self, epoch):
        self.epoch = epoch
        if epoch not in self.epochs:
            self.epochs.append(epoch)

    def take(self, entry):
        """What the entry does to the screen; what is wrong with it."""
        if entry["id"] != self.cursor + 1:
            return f"at {self.cursor} it was given entry {entry['id']}"
        self.cursor += 1
        post, kind = entry["post_id"], entry["kind"]
        if entry["body"] is None or kind == "delete":
            self.posts.pop(post, None)
        elif kind == "post":
            self.posts[post] = (entry["id"], entry["user_id"], entry["body"])
        elif post in self.posts:
            first, user, _ = self.posts[post]
            self.posts[post] = (first, user, entry["body"])
        return ""


class Client:
    """epochs: whether it sends them; clients of before do not know them."""

    def __init__(self, name, token, walls, port, epochs=True):
        self.name, self.token, self.epochs = name, token, epochs
        self.http = HttpClient(port)
        self.shown = {wall: Shown() for wall in walls}
        self.seen = {wall: set() for wall in walls}  # every text that was ever on the screen
        self.wrong = []  # broken promises that show at once
        self.answers = self.empty = 0
        self.task = None

    # --- for whoever lets it come and go; in the event loop

    async def come(self):
        self.task = self.task or asyncio.create_task(self._poll_on())

    async def leave(self):
        """Keeps its screen."""
        task, self.task = self.task, None
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.http.hang_up()

    async def read_all(self):
        """As a page that is opened: the history of every wall, without a poll yet."""
        for wall in self.shown:
            await self._start_anew(wall)
        self.http.hang_up()

    # --- what it does

    def _complain(self, what):
        if what not in self.wrong:
            self.wrong.append(what)

    async def _poll_on(self):
        try:
            while len(self.wrong) < MANY:
                await self._poll()
        except asyncio.CancelledError:
            raise
        except Exception as e:  # pylint: disable=broad-except
            self._complain(f"the client itself failed: {e!r}")

    async def _ask(self, method, path, body=None):
        """What a 200 said, however often it takes; None if the request was refused."""
        while True:
            try:
                status, retry_after, said = await self.http.ask(method, path, self.token, body, ANSWER_SECONDS)
            except Cut:
                await asyncio.sleep(0.1)
                continue
            except (Strange, TimeoutError) as e:
                self._complain(f"{method} {path} {body}: {e!r}")
                return None
            if status == 200:
                return said
            if status in (503, 429):
                await asyncio.sleep(min(retry_after, 0.3))
                continue
            if status != 403:  # of a wall that was lost
                self._complain(f"{method} {path} {body}: {status} {said}")
            return None

    async def _poll(self):
        asked = {"last_post_id": {str(wall): s.cursor for wall, s in self.shown.items()}}
        if self.epochs:
            asked["epoch"] = {str(wall): s.epoch for wall, s in self.shown.items() if s.epoch is not None}
        said = await self._ask("POST", "/api/", asked)
        if said is None:
            return
        self.answers += 1
        self.empty += not said["walls"]
        for wall, news in said["walls"].items():
            await self._take(int(wall), news)

    async def _take(self, wall, news):
        shown = self.shown[wall]
        if news.get("reset"):
            shown.resets.append({"cursor": shown.cursor, "epoch": shown.epoch, **news})
            await self._start_anew(wall)
            return
        if self.epochs:
            if "epoch" not in news:
                self._complain("answers to polls carry no epoch")
            elif shown.epoch not in (None, news["epoch"]):
                self._complain(f"wall {wall} went from epoch {shown.epoch} to {news['epoch']} without a reset: {news}")
            shown.hold(news.get("epoch"))
        for entry in news["posts"]:
            if problem := shown.take(entry):
                self._complain(f"wall {wall}: {problem} in {news}")
                await asyncio.sleep(1)  # what was wrong once is wrong again
                return
            self.seen[wall].add(entry["body"])

    async def _start_anew(self, wall):
        """Drops the wall and reads its history; goes on from the newest entry and the epoch of the first page."""
        shown = self.shown[wall]
        if len(shown.resets) > 10:
            self._complain(f"wall {wall} is reset without end: {shown.resets[-3:]}")
        before = ""
        posts, first = {}, None
        while True:
            page = await self._ask("GET", f"/api/walls/{wall}/posts?limit={HISTORY_LIMIT}{before}")
            if page is None:
                return
            if self.epochs and "epoch" not in page:
                self._complain("the history carries no epoch")
            if first is not None and page.get("epoch") != first.get("epoch"):
                posts, first, before = {}, None, ""  # another history began meanwhile
                continue
            first = first or page
            for entry in page["posts"]:
                posts[entry["post_id"]] = (entry["id"], entry["user_id"], entry["body"])
                self.seen[wall].add(entry["body"])
            if not page["more"]:
                break
            before = f"&before={page['before']}"
        shown.posts, shown.cursor = posts, first["newest"]
        if self.epochs:
            shown.hold(first.get("epoch"))
