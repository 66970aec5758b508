#!/usr/bin/python3
"""The parts of prove that judge, without a deployment: each breach must be seen, and nothing else."""

import asyncio
import pathlib
import random
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "bench")]
sys.dont_write_bytecode = True

from calm import RECOVERY, Calm  # noqa: E402
from http_client import Cut  # noqa: E402
from judge import judge  # noqa: E402
from ledger import ACKNOWLEDGED, ROLLED_BACK, UNKNOWN, Ledger  # noqa: E402
from readers import SLEPT_SECONDS, Reader  # noqa: E402
from schedule import CALM_EVERY, calm, lull, plan  # noqa: E402
from writers_http import HttpWriter  # noqa: E402


class Silent:
    def write(self, _):
        pass

    def seconds(self):
        return 0.0


class Database:
    """Answers the judge's three questions."""

    def __init__(self):
        self.entries, self.texts, self.heads = [], [], {}

    def post(self, post_id, token, wall=1, number=None):
        self.heads[wall] = number or self.heads.get(wall, 0) + 1
        self.entries.append((wall, self.heads[wall], post_id, "post", 1))
        self.texts.append((post_id, wall, token))
        return self

    def rows(self, text):
        if "pollster.entries" in text:
            return sorted(self.entries)
        return list(self.heads.items()) if "pollster.heads" in text else self.texts


def reader(ledger, last=0, calm=None):
    r = Reader(1, "stays", "token", [1], 2, 0, ledger, calm or Calm(), None)
    r.last[1] = last
    return r


def entry(number, body="a", post_id=None, kind="post"):
    return {"id": number, "post_id": post_id or number, "kind": kind, "user_id": 1, "body": body}


def sent(ledger, token, outcome, post_id=None):
    post = ledger.about_to_post(token, 1, "writer")
    post.post_id = post_id
    ledger.came_out(post, outcome)
    return post


class Breaches(unittest.TestCase):
    def setUp(self):
        self.ledger, self.database = Ledger(Silent()), Database()

    def told(self):
        return [v["what"] for v in self.ledger.violations]

    def judged(self, *readers):
        judge(self.database, self.ledger, readers)
        return self.told()

    def test_a_right_run_is_right(self):
        self.database.post(1, "a").post(2, "b")
        sent(self.ledger, "a", ACKNOWLEDGED, 1)
        sent(self.ledger, "b", UNKNOWN)
        sent(self.ledger, "c", UNKNOWN)
        sent(self.ledger, "d", ROLLED_BACK)
        r = reader(self.ledger)
        r._take(1, {"posts": [entry(1, "a"), entry(2, "b")]}, 0.0)
        self.assertEqual(self.judged(r), [])

    def test_an_acknowledged_post_that_is_not_there(self):
        sent(self.ledger, "a", ACKNOWLEDGED, 1)
        self.assertEqual(self.judged(), ["an acknowledged post is lost"])

    def test_an_entry_other_than_the_one_that_was_acknowledged(self):
        self.database.post(1, "a")
        sent(self.ledger, "a", ACKNOWLEDGED, 1).entry_id = 2
        self.assertEqual(self.judged(), ["an acknowledged post is lost"])

    def test_an_unacknowledged_post_that_is_there_twice(self):
        self.database.post(1, "a").post(2, "a")
        sent(self.ledger, "a", UNKNOWN)
        self.assertEqual(self.judged(), ["posted twice"])

    def test_a_rolled_back_post_that_is_there(self):
        self.database.post(1, "a")
        sent(self.ledger, "a", ROLLED_BACK)
        self.assertEqual(self.judged(), ["a post that was rolled back is there"])

    def test_a_gap_in_the_feed(self):
        self.database.post(1, "a").post(2, "b", number=3)
        self.assertEqual(self.judged(), ["the feed has a gap"])

    def test_a_head_that_is_not_the_newest_entry(self):
        self.database.post(1, "a").heads[1] = 2
        self.assertEqual(self.judged(), ["the head is wrong"])

    def test_a_post_without_its_entry(self):
        self.database.texts.append((1, 1, "a"))
        self.assertEqual(self.judged(), ["a post without its entry"])

    def test_an_acknowledged_edit_that_is_not_there(self):
        self.database.post(1, "a")
        sent(self.ledger, "a", ACKNOWLEDGED, 1).changes.append("edit")
        self.assertEqual(self.judged(), ["an acknowledged change is lost"])

    def test_a_reader_that_has_not_all(self):
        self.database.post(1, "a").post(2, "b")
        self.assertEqual(self.judged(reader(self.ledger, last=1)), ["an entry was not received"])

    def test_a_reader_that_was_given_something_else(self):
        self.database.post(1, "a")
        sent(self.ledger, "a", ACKNOWLEDGED, 1)
        r = reader(self.ledger)
        r._take(1, {"posts": [entry(1, "a", post_id=7)]}, 0.0)
        self.assertEqual(self.judged(r), ["readers and database do not agree"])


class Answers(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger(Silent())
        sent(self.ledger, "a", UNKNOWN)

    def given(self, *entries, wall=1, last=0):
        reader(self.ledger, last)._take(wall, {"posts": list(entries)}, 0.0)
        return [v["what"] for v in self.ledger.violations]

    def test_the_next_entries_are_right(self):
        self.assertEqual(self.given(entry(5), entry(6, None, kind="delete"), last=4), [])

    def test_a_gap(self):
        self.assertEqual(self.given(entry(5), entry(7), last=4), ["a gap"])

    def test_an_entry_twice(self):
        self.assertEqual(self.given(entry(4), last=4), ["an entry twice, or out of order"])

    def test_a_wall_that_the_reader_may_not_see(self):
        self.assertEqual(self.given(entry(1), wall=2), ["an entry for somebody who may not see it"])

    def test_a_reset(self):
        reader(self.ledger, 3)._take(1, {"posts": [], "reset": True, "newest": 2}, 0.0)
        self.assertEqual(self.ledger.violations[0]["what"], "a reset")

    def test_a_text_that_nobody_wrote(self):
        self.assertEqual(self.given(entry(1, "z")), ["a text that nobody wrote"])

    def test_a_text_that_was_rolled_back(self):
        sent(self.ledger, "r", ROLLED_BACK)
        self.assertEqual(self.given(entry(1, "r")), ["a post that was rolled back was delivered"])

    def test_two_readers_that_were_given_different_things(self):
        self.given(entry(1, post_id=1))
        self.assertEqual(self.given(entry(1, post_id=2)), ["the readers do not agree"])


class Server:
    """Answers what it is told to, one after the other."""

    def __init__(self, *answers):
        self.answers = list(answers)

    async def ask(self, *_):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer, 0.0, {}


class Changes(unittest.TestCase):
    def changed(self, kind, *answers):
        ledger = Ledger(Silent())
        post = sent(ledger, "a", ACKNOWLEDGED, 1)
        writer = HttpWriter(1, 1, "token", None, 0, ledger, random.Random(1), 0, None)
        server = writer.clients[0] = Server(*answers)
        asyncio.run(writer.change(post, kind, "METHOD"))
        self.assertEqual(server.answers, [])
        return post.changes, [v["what"] for v in ledger.violations], writer.offers_changes

    def test_is_sent_until_it_is_acknowledged(self):
        self.assertEqual(self.changed("edit", Cut(), 503, TimeoutError(), 200), (["edit"], [], True))

    def test_a_deletion_whose_answer_was_lost_is_done(self):
        self.assertEqual(self.changed("delete", Cut(), 404), (["delete"], [], True))

    def test_an_edit_of_a_post_that_has_vanished_is_wrong(self):
        self.assertEqual(self.changed("edit", Cut(), 404), ([], ["a change was refused"], True))

    def test_a_server_without_the_route_is_left_alone(self):
        self.assertEqual(self.changed("edit", 405), ([], [], False))


class Sleep(unittest.TestCase):
    def setUp(self):
        self.ledger, self.calm = Ledger(Silent()), Calm()
        self.reader = reader(self.ledger, 4, self.calm)
        self.reader.polling_since = 100.0

    def slept(self, now):
        self.reader.check_that_it_sleeps_rightly(now)
        return [v["what"] for v in self.ledger.violations]

    def test_a_poll_may_sleep_while_nobody_knows_more(self):
        self.ledger.known_since[(1, 4)] = 0.0
        self.assertEqual(self.slept(200.0), [])

    def test_a_poll_may_not_sleep_while_others_know_more(self):
        self.ledger.known_since[(1, 5)] = 90.0
        self.assertEqual(self.slept(100.0 + SLEPT_SECONDS), [])
        self.assertEqual(self.slept(100.1 + SLEPT_SECONDS), ["a poll slept"])

    def test_the_time_of_a_fault_does_not_count(self):
        self.ledger.known_since[(1, 5)] = 90.0
        self.calm.over(self.calm.fault_begins(95.0), 101.0)
        self.assertEqual(self.slept(101.0 + RECOVERY + SLEPT_SECONDS), [])
        self.assertEqual(self.slept(101.1 + RECOVERY + SLEPT_SECONDS), ["a poll slept"])


class Calms(unittest.TestCase):
    def test_faults_that_overlap_count_once(self):
        calm = Calm()
        first, second = calm.fault_begins(10.0), calm.fault_begins(11.0)
        calm.over(second, 12.0)
        calm.over(first, 20.0)
        self.assertEqual(calm.seconds(0.0, 100.0), 10.0 + 80.0 - RECOVERY)

    def test_a_fault_that_is_not_over_leaves_no_calm(self):
        calm = Calm()
        calm.fault_begins(10.0)
        self.assertEqual(calm.seconds(10.0, 100.0), 0.0)


class Schedules(unittest.TestCase):
    def test_a_seed_replays_its_schedule(self):
        self.assertEqual(plan(7, 100, ["a", "b"]), plan(7, 100, ["a", "b"]))
        self.assertNotEqual(plan(7, 100, ["a", "b"]), plan(8, 100, ["a", "b"]))

    def test_each_fault_comes_once_in_a_round(self):
        faults = [str(n) for n in range(20)]
        events = [e.fault for e in plan(7, 200, faults)]
        self.assertGreater(len(events), 60)
        for first in range(0, 60, 20):
            self.assertEqual(sorted(events[first:first + 20]), sorted(faults))

    def test_no_fault_begins_in_a_calm(self):
        events = plan(7, 600, ["a"])
        self.assertFalse([e for e in events if calm(e.at)])

    def test_a_lull_is_long_enough_to_find_a_poll_that_sleeps(self):
        lulls = [at for at in range(int(CALM_EVERY)) if lull(at)]
        self.assertTrue(all(calm(at) for at in lulls))
        self.assertGreater(len(lulls), RECOVERY + SLEPT_SECONDS + 5)


if __name__ == "__main__":
    unittest.main()
