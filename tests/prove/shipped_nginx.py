"""The shipped nginx, made private by nginx/instantiate."""

import os
import pwd
import re
import signal
import socket
import subprocess

from ending import end
from readings import children_of
from rig import ROOT, output_of, wait_until

WORKERS = 2


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class ShippedNginx:
    def __init__(self, folder, *servers, logs_polls=False):
        """`servers`: the sockets that it spreads requests over. `logs_polls`: those that were answered, too."""
        self.prefix, self.port = folder / "nginx", free_port()
        user = ["--user", pwd.getpwuid(0).pw_name] if os.geteuid() == 0 else []
        upstream = [word for server in servers for word in ("--socket", server)]
        output_of(ROOT / "nginx/instantiate", "--prefix", self.prefix, *upstream, "--web", ROOT / "web",
                  "--port", str(self.port), "--workers", str(WORKERS), *user)
        if logs_polls:
            upstream_conf = self.prefix / "conf/pollster/snippets/upstream.conf"
            shipped = upstream_conf.read_text(encoding="utf-8")
            changed, lines = re.subn(r'(?m)^ *"POST \S+ 200" +0;.*\n', "", shipped)
            if lines != 2:
                raise RuntimeError(f"the shipped upstream.conf leaves out {lines} kinds of polls, not 2")
            upstream_conf.write_text(changed, encoding="utf-8")
        with open(folder / "nginx.log", "ab") as out:
            self.master = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "/usr/sbin/nginx", "-p", self.prefix, "-e", "logs/error.log",
                 "-c", "conf/nginx.conf", "-g", "daemon off;"], stdout=out, stderr=out, start_new_session=True)
        wait_until("nginx starts", lambda: len(self.workers()) >= WORKERS)

    def workers(self):
        """Of every generation: after a reload the old ones stay until their polls are answered."""
        return children_of(self.master.pid) if self.master.poll() is None else []

    def reload(self):
        self.master.send_signal(signal.SIGHUP)

    def end(self):
        end(self.master, signal.SIGTERM, 10)
