#!/usr/bin/python3
"""Folders look down only, as docs/ARCHITECTURE.md draws them; and this test can fail."""
import pathlib
import unittest

import includes

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Sources(unittest.TestCase):
    def setUp(self):
        self.found = includes.includes_below(ROOT)

    def test_every_include_goes_where_it_may(self):
        self.assertGreater(len(self.found), 150)
        self.assertEqual(includes.forbidden(self.found), [])

    def test_every_exception_is_used(self):
        for file, path in includes.EXCEPTIONS:
            self.assertIn(path, self.found[file])

    def test_what_can_be_lifted_out_needs_boost_and_the_system_only(self):
        others = set()
        for folder in ('fibers', 'fcgi_app/fastcgi'):
            for file in (ROOT / folder).glob('*.[ch]pp'):
                others |= {path for path in includes.LIBRARY.findall(file.read_text(encoding='utf-8'))
                           if path.split('/')[0] not in ('boost', 'sys', 'netinet', 'sanitizer') and '/' in path}
        self.assertEqual(others, set())

    def test_no_header_includes_itself_by_a_detour(self):
        self.assertIsNone(includes.circle(self.found))

    def test_no_header_with_its_source_does_either(self):
        self.assertIsNone(includes.circle(includes.parts(self.found)))

    def test_the_permissions_themselves_have_no_circle(self):
        self.assertIsNone(includes.circle(includes.ALLOWED))

    def test_every_included_file_exists(self):
        missing = [(file, path) for file, included in self.found.items() for path in included
                   if not (ROOT / path).exists()]
        self.assertEqual(missing, [])


class Page(unittest.TestCase):
    def test_the_table_says_what_is_allowed(self):
        table = includes.table_of((ROOT / 'docs/ARCHITECTURE.md').read_text(encoding='utf-8'))
        for folder, may in includes.ALLOWED.items():
            with self.subTest(folder=folder):
                self.assertEqual(table.get(folder), may)


class Itself(unittest.TestCase):
    """What would be wrong is found."""

    def test_a_look_upwards(self):
        wrong = includes.forbidden({'walls/a.hpp': ['db/b.hpp'], 'fibers/c.cpp': ['walls/a.hpp']})
        self.assertEqual(wrong, ['walls/a.hpp includes db/b.hpp: walls/ may not include db/',
                                 'fibers/c.cpp includes walls/a.hpp: fibers/ may not include walls/'])

    def test_the_library_that_is_to_be_lifted_out(self):
        for path in ('walls/ids.hpp', 'fcgi_app/http/request.hpp', 'fcgi_app/config/config.hpp', 'fcgi_app/app.hpp'):
            self.assertEqual(len(includes.forbidden({'fcgi_app/fastcgi/server.cpp': [path]})), 1, path)
        self.assertEqual(includes.forbidden({'fcgi_app/fastcgi/server.cpp': ['fibers/reactor.hpp']}), [])

    def test_what_lies_in_no_folder(self):
        self.assertEqual(len(includes.forbidden({'walls/a.hpp': ['tests/walls/fakes.hpp']})), 1)
        self.assertEqual(len(includes.forbidden({'util/a.hpp': []})), 1)

    def test_an_exception_is_one_file_and_not_its_folder(self):
        self.assertEqual(includes.forbidden({'fcgi_app/main.cpp': ['fcgi_app/cli/command.hpp']}), [])
        self.assertEqual(len(includes.forbidden({'fcgi_app/app.cpp': ['fcgi_app/cli/command.hpp']})), 1)

    def test_a_circle(self):
        self.assertEqual(includes.circle({'a': ['b'], 'b': ['c'], 'c': ['b']}), ['b', 'c'])
        self.assertEqual(includes.circle({'a': ['a']}), ['a'])
        self.assertIsNone(includes.circle({'a': ['b', 'c'], 'b': ['c'], 'c': []}))

    def test_a_circle_through_a_source(self):
        found = {'d/a.hpp': [], 'd/a.cpp': ['d/a.hpp', 'd/b.hpp'], 'd/b.hpp': ['d/a.hpp']}
        self.assertIsNone(includes.circle(found))
        self.assertEqual(includes.circle(includes.parts(found)), ['d/a', 'd/b'])
        self.assertIsNone(includes.circle(includes.parts(found, {'d/b': 'd/a'})))

    def test_includes_are_found_however_they_are_written(self):
        self.assertEqual(includes.INCLUDE.findall('#include "a/b.hpp"\n  #  include "c.hpp"\n#include <d.hpp>\n'),
                         ['a/b.hpp', 'c.hpp'])

    def test_a_table_that_says_something_else(self):
        page = '## Folders look down only\n\n| `db/` | SQL | std, `walls/`, `fcgi_app/http/` |\n\n## Else\n| `x/` | | |\n'
        self.assertEqual(includes.table_of(page), {'db': {'walls', 'fcgi_app/http'}})


if __name__ == '__main__':
    unittest.main()
