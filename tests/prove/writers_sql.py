"""Writers as in psql, or an application of its own: plain statements on the table of posts, one thread each. They
know nothing of entries; what they know for sure is what they committed and what they rolled back."""

import threading
import time

import psycopg2

from ledger import ACKNOWLEDGED, ROLLED_BACK, UNKNOWN

DEADLOCK = "40P01"


class SqlWriter(threading.Thread):
    def __init__(self, number, user, walls, postgres, ledger, chance, pause, more, lull):
        super().__init__(name=f"SQL writer {number}", daemon=True)
        self.number, self.user, self.walls = number, user, walls
        self.postgres, self.ledger, self.chance, self.pause = postgres, ledger, chance, pause
        self.more, self.lull = more, lull
        self.connection = None
        self.sent = 0
        self.mine = []  # committed and not deleted

    def run(self):
        kinds = (self.one, self.one, self.several, self.several, self.rolled_back, self.half_rolled_back, self.numbered_early,
                 self.idle, self.edit, self.delete)
        try:
            while self.more():
                time.sleep(self.chance.uniform(0, 2 * self.pause))
                if not self.lull():
                    self.chance.choice(kinds)()
        except Exception as e:  # pylint: disable=broad-except
            self.ledger.violation("prove itself failed", f"{self.name}: {e!r}")
        finally:
            if self.connection:
                self.connection.close()

    # --- transactions

    def one(self):
        self._transaction(self._posts(1), self._soon)

    def several(self):
        """On several walls, in any order: two of these may wait for each other, and one is told 40P01."""
        self._transaction(self._posts(self.chance.randint(2, 5)), self._soon, "retry")

    def rolled_back(self):
        self._transaction(self._posts(self.chance.randint(1, 3)), self._soon, "roll back")

    def half_rolled_back(self):
        """What came after the savepoint never was."""
        self._transaction(self._posts(1), self._soon, undone=self._posts(1))

    def numbered_early(self):
        """The entries get their numbers long before the commit, or in vain."""
        ending = self.chance.choice(("", "", "roll back"))
        self._transaction(self._posts(self.chance.randint(1, 2)), lambda: self.chance.uniform(0, 0.4), ending, early=True)

    def idle(self):
        """Open for seconds while the others go on."""
        ending = self.chance.choice(("", "", "roll back"))
        self._transaction(self._posts(1), lambda: self.chance.uniform(1, 5), ending)

    def edit(self):
        if self.mine:
            post = self.chance.choice(self.mine)
            self._change(post, "edit", "update pollster_default.posts set body = %s where id = %s",
                         (f"{post.token} edited {self.chance.getrandbits(40)}", post.post_id))

    def delete(self):
        if len(self.mine) > 5:
            post = self.mine.pop(self.chance.randrange(len(self.mine)))
            self._change(post, "delete", "delete from pollster_default.posts where id = %s", (post.post_id,))

    # --- how they are done

    def _soon(self):
        return self.chance.uniform(0, 0.2)

    def _posts(self, n):
        posts = []
        for wall in self.walls.some(self.chance, n):
            self.sent += 1
            posts.append(self.ledger.about_to_post(f"s{self.number}-{self.sent}", wall, self.name))
        return posts

    def _cursor(self):
        while True:
            try:
                if self.connection is None or self.connection.closed:
                    self.connection = psycopg2.connect(self.postgres.dsn("application"), connect_timeout=5)
                return self.connection.cursor()
            except psycopg2.Error:
                time.sleep(0.1 + self.chance.random() / 5)

    def _transaction(self, posts, pause, ending="", early=False, undone=()):
        wait = pause()
        while True:
            committing = False
            try:
                cursor = self._cursor()
                for post in posts:
                    self._insert(cursor, post)
                if undone:
                    cursor.execute("savepoint half")
                    for post in undone:
                        self._insert(cursor, post)
                    cursor.execute("rollback to savepoint half")
                if early:
                    cursor.execute("set constraints all immediate")
                time.sleep(wait)
                if ending == "roll back":
                    self.connection.rollback()
                    outcome = ROLLED_BACK
                else:
                    committing = True
                    self.connection.commit()
                    outcome = ACKNOWLEDGED
            except psycopg2.Error as e:
                outcome = self._outcome_of(e, committing)
                if e.pgcode == DEADLOCK:
                    self.ledger.count("deadlocks, tried again")
                    if ending == "retry":
                        continue  # nothing of it was kept: the same texts once more
            break
        for post in posts:
            self.ledger.came_out(post, outcome)
            if outcome == ACKNOWLEDGED:
                self.mine.append(post)
        for post in undone:
            self.ledger.came_out(post, ROLLED_BACK)
        self.ledger.count({ACKNOWLEDGED: "posts committed by SQL", ROLLED_BACK: "posts rolled back",
                           UNKNOWN: "posts of unknown outcome"}[outcome], len(posts))

    def _outcome_of(self, error, committing):
        """An ERROR was told before the commit was written. When the session ended with it (FATAL, PANIC, silence),
        nobody knows."""
        known = not committing or error.diag.severity_nonlocalized == "ERROR"
        try:
            self.connection.rollback()
        except psycopg2.Error:
            self.connection.close()
        return ROLLED_BACK if known else UNKNOWN

    def _insert(self, cursor, post):
        cursor.execute("insert into pollster_default.posts (wall_id, user_id, body) values (%s, %s, %s) returning id",
                       (post.wall, self.user, f"{post.token} {'y' * self.chance.choice((1, 20, 500))}"))
        post.post_id = cursor.fetchone()[0]

    def _change(self, post, kind, statement, values):
        committing = False
        try:
            cursor = self._cursor()
            cursor.execute(statement, values)
            committing = True
            self.connection.commit()
            post.changes.append(kind)
            self.ledger.count("edits and deletions committed by SQL")
        except psycopg2.Error as e:
            if self._outcome_of(e, committing) == UNKNOWN:
                post.changes.append("perhaps " + kind)
            elif kind == "delete":
                self.mine.append(post)
