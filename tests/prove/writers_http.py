"""Writers through nginx: each post is sent with its client_key until it is acknowledged, however long that takes."""

import asyncio
import time
import uuid

from http_client import Cut, HttpClient, Strange
from ledger import ACKNOWLEDGED

ANSWER_SECONDS = 30  # then the writer hangs up and sends again


class HttpWriter:
    def __init__(self, number, user, token, walls, port, ledger, chance, pause, lull):
        self.name = f"HTTP writer {number}"
        self.user, self.token, self.walls = user, token, walls
        self.clients = [HttpClient(port) for _ in range(3)]
        self.ledger, self.chance, self.pause, self.lull = ledger, chance, pause, lull
        self.number, self.sent = number, 0
        self.offers_changes = True  # until a server of an older kind says that it has no such route

    async def run(self, more):
        """Posts while `more()`; returns when the last post is acknowledged."""
        while more():
            await asyncio.sleep(self.chance.uniform(0, 2 * self.pause))
            if self.lull():
                continue
            self.sent += 1
            [wall] = self.walls.some(self.chance, 1)
            token = f"h{self.number}-{self.sent}"
            post = self.ledger.about_to_post(token, wall, self.name)
            body = {"body": f"{token} {'x' * self.chance.choice((1, 20, 2000))}",
                    "client_key": str(uuid.UUID(int=self.chance.getrandbits(128)))}
            twins = 3 if self.chance.random() < 0.05 else 1  # the same send several times at once
            hasty = self.chance.random() < 0.1  # hangs up without the answer, and sends again
            created = sum(await asyncio.gather(*(self._until_acknowledged(self.clients[n], post, body, hasty and n == 0)
                                                 for n in range(twins))))
            if created > 1:
                self.ledger.violation("posted twice", f"{self.name} was told 201 {created} times for the client_key of {token}", wall)
            self.ledger.came_out(post, ACKNOWLEDGED)
            self.ledger.count("posts acknowledged through HTTP")
            if self.chance.random() < 0.05:  # once more, long after
                await self._until_acknowledged(self.clients[0], post, body, False)
            elif self.offers_changes and self.chance.random() < 0.15:
                if self.chance.random() < 0.7:
                    await self.change(post, "edit", "PATCH", {"body": f"{token} edited {self.chance.getrandbits(40)}"})
                else:
                    await self.change(post, "delete", "DELETE")

    async def _until_acknowledged(self, client, post, body, hasty):
        """How many times the server said that it had created the post: 0 or 1."""
        while True:
            try:
                await client.send("POST", f"/api/walls/{post.wall}/posts", self.token, body)
                if hasty:
                    hasty = False
                    client.hang_up()
                    continue
                status, retry_after, said = await client.answer(ANSWER_SECONDS)
            except (Cut, TimeoutError):
                self.ledger.count("posts sent again")
                await asyncio.sleep(self.chance.uniform(0.05, 0.5))
                continue
            except Strange as e:
                self.ledger.violation("a strange answer", f"{self.name}: {e}")
                return 0
            if status in (503, 429):
                self.ledger.count("posts sent again")
                await asyncio.sleep(min(retry_after, 1) * self.chance.random())
                continue
            if status not in (200, 201):
                self.ledger.violation("a post was refused", f"{self.name} sent {post.token} to wall {post.wall}: {status} {said}")
                return 0
            entry = said["post"]
            told = (entry["id"], entry["post_id"])
            if post.entry_id is None:
                post.entry_id, post.post_id = told
                self.ledger.known_since.setdefault((post.wall, entry["id"]), time.monotonic())
            elif told != (post.entry_id, post.post_id):
                self.ledger.violation("posted twice", f"{self.name} sent {post.token} with one client_key and was told first "
                                      f"{(post.entry_id, post.post_id)}, then {told} (entry, post)", post.wall, entry["id"])
            return int(status == 201)

    async def change(self, post, kind, method, body=None):
        """Sent again until acknowledged, which is harmless: the same text makes no second entry, and what is gone is
        gone."""
        client, lost = self.clients[0], False
        while True:
            try:
                status, retry_after, said = await client.ask(method, f"/api/walls/{post.wall}/posts/{post.post_id}", self.token, body,
                                                             ANSWER_SECONDS)
            except (Cut, TimeoutError):
                lost = True
                self.ledger.count("changes sent again")
                await asyncio.sleep(self.chance.uniform(0.05, 0.5))
                continue
            except Strange as e:
                self.ledger.violation("a strange answer", f"{self.name}: {e}")
                return
            if status in (503, 429):
                lost = True  # 503 may be nginx's, of a server that died after its commit
                self.ledger.count("changes sent again")
                await asyncio.sleep(min(retry_after, 1) * self.chance.random())
                continue
            if status in (404, 405) and not lost:
                self.offers_changes = False
                self.ledger.count("writers whose server has no routes for edit and delete")
                return
            if status == 200 or (status == 404 and kind == "delete"):
                post.changes.append(kind)
                self.ledger.count("edits and deletions acknowledged through HTTP")
                return
            self.ledger.violation("a change was refused", f"{self.name} sent {method} for {post.token}: {status} {said}", post.wall)
            return

    def end(self):
        for client in self.clients:
            client.hang_up()
