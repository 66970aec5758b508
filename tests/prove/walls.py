"""Where people write. Most walls are busy. On a quiet one the next post is far away, so nothing wakes a poll that
slept through the last one, and nothing uncovers an entry that a server has overlooked."""

QUIET_SHARE = 0.02  # of the posts, on a third of the walls


class Walls:
    def __init__(self, count):
        first_quiet = count - count // 3 + 1
        self.busy, self.quiet = list(range(1, first_quiet)), list(range(first_quiet, count + 1))

    def some(self, chance, most):
        """At most that many different ones, in any order."""
        if self.quiet and chance.random() < QUIET_SHARE:
            return [chance.choice(self.quiet)]
        return chance.sample(self.busy, min(most, len(self.busy)))
