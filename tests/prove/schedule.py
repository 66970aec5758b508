"""Which fault comes when: a function of the seed, so that a schedule can be had again."""

import dataclasses
import random

CALM_EVERY, CALM_FOR = 87.0, 36.0  # seconds


def calm(at):
    """No fault begins."""
    return at % CALM_EVERY > CALM_EVERY - CALM_FOR


def lull(at):
    """Nobody writes, in most of a calm: a reader that still lacks an entry has been forgotten; nothing hides it."""
    return CALM_EVERY - CALM_FOR + 1 < at % CALM_EVERY < CALM_EVERY - 2


@dataclasses.dataclass(frozen=True)
class Event:
    at: float  # seconds
    fault: str
    length: float  # seconds, of faults that last
    pick: float  # 0..1: which process, which wall


def plan(seed, seconds, faults):
    """Every fault once in each round, in any order; about one in 1.5 s, so several overlap."""
    chance = random.Random(f"{seed} schedule")
    events, at, round_ = [], 2.0, []
    while True:
        at += chance.uniform(0.3, 2.7)
        if calm(at):
            at += CALM_FOR
        if at >= seconds:
            return events
        if not round_:
            round_ = list(faults)
            chance.shuffle(round_)
        events.append(Event(at, round_.pop(), chance.uniform(0.5, 4), chance.random()))
