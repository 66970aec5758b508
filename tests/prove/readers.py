"""Readers through nginx: each polls its walls with its cursors and checks every answer. Some come late, some go and
come back."""

import asyncio
import time

from http_client import Cut, HttpClient, Strange

ANSWER_SECONDS = 90  # a poll takes 60 s at most, nginx gives up after 75
SLEPT_SECONDS = 20  # of a calm deployment: a look takes one, also on a busy machine; a poll 55


class Reader:
    """ways: "stays"; "comes and goes"; "late", from the beginning; "late, from now", after a look at the history."""

    def __init__(self, user, way, token, walls, forbidden, port, ledger, calm, chance):
        self.name = f"reader {user}"
        self.user, self.way, self.token, self.walls, self.forbidden = user, way, token, walls, forbidden
        self.client = HttpClient(port)
        self.ledger, self.calm, self.chance = ledger, calm, chance
        self.last = {wall: 0 for wall in walls}
        self.back_at = 0.0
        self.hurry = asyncio.Event()  # no more absences: the end is near
        self.wrong = False
        self.polling_since = None

    async def run(self, late_by):
        try:
            if self.way.startswith("late"):
                await self._away(late_by)
            if self.way == "late, from now":
                await self._start_from_now()
            while not self.wrong:
                if (absent := self.back_at - time.monotonic()) > 0:
                    await self._away(absent)
                if self.way == "comes and goes" and not self.hurry.is_set() and self.chance.random() < 0.1:
                    if self.chance.random() < 0.5:
                        self.client.hang_up()
                    await self._away(self.chance.uniform(1, 8))
                await self._poll()
        except asyncio.CancelledError:
            raise
        except Exception as e:  # pylint: disable=broad-except
            self._violation("prove itself failed", f"{self.name}: {e!r}")
        finally:
            self.client.hang_up()

    def leave(self, seconds):
        self.back_at = time.monotonic() + seconds
        self.client.hang_up()

    async def _away(self, seconds):
        try:
            async with asyncio.timeout(seconds):
                await self.hurry.wait()
        except TimeoutError:
            pass

    async def _start_from_now(self):
        for wall in self.walls:
            while True:
                answer = await self._ask("GET", f"/api/walls/{wall}/posts?limit=1")
                if answer is not None:
                    self.last[wall] = answer["newest"]
                    break

    async def _ask(self, method, path, body=None):
        """What a 200 said; None after a pause, if it was something else."""
        try:
            status, retry_after, said = await self.client.ask(method, path, self.token, body, ANSWER_SECONDS)
        except Cut:
            self.ledger.count("reads cut")
            await asyncio.sleep(self.chance.uniform(0, 0.5))
            return None
        except TimeoutError:
            self._violation("no answer", f"{self.name} asked {method} {path} and had no answer within {ANSWER_SECONDS} s")
            return None
        except Strange as e:
            self._violation("a strange answer", f"{self.name}: {e}")
            return None
        if status in (503, 429):
            self.ledger.count("reads told to come again")
            await asyncio.sleep(min(retry_after, 2) * self.chance.random())
            return None
        if status != 200:
            self._violation("a read was refused", f"{self.name} asked {method} {path} with {body}: {status} {said}")
            return None
        return said

    async def _poll(self):
        asked = {str(wall): last for wall, last in self.last.items()}
        if self.forbidden and self.chance.random() < 0.2:
            asked[str(self.forbidden)] = 0
        self.polling_since = time.monotonic()
        said = await self._ask("POST", "/api/", {"last_post_id": asked})
        since, self.polling_since = self.polling_since, None
        if said is None:
            return
        for name, news in said["walls"].items():
            self._take(int(name), news, since)
        self.ledger.count("polls answered" if said["walls"] else "polls answered with nothing new")

    def check_that_it_sleeps_rightly(self, now):
        """A parked poll, while others know more."""
        for wall, last in self.last.items():
            known = self.ledger.known_since.get((wall, last + 1))
            if known and self.polling_since:
                self._check_wait(wall, last + 1, max(known, self.polling_since), now, "somebody was told of it")

    def _check_wait(self, wall, entry, since, now, why):
        waited = self.calm.seconds(since, now)
        if waited > SLEPT_SECONDS and not self.wrong:
            self._violation("a poll slept", f"{self.name} polls wall {wall} from {entry - 1}; entry {entry} was there ({why}), and "
                            f"for {waited:.1f} s in which nothing else was wrong it has not come", wall, entry)

    def _take(self, wall, news, since):
        if wall not in self.last:
            self._violation("an entry for somebody who may not see it", f"{self.name} may see walls {self.walls} and was given {news} of "
                            f"wall {wall}", wall)
            return
        if news.get("reset"):
            self._violation("a reset", f"{self.name} polled wall {wall} from {self.last[wall]} and was told that the newest entry is "
                            f"{news['newest']}, although nothing was restored", wall, self.last[wall])
            return
        now = time.monotonic()
        for entry in news["posts"]:
            expected = self.last[wall] + 1
            if entry["id"] != expected:
                what = "a gap" if entry["id"] > expected else "an entry twice, or out of order"
                self._violation(what, f"{self.name} held entry {expected - 1} of wall {wall}, expected {expected} and was given "
                                f"{entry['id']} in {[e['id'] for e in news['posts']]}", wall, expected)
                return
            self.last[wall] = expected
            post = self.ledger.received(wall, entry, self.name)
            if post and entry["kind"] == "post" and post.outcome == "acknowledged":
                self._check_wait(wall, expected, max(post.since, since), now, "its writer was told so")
        self.ledger.count("entries received", len(news["posts"]))

    def _violation(self, what, explanation, wall=None, entry=None):
        self.wrong = True
        self.ledger.violation(what, explanation, wall, entry)
