#!/usr/bin/python3
"""What bench/hundred_thousand starts is enough for its clients, and what it reports is what was heard."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'bench'))

from hundred_people import People, together  # noqa: E402
from hundred_report import page, wrong_of  # noqa: E402
from hundred_stage import Plan  # noqa: E402


def heard(entries, expected, events=None, **more):
    return {'entries': entries, 'expected': expected, 'lost': expected - entries, 'doubled': 0, 'skipped': 0,
            'resets': 0, 'asking': 10, 'events': events or {}, 'latency_ms': {'p50': 1.0, 'p99': 2.0, 'last': 3.0},
            'posts': 1, 'posts_failed': {}, 'posts_raced': 0, 'acknowledged_ms': 4.0, **more}


def run(**changes):
    """A run of ten clients in which all went well, with changes to what happened at a restart of one process."""
    used = dict.fromkeys(('application', 'nginx', 'PostgreSQL', 'audience'), 1.0)
    memory = {'available': 1000, 'slab': 0, **used}
    more = {'seconds': 1.0, 'cpu_percent': used, 'by_process': [4, 6], 'statements_a_second': 2.0}
    step = {**more, 'all_wait_after': 0.5, 'entry_to_all': heard(10, 10)}
    return {'part': 'polls', 'empty': memory, 'parked': memory, 'after_entries': memory, 'at_the_end': memory,
            'parking': heard(0, 0, **more), 'idle': heard(0, 0, **more), 'to_1000': [heard(10, 10)],
            'to_all': [heard(10, 10)], 'nginx_errors': {}, 'restarts': {
                'one': {**heard(5, 5, {'empty': 5, 'raced': 1}, **step), 'stops': [0.1], **changes},
                'all': heard(5, 5, **step, stops=[0.1, 0.2]),
                'reload': heard(5, 5, **step, old_workers=[1, 2], old_workers_left=0, old_workers_stay=1.0)}}


class Plans(unittest.TestCase):
    def test_nobody_has_more_than_its_descriptors_when_clients_go_from_one_to_the_next(self):
        for clients, descriptors in ((1000, 20000), (4000, 2500), (20000, 20000), (100000, 20000)):
            plan = Plan(clients, descriptors)
            self.assertGreaterEqual(plan.workers * (descriptors - 100), 2.5 * clients)
            self.assertGreater(plan.drivers * descriptors, clients)
            parked = [clients / plan.processes] * plan.processes
            for i, gone in enumerate(parked):
                parked = [0 if i == j else n + gone / (plan.processes - 1) for j, n in enumerate(parked)]
                self.assertLess(max(parked), plan.connections_of_one())

    def test_the_readers_of_all_walls_are_the_clients(self):
        for clients in (300, 1000, 1001, 4050):
            people = People.__new__(People)
            people.count(clients)
            of_wall = [0] * (people.walls + 1)
            for user in range(1, clients + 1):
                of_wall[people.wall(user)] += 1
            self.assertEqual(of_wall[1:], [people.readers(w) for w in range(1, people.walls + 1)])


class Reports(unittest.TestCase):
    def test_a_driver_that_heard_more_counts_more(self):
        self.assertEqual(together([(98, [1.0, 1.0]), (2, [5.0, 9.0])]), {'p50': 1.0, 'p99': 5.0, 'last': 9.0})
        self.assertEqual(together([(0, [])]), {'p50': 0.0, 'p99': 0.0, 'last': 0.0})

    def test_ends_that_the_server_chose_and_races_are_no_failures(self):
        self.assertEqual(wrong_of(run()), [])

    def test_what_is_lost_or_fails_in_a_graceful_step_is_wrong(self):
        for changes in ({'lost': 1}, {'doubled': 1}, {'skipped': 1}, {'resets': 1}, {'posts_failed': {'503': 1}},
                        {'events': {'503': 1}}, {'events': {'broken': 1}}, {'events': {'cut': 1}}):
            self.assertEqual(len(wrong_of(run(**changes))), 1, changes)

    def test_the_page_says_so(self):
        about = {'clients': 10, 'machine': 'm', 'commit': 'abc', 'date': 'today', 'load_average_before': 0,
                 'command': 'c', 'remark': '', 'descriptors': 100, 'workers': 2, 'processes': 2, 'drivers': 1,
                 'pace': 5, 'rate': 5}
        self.assertIn('Nothing was lost', page({**about, 'runs': [run()]}))
        self.assertIn('**Wrong:**', page({**about, 'runs': [run(lost=1)]}))


if __name__ == '__main__':
    unittest.main()
