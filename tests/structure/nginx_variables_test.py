#!/usr/bin/python3
"""nginx hands over the variables that the application reads, and no other: each costs both with every request."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Said by other web servers, of which each sends what nginx says in PATH_INFO and REQUEST_SCHEME.
OF_OTHER_SERVERS = {'DOCUMENT_URI', 'HTTPS'}


def sent():
    conf = (ROOT / 'nginx/snippets/application.conf').read_text(encoding='utf-8')
    return set(re.findall(r'^fastcgi_param\s+(\S+)', conf, re.MULTILINE))


def read():
    """Without the request's headers, which follow by themselves."""
    source = (ROOT / 'fcgi_app/http/request.cpp').read_text(encoding='utf-8')
    return {name for name in re.findall(r'known_variable\{"(\w+)"', source) if not name.startswith('HTTP_')}


class Variables(unittest.TestCase):
    def test_those_that_are_sent_are_those_that_are_read(self):
        self.assertIn('REQUEST_METHOD', read())
        self.assertEqual(sent(), read() - OF_OTHER_SERVERS)

    def test_what_other_servers_say_is_read(self):
        self.assertLess(OF_OTHER_SERVERS, read())


if __name__ == '__main__':
    unittest.main()
