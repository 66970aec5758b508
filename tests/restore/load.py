"""Writers who go on while it happens, those of tests/prove: all that was acknowledged to them must be there in the
end, once."""

import asyncio
import random

from ledger import Ledger
from rig import wait_until
from stage import AUTHOR, WALLS
from walls import Walls
from writers_http import HttpWriter
from writers_sql import SqlWriter

PAUSE = 0.05  # seconds between two posts of a writer
PATIENCE = 45.0  # seconds until everybody must have everything; a poll that sleeps takes 55


class Load:
    def __init__(self, stage):
        self.stage, self.writing = stage, True
        self.ledger = Ledger(Quiet())
        walls = Walls(WALLS)
        token = stage.people.token
        never = lambda: False  # noqa: E731
        self.http = [HttpWriter(n, AUTHOR - 1, token(AUTHOR - 1), walls, stage.door, self.ledger, random.Random(n), PAUSE, never)
                     for n in (1, 2)]
        self.sql = [SqlWriter(1, AUTHOR, walls, stage, self.ledger, random.Random(3), PAUSE, lambda: self.writing, never)]

        async def begin():
            return [asyncio.create_task(w.run(lambda: self.writing)) for w in self.http]
        self.tasks = stage.crowd.do(begin())
        for writer in self.sql:
            writer.start()
        wait_until("writers write", lambda: self.ledger.counts.get("posts acknowledged through HTTP", 0) > 5
                   and self.ledger.counts.get("posts committed by SQL", 0) > 1)

    def finish(self):
        """Returns when each writer has its last answer; what was wrong. Again: does nothing."""
        wrong = []
        if not self.writing:
            return wrong
        self.writing = False

        async def all_done():
            await asyncio.wait_for(asyncio.gather(*self.tasks), PATIENCE)
        try:
            self.stage.crowd.do(all_done())
        except TimeoutError:
            wrong.append(f"posts were not acknowledged within {PATIENCE:.0f} s after the event")
        for writer in self.sql:
            writer.join(PATIENCE)

        async def hang_up():
            for writer in self.http:
                writer.end()
        self.stage.crowd.do(hang_up())
        return wrong


class Quiet:
    """The ledger's log."""

    def write(self, _):
        pass

    def seconds(self):
        return 0.0
