#!/usr/bin/python3
"""The parts of restore that judge, without a database: each thing that a client may show wrongly must be seen, and
nothing else."""

import asyncio
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "prove"), str(HERE.parent.parent / "bench")]
sys.dont_write_bytecode = True

from cases import every_case, some_cases  # noqa: E402
from client import Client  # noqa: E402
from verdict import Wall, agree, differences, judge, truth  # noqa: E402


def entry(number, body="a", post=None, kind="post", user=1):
    return {"id": number, "post_id": post or number, "kind": kind, "user_id": user, "body": body}


class Server:
    """Answers what it is told to, one after the other."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def ask(self, method, path, _, body, __):
        self.asked.append((method, path, body))
        answer = self.answers.pop(0)
        return (200, 0.0, answer) if isinstance(answer, dict) else (answer, 0.0, {})


def polls(*answers, epochs=True, times=1):
    """A client of wall 1 after that many polls, and what it was asked."""
    client = Client("ann", "token", [1], 0, epochs)
    client.user = 1
    client.http = Server(*answers)

    async def poll():
        for _ in range(times):
            await client._poll()
    asyncio.run(poll())
    assert not client.http.answers
    return client


def news(*entries, epoch=7):
    return {"walls": {"1": {"posts": list(entries), "epoch": epoch}}}


def reset(newest, epoch=8):
    return {"walls": {"1": {"posts": [], "reset": True, "newest": newest, "epoch": epoch}}}


def page(*entries, newest, epoch=8, before=None):
    return {"posts": list(entries), "more": before is not None, "newest": newest, "epoch": epoch} | ({"before": before} if before else {})


class Clients(unittest.TestCase):
    def test_keeps_what_it_is_shown_as_it_is_now(self):
        c = polls(news(entry(1, "a"), entry(2, "b")), news(entry(3, "A", 1, "edit"), entry(4, None, 2, "delete")), times=2)
        self.assertEqual(c.shown[1].posts, {1: (1, 1, "A")})
        self.assertEqual((c.shown[1].cursor, c.shown[1].epochs, c.wrong), (4, [7], []))
        self.assertEqual(c.seen[1], {"a", "b", "A", None})

    def test_sends_cursor_and_epoch(self):
        c = polls(news(entry(1)), {"walls": {}}, times=2)
        self.assertEqual([body for _, _, body in c.http.asked], [{"last_post_id": {"1": 0}, "epoch": {}},
                                                                 {"last_post_id": {"1": 1}, "epoch": {"1": 7}}])

    def test_of_before_sends_no_epoch(self):
        c = polls(news(entry(1)), {"walls": {}}, epochs=False, times=2)
        self.assertNotIn("epoch", c.http.asked[1][2])

    def test_obeys_a_reset(self):
        c = polls(news(entry(1), entry(2)), reset(3), page(entry(3, "c", 9), newest=3, before=3), page(entry(1, "x", 8), newest=4), times=2)
        self.assertEqual(c.shown[1].posts, {9: (3, 1, "c"), 8: (1, 1, "x")})
        self.assertEqual((c.shown[1].cursor, c.shown[1].epochs, c.wrong), (3, [7, 8], []))

    def test_reads_the_history_again_if_another_begins_meanwhile(self):
        another = page(entry(1, "x", 8), newest=1, epoch=9)
        c = polls(reset(3), page(entry(3, "c", 9), newest=3, before=3), another, another)
        self.assertEqual((c.shown[1].posts, c.shown[1].cursor, c.shown[1].epoch), ({8: (1, 1, "x")}, 1, 9))

    def test_tries_again_after_503(self):
        self.assertEqual(polls(503, news(entry(1))).shown[1].cursor, 1)

    def test_complains_of_a_gap(self):
        self.assertIn("at 1 it was given entry 3", polls(news(entry(1), entry(3))).wrong[0])

    def test_complains_of_an_entry_twice(self):
        self.assertIn("at 1 it was given entry 1", polls(news(entry(1), entry(1))).wrong[0])

    def test_complains_of_an_epoch_that_changes_without_a_reset(self):
        self.assertIn("without a reset", polls(news(entry(1)), news(entry(2), epoch=8), times=2).wrong[0])

    def test_complains_of_answers_without_an_epoch(self):
        self.assertEqual(polls({"walls": {"1": {"posts": [entry(1)]}}}).wrong, ["answers to polls carry no epoch"])

    def test_complains_of_a_refusal(self):
        self.assertIn("400", polls(400).wrong[0])


class Database:
    def rows(self, text):
        if "pollster.heads" in text:
            return [(1, 2), (2, 0)]
        return [(1, 4, 1, 1, "a"), (1, 5, 2, 1, "b")] if "pollster.posts" in text else [(1, 1), (2, 2)]


class Judge(unittest.TestCase):
    def setUp(self):
        self.walls = truth(Database())
        self.client = polls(news(entry(1, "a", 4), entry(2, "b", 5)))

    def judged(self, lost=(), saw=(), quiet=False):
        return judge([self.client], self.walls, set(lost), saw, quiet)

    def test_the_truth_is_read(self):
        self.assertEqual(self.walls, {1: Wall(2, {4: (1, 1, "a"), 5: (2, 1, "b")}, {1}), 2: Wall(0, {}, {2})})

    def test_a_right_screen_is_right(self):
        self.assertEqual(self.judged(quiet=True), [])

    def test_a_lost_entry_that_is_kept(self):
        self.client.shown[1].posts[9] = (3, 1, "z")
        self.assertIn("keeps 'z' (entry 3), which the database has lost", self.judged()[0])

    def test_a_new_entry_that_never_came(self):
        del self.client.shown[1].posts[5]
        self.assertIn("never got 'b' (entry 2)", self.judged()[0])

    def test_a_lost_edit_that_is_kept(self):
        self.client.shown[1].posts[5] = (2, 1, "edited")
        self.assertIn("shows post 5 as", self.judged()[0])

    def test_a_lost_post_under_the_number_of_a_new_one(self):
        self.client.shown[1].posts = {4: (1, 1, "a"), 6: (2, 1, "lost")}
        self.assertIn("keeps 'lost'", self.judged()[0])

    def test_a_cursor_that_is_not_the_newest(self):
        self.client.shown[1].cursor = 1
        self.assertIn("its cursor is 1", self.judged()[0])

    def test_a_wall_that_the_client_may_not_see_is_not_compared(self):
        self.client.user = 3
        self.client.shown[1].posts = {}
        self.assertEqual(differences(self.client, self.walls), "")

    def test_a_reset_for_nothing(self):
        self.client = polls(news(entry(1, "a", 4)), reset(2, 7), page(entry(1, "a", 4), entry(2, "b", 5), newest=2, epoch=7), times=2)
        self.assertIn("a reset on wall 1, although nothing was lost", self.judged(quiet=True)[0])
        self.assertEqual(self.judged(), [])

    def test_a_new_epoch_for_nothing(self):
        self.client.shown[1].hold(8)
        self.assertIn("had the epochs [7, 8]", self.judged(quiet=True)[0])
        self.assertEqual(self.judged(), [])

    def test_polls_that_spin(self):
        self.client.empty = 100
        self.assertIn("100 of its 1 polls", self.judged()[0])

    def test_a_client_that_never_had_what_was_lost(self):
        self.assertIn("nothing is shown", self.judged(lost=["z"], saw=[self.client])[0])
        self.client.seen[1].add("z")
        self.assertEqual(self.judged(lost=["z"], saw=[self.client]), [])

    def test_clients_that_hold_different_epochs(self):
        other = polls(news(entry(1), epoch=8))
        other.name = "bob"
        self.assertEqual(len(list(agree([self.client, other], self.walls))), 1)
        self.assertEqual(list(agree([self.client], self.walls)), [])


class Cases(unittest.TestCase):
    def test_have_names_of_their_own(self):
        for cases in (some_cases(), every_case()):
            self.assertEqual(len({str(c) for c in cases}), len(cases))

    def test_each_event_is_among_the_few(self):
        self.assertEqual({type(c.event) for c in some_cases()}, {type(c.event) for c in every_case()})


if __name__ == "__main__":
    unittest.main()
