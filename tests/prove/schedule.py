"""Which fault comes when: a function of the seed, so that a schedule can be had again."""

import dataclasses
import random

CALM_EVERY, CALM_FOR = 60.0, 20.0  # seconds: in a calm, a poll that sleeps is found out


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
        if at % CALM_EVERY > CALM_EVERY - CALM_FOR:
            at += CALM_FOR
        if at >= seconds:
            return events
        if not round_:
            round_ = list(faults)
            chance.shuffle(round_)
        events.append(Event(at, round_.pop(), chance.uniform(0.5, 4), chance.random()))
