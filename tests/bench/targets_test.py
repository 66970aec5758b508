#!/usr/bin/python3
"""The table of targets of bench/run says of each figure what it is compared with, and whether it is met."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'bench'))

from compare_numbers import Numbers  # noqa: E402
from compare_report import markdown  # noqa: E402
from compare_targets import beside_durable_floor  # noqa: E402


def latency(p50, p99):
    return {'p50': p50, 'p99': p99, 'last': 2 * p99}


def chat(peer, p50, p99, cpu, wal=1000):
    """A round with 1,000 deliveries of 10 posts; `cpu`: seconds of application, nginx, PostgreSQL."""
    tally = {'posted': 10, 'received': 1000, 'missing': 0, 'doubled': 0, 'gaps': 0, 'reordered': 0, 'posted_twice': 0,
             'latency_ms': latency(p50, p99), 'acknowledged_ms': latency(p50, p99)}
    steady = {**tally, 'cpu_seconds': dict(zip(('app', 'nginx', 'postgres', 'driver'), (*cpu, 0.01))), 'wal_bytes': wal, 'seconds': 1}
    return {'peer': peer, 'clients': 100, 'one_wall': [tally], 'steady': {'100': steady}, 'idle_cpu_percent': dict.fromkeys(
        ('app', 'nginx', 'postgres'), 0.0), 'empty_bytes': {'app': 0, 'nginx': 0}, 'parked_bytes': {'app': 1024, 'nginx': 1024},
        'after_fan_out_bytes': {'app': 500 * 1024, 'nginx': 1000 * 1024}}


def part(*chats):
    return {'command': 'bench/run', 'commit': 'abc', 'date': 'today', 'machine': 'm', 'load_average_before': 0, 'seconds': 60,
            'chats': list(chats), 'rates': []}


def rows_of(table):
    """{first cell: the other cells}; of rows with the same first cell, all."""
    rows = {}
    for line in table[2:-1]:
        what, *cells = (cell.strip() for cell in line.strip('|').split('|'))
        rows.setdefault(what, []).append(cells)
    return rows


class Targets(unittest.TestCase):
    def setUp(self):
        self.polls = part(chat('floor', 3, 9, (0.016, 0.040, 0)), chat('durable-floor', 4, 15, (0.016, 0.040, 0.003), wal=500),
                          chat('durable-floor', 5, 16, (0.016, 0.040, 0.003), wal=500), chat('nchan', 2, 6, (0, 0.026, 0)),
                          chat('pollster', 5, 30, (0.018, 0.041, 0.010)), chat('pollster', 7, 20, (0.018, 0.041, 0.010)))
        self.streams = part(chat('pollster', 4, 8, (0.008, 0.020, 0.005)))
        self.rows = rows_of(beside_durable_floor(Numbers(self.polls), Numbers(self.streams)))

    def test_the_worst_round_is_compared_with_the_worst(self):
        self.assertEqual(self.rows['p50, worst round, polls'], [['7.00 ms', '5.00 ms', 'durable-floor, polls', '1.40 ×', '≤ 1.3 ×', '**no**']])
        self.assertEqual(self.rows['p99, worst round, polls'], [['30.0 ms', '16.0 ms', 'durable-floor, polls', '1.88 ×', '≤ 1.5 ×', '**no**']])

    def test_streams_are_compared_with_polls_of_the_floor_and_of_nchan(self):
        self.assertIn(['8.00 ms', '9.00 ms', 'floor, polls', '0.89 ×', '≤ 1 ×', 'yes'], self.rows['p99, worst round, streams'])
        self.assertEqual(self.rows['CPU a delivery, application + nginx + PostgreSQL, streams'],
                         [['33.0 µs', '26.0 µs', 'nchan, polls', '1.27 ×', '≤ 1.5 ×', 'yes']])

    def test_what_a_post_costs_the_database(self):
        self.assertEqual(self.rows['PostgreSQL, CPU a post, polls'][0][:4], ['1.00 ms', '0.30 ms', 'durable-floor, polls', '3.33 ×'])
        self.assertEqual(self.rows['PostgreSQL, WAL a post, polls'][0][-3:], ['2.00 ×', '≤ 2 ×', 'yes'])

    def test_memory_is_that_of_streams_that_have_delivered(self):
        self.assertEqual(self.rows['memory a stream, application'][0], ['5.00 KiB', '', '', '', '≤ 6 KiB', 'yes'])
        self.assertEqual(self.rows['memory a stream, nginx'][0][-1], '**no**')

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        self.assertEqual(self.rows['shipped site, p99, polls'], [['25.0 ms', 'not measured', 'bare, polls', '', '≤ 1.1 ×', '']])

    def test_the_page_names_the_origin_of_each_part(self):
        page = markdown({'versions': {}, 'parts': {'polls': self.polls, 'streams': self.streams}}, [])
        self.assertIn('| streams | `bench/run` | abc | today | 0.0 | 1 |', page)
        self.assertIn('| durable floor (commits, then sends) | 2 |', page)

    def test_beside_the_worst_round_stands_what_the_disk_took_in_it(self):
        for taken, one in zip((latency(1, 40), latency(1, 2)), (c for c in self.polls['chats'] if c['peer'] == 'pollster')):
            one['steady']['100']['flush_ms'] = taken
        page = markdown({'versions': {}, 'parts': {'polls': self.polls, 'streams': self.streams}}, [])
        self.assertIn('| 7.0 / 30.0 | 40.0 / 80.0 |', page)  # the p99 of 30 is of the first of two rounds
        self.assertIn('| 4.0 / 8.0 | – / – |', page)


if __name__ == '__main__':
    unittest.main()
