"""Which scenarios there are."""

import itertools

from events import (DumpIntoANewDatabase, DumpIntoAnotherCluster, DumpOverTheOldTables, FilesPutBack, HostDies, ImmediateRestart, LaggingStandby,
                    PlainRestart, PointInTime, SynchronousStandby, UnflushedAndAProcessDies, UnflushedAndTheHostDies)
from play import Case


def some_cases():
    """One or two of each event; each other difference several times."""
    return [
        Case(LaggingStandby(), passed=True),
        Case(LaggingStandby(), hosts=True, processes=2, restarted=1),
        Case(LaggingStandby(), hosts=True, restarted=1),
        Case(SynchronousStandby(), hosts=True, processes=2),
        Case(SynchronousStandby(), restarted=1),
        Case(PointInTime(), processes=2, passed=True),
        Case(FilesPutBack(), passed=False),
        Case(FilesPutBack(), restarted=1, by_hand=True),
        Case(DumpIntoANewDatabase(), by_hand=True),
        Case(DumpOverTheOldTables(), passed=False, by_hand=True),
        Case(DumpIntoAnotherCluster(), processes=2, restarted=1, by_hand=True),
        Case(UnflushedAndTheHostDies(), processes=2),
        Case(UnflushedAndAProcessDies()),
        Case(PlainRestart(), processes=2, restarted=1),
        Case(ImmediateRestart()),
        Case(HostDies(), processes=2),
    ]


def every_case():
    cases = []
    for event in sorted({type(case.event) for case in some_cases()}, key=lambda event: event.name):
        pointing = (False, True) if event.moves else (False,)
        for hosts, (processes, restarted), passed in itertools.product(pointing, ((1, 0), (1, 1), (2, 0), (2, 1), (2, 2)), (True, False)):
            by_hand = event.wants_a_word or (event.leaves_no_trace and restarted == processes)
            cases.append(Case(event(), hosts, processes, restarted, passed, by_hand))
    return cases
