"""Which scenarios there are."""

import itertools

from events import (DumpIntoANewDatabase, DumpIntoAnotherCluster, DumpOverTheOldTables, FilesPutBack, FilesPutBackTwice, HostDies,
                    ImmediateRestart, LaggingStandby, PlainRestart, PointInTime, Switchover, SynchronousStandby, UnflushedAndAProcessDies,
                    UnflushedAndTheHostDies)
from play import Case


EVENTS = (DumpIntoANewDatabase, DumpIntoAnotherCluster, DumpOverTheOldTables, FilesPutBack, FilesPutBackTwice, HostDies, ImmediateRestart,
          LaggingStandby, PlainRestart, PointInTime, Switchover, SynchronousStandby, UnflushedAndAProcessDies, UnflushedAndTheHostDies)


def some_cases():
    """Each kind of event, and each other difference once or twice: what fits into ./test."""
    return [
        Case(LaggingStandby(), passed=True),
        Case(LaggingStandby(), hosts=True, processes=2, restarted=1),
        Case(LaggingStandby(), untold=True),
        Case(SynchronousStandby(), hosts=True, processes=2, passed=False),
        Case(Switchover(), processes=2, passed=False),
        Case(PointInTime(), processes=2, passed=True),
        Case(FilesPutBackTwice()),
        Case(FilesPutBack(), restarted=1, by_hand=True),
        Case(DumpIntoANewDatabase(), by_hand=True),
        Case(DumpOverTheOldTables(), passed=False),
        Case(DumpIntoAnotherCluster(), processes=2, restarted=1),
        Case(UnflushedAndTheHostDies(), processes=2),
        Case(UnflushedAndAProcessDies()),
        Case(PlainRestart(), processes=2, restarted=1, passed=False),
        Case(ImmediateRestart()),
        Case(HostDies(), processes=2),
    ]


def every_case():
    cases = []
    for event in EVENTS:
        pointing = (False, True) if event.moves else (False,)
        for hosts, (processes, restarted), passed in itertools.product(pointing, ((1, 0), (1, 1), (2, 0), (2, 1), (2, 2)), (True, False)):
            if event.wants_servers and restarted == processes:
                continue
            cases.append(Case(event(), hosts, processes, restarted, passed, event.leaves_no_trace and restarted == processes))
    cases += [Case(event(), by_hand=True) for event in (DumpIntoANewDatabase, DumpOverTheOldTables, DumpIntoAnotherCluster)]
    cases += [Case(event(), untold=True, processes=processes) for event in (LaggingStandby, UnflushedAndTheHostDies, UnflushedAndAProcessDies)
              for processes in (1, 2)]
    return cases
