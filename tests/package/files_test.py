#!/usr/bin/env python3
"""What `cmake --install` puts where, and whether debian/ and docs/INSTALL.md speak of the same. The package itself is
made and installed by tests/package/run.

    tests/package/files_test.py BUILD_FOLDER [unittest's arguments]
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv.pop(1)).resolve()


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def output_of(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def names_in(folder, pattern):
    return {str(path.relative_to(ROOT / folder)) for path in (ROOT / folder).rglob(pattern) if path.is_file()}


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.top = pathlib.Path(cls.folder.name)
        output_of("cmake", "--install", BUILD, env={**os.environ, "DESTDIR": cls.folder.name})
        cache = (BUILD / "CMakeCache.txt").read_text(encoding="utf-8")
        cls.prefix = re.search(r"CMAKE_INSTALL_PREFIX:PATH=/(.*)", cache).group(1)
        cls.files = {str(path.relative_to(cls.top)) for path in cls.top.rglob("*") if path.is_file()}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_all_that_is_shipped_is_installed_and_nothing_else(self):
        p = self.prefix
        expected = {f"{p}/bin/pollster", "etc/pollster/pollster.conf",
                    f"{p}/lib/sysusers.d/pollster.conf", f"{p}/lib/tmpfiles.d/pollster.conf",
                    f"{p}/share/man/man8/pollster.8", f"{p}/share/man/man5/pollster.conf.5",
                    f"{p}/share/bash-completion/completions/pollster"}
        expected |= {f"{p}/share/pollster/web/{name}" for name in names_in("web", "*")
                     - {"package.json", "README.md", "pollster.d.ts", "pollster-wall.d.ts"}}
        expected |= {f"{p}/share/pollster/monitoring/{name}" for name in names_in("monitoring", "*")}
        if int(re.search(r"systemd (\d+)", output_of("systemd-analyze", "--version")).group(1)) >= 253:
            expected |= {f"{p}/lib/systemd/system/{unit}.service.d/notify-reload.conf" for unit in ("pollster", "pollster@")}
        expected |= {f"{p}/lib/systemd/system/{name}" for name in names_in("systemd", "*.service") | names_in("systemd", "*.socket")}
        expected |= {f"etc/nginx/pollster/snippets/{name}" for name in names_in("nginx/snippets", "*.conf")}
        expected |= {f"etc/nginx/sites-available/{name.removesuffix('.conf')}" for name in names_in("nginx", "pollster*.conf")}
        self.assertEqual(expected - self.files, set(), "not installed")
        self.assertEqual(self.files - expected, set(), "installed, but not known here")

    def test_installed_files_name_each_other_where_they_are(self):
        p = self.prefix
        for name in self.files:
            if name.endswith((".service", ".conf")) or "sites-available" in name:
                text = (self.top / name).read_text(encoding="utf-8")
                for path in re.findall(r"(?:^ExecStart=|^\s*root )(/[^ ;\n]+)", text, re.M):
                    if path == "/var/www/html":  # nginx's own, where ACME's challenges are
                        continue
                    self.assertTrue((self.top / path[1:]).exists(), f"{name}: {path}")
                    self.assertTrue(path.startswith(f"/{p}/"), f"{name}: {path}")
                for path in re.findall(r"^\s*include (pollster/[^;]+);", text, re.M):
                    self.assertIn(f"etc/nginx/{path}", self.files, name)

    def test_settings_that_are_there_stay(self):
        script = (BUILD / "cmake_install.cmake").read_text(encoding="utf-8")
        for name in sorted(self.files):
            if name.startswith("etc/"):
                self.assertIn(f'EXISTS "/{name}"', script)


class Shipped(unittest.TestCase):
    def test_units_expose_little(self):
        output_of("systemd-analyze", "security", "--offline=true", "--threshold=15", ROOT / "systemd/pollster.service")
        for kind in ("service", "socket"):  # templates are not judged
            self.assertEqual(read(f"systemd/pollster.{kind}"), read(f"systemd/pollster@.{kind}"))

    def test_units_run_as_the_account_that_is_made(self):
        account = re.search(r"^u (\S+)", read("systemd/pollster.sysusers"), re.M).group(1)
        unit = read("systemd/pollster.service")
        self.assertIn(f"\nUser={account}\n", unit)
        self.assertNotIn("DynamicUser", unit)

    def test_units_are_never_given_up(self):
        for kind in ("service", "socket"):
            self.assertIn("\nStartLimitIntervalSec=0\n", read(f"systemd/pollster.{kind}").split("\n[S")[0] + "\n")

    def test_the_site_beats_debians_or_is_refused(self):
        listens = re.findall(r"^\s*listen .*;", read("nginx/pollster.conf") + read("nginx/pollster-https.conf"), re.M)
        self.assertEqual(len(listens), 6)
        for line in listens:
            self.assertIn(" default_server", line)


class Debian(unittest.TestCase):
    def test_the_version_is_the_programs(self):
        version = re.search(r"project\(pollster VERSION (\S+)", read("CMakeLists.txt")).group(1)
        self.assertTrue(read("debian/changelog").startswith(f"pollster ({version}) "))

    def test_a_purge_knows_each_site(self):
        said = re.search(r"for site in (.*); do", read("debian/pollster.postrm")).group(1).split()
        self.assertEqual({f"{site}.conf" for site in said}, names_in("nginx", "pollster*.conf"))

    def test_the_documents_are_there(self):
        documents = read("debian/pollster.docs").split()
        self.assertIn("docs/INSTALL.md", documents)
        for document in documents:
            self.assertTrue((ROOT / document).is_file(), document)

    def test_it_is_built_with_what_run_installs(self):
        # Not for the build alone, or not without the tests.
        elsewhere = {"g++", "nginx-light", "postgresql", "libboost-test1.83-dev|libboost-test1.81-dev"}
        here = {"debhelper-compat", "dh-sequence-installsysusers", "python3:any", "systemd-dev|systemd"}
        field = re.search(r"^Build-Depends: (.*?)^\S", read("debian/control"), re.M | re.S).group(1)
        said = {re.sub(r"\s*\([^)]*\)|\s", "", one) for one in field.split(",")} - here
        run = {line.split()[1] for line in read("tools/packages").splitlines() if line.startswith("run ")} - elsewhere
        self.assertEqual({name.replace("pkgconf|", "") for name in said}, run)


class Page(unittest.TestCase):
    """docs/INSTALL.md names commands, options and files that exist."""
    page = read("docs/INSTALL.md")

    def test_commands(self):
        known = output_of(BUILD / "pollster", "--help")
        named = set(re.findall(r"(?:^    |-- |`|&& )pollster ([a-z][a-z-]+)", self.page, re.M))
        self.assertGreater(len(named), 3)
        for command in named:
            self.assertRegex(known, rf"(?m)^  pollster {command}\b")

    def test_options(self):
        for option in re.findall(r"`([a-z_]+) = ", self.page):
            self.assertIn(f"\n#{option} =", read("systemd/pollster.conf"))
        for variable in re.findall(r"POLLSTER_([A-Z_]+)=", self.page):
            self.assertIn(f"\n#{variable.lower()} =", read("systemd/pollster.conf"))

    def test_blocks(self):
        for title in ("From the package", "Make the package", "Upgrade", "Remove", "From source, without a package"):
            self.assertTrue(output_of(ROOT / "tests/package/blocks", title))


if __name__ == "__main__":
    unittest.main()
