"""One scenario: entries that stay, entries that the event loses, the event, new entries that take the lost ones'
numbers; and clients that stay, come back at once, stay away until their cursors were passed, or were not there at
all."""

import dataclasses
import os
import signal
import time

from events import Event
from journal import Journal
from judge import judge as judge_feeds
from ledger import Ledger
from load import PATIENCE, Load
from rig import wait_until
from stage import AUTHOR, WALLS, Stage
from verdict import agree, differences, judge, truth

BORN_LATE = WALLS + 1  # a wall that is made among the entries that get lost


@dataclasses.dataclass(frozen=True)
class Case:
    event: Event
    hosts: bool = False  # libpq's list of hosts, instead of one address that moves
    processes: int = 1
    restarted: int = 0  # how many of them are down while it happens
    passed: bool = True  # processes are held meanwhile: the lost numbers are given anew before anybody sees anything
    by_hand: bool = False  # the operator runs `pollster restored`
    untold: bool = False  # all that is lost was read by one client, as history, before any look saw it

    def __str__(self):
        down = {0: "keeps running" if self.processes == 1 else "keep running", self.processes: "restarted"}.get(self.restarted, "one restarted")
        words = [self.event.name, "several hosts" if self.hosts else "one address",
                 f"{self.processes} process{'es' if self.processes > 1 else ''}, {down}"]
        if self.event.loses:
            words.append("numbers passed unseen" if self.passed else "seen before numbers are passed")
        elif self.passed:
            words.append("held meanwhile")
        return "; ".join(words + ["pollster restored"] * self.by_hand + ["seen by no look"] * self.untold)


class NotThere(Exception):
    """Somebody has not what everybody must have by now."""


class Play:
    def __init__(self, stage, case, journal):
        self.stage, self.case, self.event, self.journal = stage, case, case.event, journal
        self.wrong, self.replaced, self.load = [], set(), None
        run_on = slice(case.restarted, None)  # the first processes are down meanwhile
        stage.until_settled = lambda: self.until_all_have_all("in the midst of it", [*self.stay[run_on], *self.stay_old[run_on]])
        users = iter(range(1, AUTHOR))

        def client(name, port, epochs=True):
            return stage.client(next(users), name, port, epochs)

        self.stay, self.stay_old = [], []
        for n, nginx in enumerate(stage.nginxes):
            self.stay.append(client(f"stays at process {n}", nginx.port))
            self.stay_old.append(client(f"stays at process {n}, without epochs", nginx.port, False))
        self.back = [client("comes back at once", stage.door)]
        self.back_old = [client("comes back at once, without epochs", stage.door, False)]
        self.away = [client("stays away until passed", stage.door)]
        self.away_old = [client("stays away until passed, without epochs", stage.door, False)]
        self.reader = [client("reads the history at last", stage.door)]
        self.behind = [client("left before", stage.door), client("left before, without epochs", stage.door, False)]
        self.new = [client("is new", stage.door), client("is new, without epochs", stage.door, False)]

    def everybody(self):
        return [*self.stay, *self.stay_old, *self.back, *self.back_old, *self.away, *self.away_old, *self.reader, *self.behind, *self.new]

    def promised(self):
        """Those who must end with what the database has. Without an epoch a cursor says only that it is too high, so
        after its number has been given anew only a server that had compared the poll with the old history can
        tell."""
        if not self.event.loses:
            return self.everybody()
        if not self.case.passed:
            old = [*self.stay_old, *self.back_old]
        else:
            old = self.stay_old[self.case.restarted:]
        return [*self.stay, *old, *self.back, *self.away, *self.reader, *self.behind, *self.new]

    # --- the acts

    def run(self):
        try:
            self.before()
            self.happen()
            self.afterwards()
        except NotThere as e:
            self.wrong.append(str(e))
        finally:
            if self.load:
                self.wrong += self.load.finish()
            self.stage.leave(self.everybody())
        self.judge()

    def before(self):
        stage, there = self.stage, [*self.stay, *self.stay_old, *self.back, *self.back_old, *self.away, *self.away_old]
        self.act("entries that stay")
        stage.come([*there, *self.behind])
        for wall in range(1, WALLS + 1):
            stage.say(f"kept-through-HTTP-on-{wall}", wall, f"kept-{wall}")
            stage.say(f"to-be-edited-on-{wall}", wall, f"edited-{wall}")
        stage.say_by_sql("kept", range(1, WALLS + 1), 2)
        self.until_all_have_all("entries that stay", [*there, *self.behind])
        stage.leave(self.behind)
        self.event.prepare(stage)
        self.act("entries that are lost" if self.event.loses else "more entries")
        if not self.case.untold:
            self.write_what_may_be_lost()
        self.until_all_have_all("entries before the event", there)
        stage.leave([*self.back, *self.back_old, *self.away, *self.away_old])
        for n in range(self.case.processes):
            wait_until("all polls are parked", lambda n=n: stage.parked(n) == 2)

    def happen(self):
        stage, event, down = self.stage, self.event, self.stage.pollsters[:self.case.restarted]
        if not event.loses:
            self.load = Load(stage)
        self.act(event.name)
        if self.case.untold:
            self.write_without_a_look()
        else:
            self.read_the_history()
        for pollster in down:
            pollster.stop()
        stage.hold(self.case.passed)
        cluster = event.strike(stage)
        stage.cluster = cluster
        if self.case.passed and event.loses:
            self.write_anew_by_sql()
        if event.moves:
            stage.point_to(cluster)
        stage.hold(False)
        if self.case.by_hand:
            self.restored_by_hand()
        for pollster in down:
            pollster.start()

    def afterwards(self):
        stage, event = self.stage, self.event
        self.act("clients come back")
        stage.come([*self.back, *self.back_old])
        if event.loses and not self.case.passed:
            self.until_all_have_all("right after the event", [*self.stay, *self.stay_old, *self.back, *self.back_old])
            self.write_anew_by_sql()
        if self.load:
            time.sleep(1)  # they go on for a while
            self.wrong += self.load.finish()
        # Who is to show that the scenario would fool somebody comes when every process has looked: one that had not
        # would compare it with the old history, and tell it.
        fooled = [client for client in self.away_old if client not in self.promised()]
        stage.come([c for c in (*self.away, *self.away_old, *self.reader, *self.behind, *self.new) if c not in fooled])
        self.until_all_have_all("after the event", self.promised())
        stage.come(fooled)
        self.act("a process is restarted later")
        resets = self.resets()
        stage.pollsters[0].stop()
        stage.pollsters[0].start()
        self.act("business as usual")
        status, _ = stage.say("lost-or-not-through-HTTP", 1, "lost-1")
        if status != (201 if event.loses else 200):
            self.wrong.append(f"a client key of before was answered {status}")
        for wall in range(1, WALLS + 1):
            stage.say(f"at-last-on-{wall}", wall, f"last-{wall}")
        self.until_all_have_all("business as usual", self.promised())
        if self.resets() != resets:
            self.wrong.append("there were resets when everything was over")

    def resets(self):
        return sum(len(shown.resets) for client in self.promised() for shown in client.shown.values())

    def act(self, name):
        self.journal.write(name)

    def write_what_may_be_lost(self):
        stage = self.stage
        # First: a poll is not told of a wall that its user gained, the next one is.
        self.make_wall("the first wall of its number", range(1, AUTHOR + 1))
        if not self.event.spares_http:
            stage.say("lost-or-not-through-HTTP", 1, "lost-1")
        stage.say_by_sql("lost-or-not", (1,), 2)
        stage.say_by_sql("lost-or-not", (3,), 3)
        if self.event.spares_http:
            stage.cluster.rows("update pollster_default.posts set body = %s where body = %s", (f"edited-on-{WALLS}", f"to-be-edited-on-{WALLS}"))
        else:
            self.edit_through_http(f"to-be-edited-on-{WALLS}", f"edited-on-{WALLS}")
        stage.cluster.rows("update pollster_default.posts set body = 'edited-by-SQL-on-2' where body = 'to-be-edited-on-2'")
        stage.cluster.rows("delete from pollster_default.posts where body = 'kept-1-by-SQL-on-2'")
        stage.written |= {f"edited-on-{WALLS}", "edited-by-SQL-on-2"}
        self.replaced = {f"to-be-edited-on-{WALLS}", "to-be-edited-on-2", "kept-1-by-SQL-on-2"}
        stage.say_by_sql("lost-or-not", (BORN_LATE,), 2)

    def read_the_history(self):
        self.stage.crowd.do(self.reader[0].read_all())

    def write_without_a_look(self):
        """The backends that look are held; they end with the primary."""
        looking = "select pid from pg_stat_activity where usename = 'pollster' and query like 'with before as materialized (select $2%'"
        stage = self.stage
        wait_until("processes look", lambda: len(stage.cluster.rows(looking)) == self.case.processes)
        for (pid,) in stage.cluster.rows(looking):
            os.kill(pid, signal.SIGSTOP)
        stage.say_by_sql("lost-or-not", (1,), 2)
        self.read_the_history()

    def edit_through_http(self, was, text):
        [(post,)] = self.stage.cluster.rows("select id from pollster.posts where body = %s", (was,))
        status, said = self.stage.ask("PATCH", f"/api/walls/{WALLS}/posts/{post}", {"body": text})
        if status != 200:
            raise RuntimeError(f"an edit was refused: {status} {said}")

    def make_wall(self, name, members):
        rows = self.stage.cluster.rows
        rows("insert into pollster_default.walls (id, name) values (%s, %s)", (BORN_LATE, name))
        rows("insert into pollster_default.memberships (user_id, wall_id) select unnest(%s::bigint[]), %s", (list(members), BORN_LATE))

    def write_anew_by_sql(self):
        """Wall 1 passes the lost numbers, wall 2 reaches them, wall 3 does not, wall 4 has a post for an edit; and
        another wall takes the number of the one that was born late: some who saw the first may see it, and some who
        did not."""
        stage = self.stage
        self.make_wall("the second wall of its number", [c.user for c in (*self.stay, *self.away, *self.new)])
        stage.say_by_sql("new", (1,), 5)
        stage.say_by_sql("new", (2,), 2)
        stage.say_by_sql("new", (3, WALLS), 1)
        stage.say_by_sql("new", (BORN_LATE,), 3)

    def restored_by_hand(self):
        try:
            self.stage.pollsters[0].administer("restored")
        except RuntimeError as e:
            self.wrong.append(str(e).strip())

    # --- judging

    def until_all_have_all(self, when, clients):
        """Not for ever: who does not get there is judged."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            late = self.stage.crowd.do(self.who_is_late(clients, truth(self.stage.cluster)))
            if not late:
                return
            time.sleep(0.1)
        raise NotThere(f"{when}, {PATIENCE:.0f} s later: {late[0]}; and {len(late) - 1} more")

    async def who_is_late(self, clients, walls):
        return [f"{c.name}: {d}" for c in clients if (d := differences(c, walls))]

    def judge(self):
        stage, clients = self.stage, self.promised()
        walls = truth(stage.cluster)
        there = {body for wall in walls.values() for _, _, body in wall.posts.values()}
        lost = stage.written - there
        saw = []
        if self.event.loses:
            saw = [*self.stay, *self.stay_old, *self.back, *self.back_old, *self.away, *self.reader]
            if self.case.untold:
                saw = self.reader
            elif not all(differences(client, walls) for client in self.away_old):
                self.wrong.append("nothing is shown: even a client that could not notice has everything right")
        elif lost != self.replaced:
            self.wrong.append(f"the database should have lost nothing, and has not {sorted(lost ^ self.replaced)}")
        # Who was not there cannot know whether another timeline has everything: then a new epoch is right, too.
        quiet = not self.event.loses and not (self.event.other_timeline and self.case.restarted)
        self.wrong += judge(clients, walls, lost if self.event.loses else set(), saw, quiet)
        self.wrong += agree(clients, walls)
        self.check_that_answers_agree(walls)
        ledger = self.load.ledger if self.load else Ledger(self.journal)
        judge_feeds(stage.cluster, ledger, [])
        self.wrong += [f"{v['what']}: {v['explanation']}" for v in ledger.violations]

    def check_that_answers_agree(self, walls):
        """What else carries an epoch says the same as the polls did, at each process."""
        held = {wall: self.stay[0].shown[wall].epoch for wall in range(1, WALLS + 1)}
        for nginx in self.stage.nginxes:
            _, said = self.stage.ask("GET", "/api/walls", port=nginx.port)
            told = {w["id"]: w.get("epoch") for w in said["walls"] if w["id"] in held}
            if told != held:
                self.wrong.append(f"GET /walls says the epochs {told}, polls say {held}")
            _, said = self.stage.ask("GET", "/api/walls/1/posts?limit=1", port=nginx.port)
            if said.get("epoch") != held[1]:
                self.wrong.append(f"the history says epoch {said.get('epoch')}, polls say {held[1]}")


def play(program, template, case):
    """What was wrong, and the folder with its logs."""
    stage = Stage(program, template, case)
    the_play = Play(stage, case, Journal(stage.folder.path / "restore.log", False))
    try:
        the_play.run()
    except Exception as e:  # pylint: disable=broad-except
        the_play.wrong.append(f"the scenario itself failed: {e!r}")
    finally:
        stage.end()
    return the_play.wrong, stage.folder
