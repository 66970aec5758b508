"""Readers of streams through nginx: they check every event as a poll's answer is checked. Some come back as an
EventSource does, with the address of the beginning and the id of the last event; some with an address of their own."""

import asyncio
import json
import time

from http_client import Cut, Strange
from readers import Reader

SILENT_SECONDS = 90  # a stream is never silent for 20; as long as a poll's reader waits for its answer
COME_BACK = ("time_up", "stopping", "unavailable")


class StreamReader(Reader):
    def __init__(self, *rest):
        super().__init__(*rest)
        self.name = f"stream {self.name}"
        self.as_event_source = self.chance.random() < 0.5
        self.asked = None  # where it began
        self.last_id = ""

    async def _poll(self):
        if self.asked is None or not self.as_event_source:
            self.asked, self.last_id = dict(self.last), ""
            if self.forbidden and self.chance.random() < 0.2:
                self.asked[self.forbidden] = 0
        query = "&".join(f"last_post_id%5B{wall}%5D={last}" for wall, last in self.asked.items())
        self.polling_since = time.monotonic()
        try:
            async for name, data, event_id in self.client.events(f"/api/events?{query}", self.token, self.last_id, SILENT_SECONDS):
                if not self._event(name, json.loads(data), event_id) or self._has_enough():
                    break
            self.ledger.count("streams ended")
        except Cut:
            self.ledger.count("reads cut")
        except TimeoutError:
            self._violation("a silent stream", f"{self.name} heard nothing for {SILENT_SECONDS} s, not even a comment")
        except (Strange, ValueError) as e:
            self._violation("a strange answer", f"{self.name}: {e}")
        self.client.hang_up()
        self.polling_since = None
        await asyncio.sleep(self.chance.uniform(0, 0.5))

    def _has_enough(self):
        return self.wrong or (self.way == "comes and goes" and not self.hurry.is_set() and self.chance.random() < 0.05)

    def _event(self, name, data, event_id):
        """False: it was the last one."""
        if name == "walls":
            for wall, news in data["walls"].items():
                self._take(int(wall), news, self.polling_since)
            self.ledger.count("events with entries")
            self.last_id = event_id
            self._check_id(event_id)
            return True
        if name == "access":
            if data["gained"] or any(wall in self.last for wall in data["lost"]):
                self._violation("a change of access", f"{self.name} may see {self.walls} and was told {data}")
            return True
        if name == "busy":
            self.ledger.count("reads told to come again")
            return False
        if name != "end" or data["reason"] not in COME_BACK:
            self._violation("a stream was refused", f"{self.name} was sent {name} {data}")
        return False

    def _check_id(self, event_id):
        told = {int(one.split(":")[0]): int(one.split(":")[1].split("@")[0]) for one in event_id.split(",")}
        if not self.wrong and any(told.get(wall) != last for wall, last in self.last.items()):
            self._violation("an id that is not where it stands", f"{self.name} holds {self.last}, the id of the event is {event_id}")
