"""Who uses the chat while bench/restarts restarts it: readers with parked polls, and callers of everything else. They
are good clients (docs/PROTOCOL.md, "Being a good client") and note whatever a user would notice."""

import asyncio
import collections
import json
import time

from outcome import percentiles_of


class Lost(Exception):
    """No whole answer came. `raced`: HTTP's own race. The connection had been kept, not a byte of an answer came, and
    the end came at once: the server closed it in the instant in which the request was sent."""

    def __init__(self, why, raced):
        super().__init__(why)
        self.raced = raced


# A request that its client gives up sooner, at the end of a part, may never have reached nginx.
YOUNG = 2.0  # seconds


class Link:
    """A kept HTTP/1.1 connection to nginx, one request at a time."""

    AT_ONCE = 1.0  # seconds; as in web/pollster/api.js

    def __init__(self, port):
        self.port = port
        self.reader = self.writer = None
        self.answered = 0  # on this connection

    async def ask(self, method, path, token, body=None, seconds=90):
        """(status, what the JSON says)."""
        if self.writer is not None and self.reader.at_eof():
            self.hang_up()  # closed meanwhile, and seen
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                if self.writer is None:
                    self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
                    self.answered = 0
                content = b"" if body is None else json.dumps(body).encode()
                head = f"{method} {path} HTTP/1.1\r\nHost: restarts\r\nAuthorization: Bearer {token}\r\n"
                if body is not None:
                    head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
                self.writer.write(head.encode() + b"\r\n" + content)
                await self.writer.drain()
                return await self._answer()
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as e:
            nothing_came = not getattr(e, "partial", b"")
            raced = self.answered > 0 and nothing_came and time.monotonic() - began < self.AT_ONCE
            self.hang_up()
            raise Lost(repr(e), raced) from e

    async def _answer(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        content = await self.reader.readexactly(int(headers["content-length"]))
        self.answered += 1
        if headers.get("connection") == "close":
            self.hang_up()
        return int(head[0].split()[1]), json.loads(content)

    def hang_up(self):
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None


class Tally:
    """What happened to the requests of one part of the run."""

    def __init__(self):
        self.sent = collections.Counter()      # by kind: poll, post, read …
        self.answered = collections.Counter()  # by status
        self.raced = 0                         # and repeated, unseen by the user
        self.failed = []                       # {"kind", "at", "after", "what"}: 5xx, and what was lost in flight
        self.waits = []                        # seconds from request to answer, of what does not park
        self.wrong = []                        # breaches of the contract

    def waits_ms(self):
        return percentiles_of(1e3 * seconds for seconds in self.waits)


class Client:
    """`stage.tally` is where it notes; it changes from part to part."""

    def __init__(self, stage, token, chance):
        self.stage, self.token, self.chance = stage, token, chance
        self.link = Link(stage.port)
        self.asking = None  # the kind of the request that is under way
        self.asked = 0.0    # since when

    async def ask(self, kind, method, path, body=None):
        """(status, what it says); status 0: lost. What was raced is repeated at once."""
        for attempt in range(3):
            tally = self.stage.tally
            self.asking, self.asked = kind, time.monotonic()
            self.stage.requests += 1
            tally.sent[kind] += 1
            try:
                status, said = await self.link.ask(method, path, self.token, body)
            except Lost as lost:
                if lost.raced and attempt < 2:
                    self.stage.raced += 1
                    tally.raced += 1
                    continue
                self._failed(kind, str(lost))
                return 0, None
            except asyncio.CancelledError:
                self.stage.abandoned += time.monotonic() - self.asked < YOUNG
                raise
            finally:
                self.asking = None
            tally.answered[status] += 1
            if kind != "poll":
                tally.waits.append(time.monotonic() - self.asked)
            if status >= 500:
                self._failed(kind, status)
            elif status >= 400:
                tally.wrong.append(f"{kind}: {status} {said}")
            return status, said
        return 0, None

    def _failed(self, kind, what):
        self.stage.tally.failed.append({"kind": kind, "at": self.asked, "after": time.monotonic() - self.asked, "what": what})


class Reader(Client):
    """Polls one wall and checks that each entry comes once, in order."""

    def __init__(self, stage, token, chance, wall):
        super().__init__(stage, token, chance)
        self.wall, self.cursor = str(wall), 0

    async def run(self):
        while True:
            status, said = await self.ask("poll", "POST", "/api/", {"last_post_id": {self.wall: self.cursor}})
            lasted = time.monotonic() - self.asked
            if status != 200:
                await asyncio.sleep(self.chance.uniform(0, 2))
                continue
            for entry in said["walls"].get(self.wall, {}).get("posts", []):
                if entry["id"] != self.cursor + 1:
                    self.stage.tally.wrong.append(f"wall {self.wall}: entry {entry['id']} after {self.cursor}")
                self.cursor = entry["id"]
            if not said["walls"]:
                early = self.chance.uniform(0, 2) if lasted < 1 else 0
                await asyncio.sleep(max(early, said.get("retry_ms", 0) / 1000))


class Caller(Client):
    """Asks for this and that, so many times a second, and posts."""

    def __init__(self, stage, token, chance, walls, rate):
        super().__init__(stage, token, chance)
        self.walls, self.rate = walls, rate
        self.posts = 0
        self.acknowledged = {}  # text -> (wall, entry)

    async def run(self):
        await asyncio.sleep(self.chance.uniform(0, 1 / self.rate))
        due = time.monotonic()
        while not self.stage.closing:
            due = max(due + 1 / self.rate, time.monotonic() - 1)
            wall = self.chance.choice(self.walls)
            pick = self.chance.random()
            if pick < 0.2:
                await self._post(wall)
            elif pick < 0.5:
                await self.ask("walls", "GET", "/api/walls")
            elif pick < 0.9:
                await self.ask("history", "GET", f"/api/walls/{wall}/posts?limit=5")
            else:
                await self.ask("read mark", "PUT", f"/api/walls/{wall}/read", {"id": 1})
            await asyncio.sleep(max(0, due - time.monotonic()))

    async def _post(self, wall):
        """The same key again until it is acknowledged."""
        self.posts += 1
        text = f"{self.token.rstrip('0')}{self.posts}"
        while not self.stage.closing:
            status, said = await self.ask("post", "POST", f"/api/walls/{wall}/posts", {"body": text, "client_key": text})
            if status in (200, 201):
                self.acknowledged[text] = (wall, said["post"]["id"])
                return
            await asyncio.sleep(self.chance.uniform(0, 2))
