"""The peers of bench/run: how each is started behind the same nginx. The shipped site (nginx/) is in front of all of
them but one ("bare"), with the same workers, upstream keepalive pool, timeouts and access log; only what hands a
request to the application differs."""

import os
import pathlib
import re
import signal
import time

from readings import children_of
from rig import HERE, Nginx, Pollster, Program, output_of, wait_until

# Threads of the FCGX program: a kept connection occupies one, and nginx keeps one for each of bench_rate's 64 clients
# in each of its two workers.
FCGX_THREADS = 128

# snippets/application.conf, for those who speak HTTP to nginx.
HTTP_APPLICATION = """
proxy_pass http://pollster;
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
proxy_connect_timeout 3s;
proxy_read_timeout 75s;
proxy_send_timeout 75s;
proxy_buffers 64 4k;
add_header X-Content-Type-Options nosniff always;
"""

# Beside the location of the application, and longer than it.
NCHAN_LOCATIONS = r"""
location ^~ /api/sub/ {
    location ~ /(\d+)$ {
        nchan_subscriber longpoll;
        nchan_channel_id $1;
        nchan_subscriber_first_message newest;
        nchan_message_buffer_length 256;
    }
}
location ^~ /api/events/ {
    location ~ /(\d+)$ {
        nchan_subscriber eventsource;
        nchan_channel_id $1;
        nchan_subscriber_first_message newest;
        nchan_message_buffer_length 256;
    }
}
location ^~ /api/pub/ {
    location ~ /(\d+)$ {
        nchan_publisher;
        nchan_channel_id $1;
        nchan_message_buffer_length 256;
    }
}
"""

# In place of the shipped site: what nginx cannot do without, and Debian's fastcgi_params. No access log, no page, no
# limits, no errors of its own.
BARE_SITE = """
upstream pollster {
    server unix:SOCKET;
    keepalive 16384;
    keepalive_requests 1000000;
    keepalive_timeout 120s;
}
server {
    listen 127.0.0.1:8080 reuseport backlog=65535;
    access_log off;
    keepalive_timeout 75s;
    keepalive_requests 100000;
    location /api/ {
        fastcgi_split_path_info ^(/api)(/.*)$;
        fastcgi_pass pollster;
        fastcgi_keep_conn on;
        fastcgi_read_timeout 75s;
        include /etc/nginx/fastcgi_params;
        fastcgi_param PATH_INFO $fastcgi_path_info;
    }
}
"""

RATE, PEERS, POLLS, STREAMS = PARTS = ("rate", "peers", "polls", "streams")


class Contestant:
    """One that runs. `application()`: pids behind nginx. `streams`: readers hold streams."""

    parts = PARTS  # of bench/run, in which it is measured
    chats = True  # parks polls and delivers posts
    long_rounds = 3  # of the parts "polls" and "streams"
    once = False  # measured in the first round only
    patience = 20  # seconds, for what has not been received
    most_deliveries_a_second = 1e9  # beyond, only how it breaks down would be measured
    crowd_options = ()

    def __init__(self, rig, host, postgres, database, streams=False):
        self.rig, self.host = rig, host
        if streams:
            self.crowd_options = (*self.crowd_options, "--streams")
        self.socket = rig.folder / f"{database}.sock"
        self.program = self.launch(postgres, database)
        self.nginx = Nginx(rig, host, f"nginx-{database}", 8080, [f"unix:{self.socket}"], edit=self.edit)
        self.postgres = postgres

    def launch(self, postgres, database):
        raise NotImplementedError

    def started(self, *command, **more):
        program = Program(self.rig, self.host, command, self.rig.folder / f"{self.socket.stem}.log", **more)
        wait_until(f"{type(self).__name__} listens", lambda: program.must_run() and self.socket.exists())
        time.sleep(0.2)
        self.socket.chmod(0o666)
        return program

    def edit(self, conf):
        """nginx's configuration."""

    def application(self):
        return [self.program.pid, *children_of(self.program.pid)] if self.program else []

    def groups(self):
        """Whose CPU is measured; see Usage."""
        return {"app": self.application, "nginx": self.nginx.pids, "postgres": self.postgres.pids}

    def end(self):
        self.nginx.program.end()
        if self.program:
            self.program.end()

    def wall_loads(self):
        """How often new entries of a wall were read from the database; None: not known."""


class Floor(Contestant):
    def launch(self, postgres, database):
        return self.started(self.rig.build / "bench/bench_floor", self.socket)


class DurableFloor(Contestant):
    parts = (POLLS, STREAMS)
    long_rounds = 5  # the worst of five is compared

    def launch(self, postgres, database):
        return self.started(self.rig.build / "bench/bench_durable_floor", self.socket,
                            f"host={postgres.sockets} user=pollster_owner dbname={database}")  # it makes its own table


class PollsterItself(Contestant):
    long_rounds = 5

    def launch(self, postgres, database):
        self.server = Pollster(self.rig, self.host, database, f"host={postgres.sockets} user=pollster dbname={database}")
        return self.server.program

    def wall_loads(self):
        return self.server.metrics()["pollster_wall_loads_total"]


class Bare(PollsterItself):
    parts = (POLLS, STREAMS)
    long_rounds = 3

    def edit(self, conf):
        (conf / "pollster/pollster.conf").write_text(BARE_SITE.replace("SOCKET", str(self.socket)), encoding="ascii")


class Node(Contestant):
    parts = (RATE, PEERS)

    def launch(self, postgres, database):
        return self.started("node", HERE / "peers/node/server.js", self.socket, postgres.sockets, database,
                            env={**os.environ, "NODE_ENV": "production"})

    def edit(self, conf):
        (conf / "pollster/snippets/application.conf").write_text(HTTP_APPLICATION, encoding="ascii")


class Thin(Contestant):
    parts = (RATE, PEERS)
    once = True
    most_deliveries_a_second = 1500
    patience = 10

    def launch(self, postgres, database):
        return self.started("ruby", HERE / "peers/thin/server.rb", self.socket, postgres.sockets, database)

    edit = Node.edit


class Nchan(Contestant):
    parts = (PEERS, POLLS, STREAMS)
    crowd_options = ("--nchan",)

    def launch(self, postgres, database):
        return None

    def edit(self, conf):
        main = conf / "nginx.conf"
        main.write_text("load_module /usr/lib/nginx/modules/ngx_nchan_module.so;\n" + main.read_text(encoding="utf-8"),
                        encoding="utf-8")
        log = conf / "pollster/snippets/upstream.conf"  # its polls have no line, either
        text, times = re.subn(r'\n( *)"POST / 200" .*', r'\n\1"~^GET /api/sub/[0-9]+ 200$" 0;', log.read_text(encoding="utf-8"))
        if times != 1:
            raise RuntimeError("the shipped upstream.conf has no line for polls below /")
        log.write_text(text, encoding="utf-8")
        page = conf / "pollster/snippets/page.conf"
        page.write_text(NCHAN_LOCATIONS + page.read_text(encoding="utf-8"), encoding="utf-8")


class Fcgx(Contestant):
    parts = (RATE,)
    chats = False

    def launch(self, postgres, database):
        # libfcgi makes of SIGTERM that it accepts no more, and waits.
        return self.started(self.rig.build / "bench/bench_fcgx", self.socket, FCGX_THREADS, stop=signal.SIGKILL)


class NginxAlone(Contestant):
    parts = (RATE,)
    chats = False

    def launch(self, postgres, database):
        return None

    def edit(self, conf):
        (conf / "pollster/snippets/application.conf").write_text(
            "default_type application/json;\nreturn 200 '{\"ack\":\"huzzah!\"}';\n", encoding="ascii")


# In the order of a round.
CONTESTANTS = {"floor": Floor, "durable-floor": DurableFloor, "nchan": Nchan, "node": Node, "thin": Thin, "fcgx": Fcgx, "nginx": NginxAlone,
               "bare": Bare, "pollster": PollsterItself}


def versions():
    """Of what is measured beside pollster."""
    debian = {}
    for name in ("nginx-common", "libnginx-mod-nchan", "thin", "ruby-eventmachine", "libfcgi0ldbl", "postgresql-15"):
        try:
            debian[name] = output_of("dpkg-query", "-W", "-f=${Version}", name)
        except RuntimeError:
            pass
    pg = (pathlib.Path(HERE) / "peers/node/package.json").read_text(encoding="utf-8")
    return {**debian, "node": output_of("node", "--version").strip(), "pg": re.search(r'"pg": "([^"]+)"', pg).group(1)}
