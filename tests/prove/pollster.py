"""The server under test, with its socket in hands that never die: as under systemd, whoever connects while there is
no process waits in the backlog."""

import signal
import socket
import subprocess

from ending import end
from faked_clock import FakedClock, sweep


class Pollster:
    def __init__(self, program, folder, database, name="pollster"):
        """`name`: of its units, "pollster" or "pollster@1"."""
        self.program, self.database, self.name, self.log = program, database, name, folder / f"{name}.log"
        self.arguments = []  # more of them
        self.path = folder / f"{name}.sock"
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(self.path))
        self.path.chmod(0o666)
        self.socket.listen(65535)
        self.notify = True
        self.clock = FakedClock(folder / f"clock-of-{name}")
        self.starts = 0
        self.process = None

    def administer(self, *words):
        owner = self.database.replace("user=pollster ", "user=pollster_owner ")
        done = subprocess.run([self.program, *words, "--database", self.database, "--database-owner", owner],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"pollster {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        """Only from the main thread: the process ends with the thread that started it."""
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "bash", "-c", 'exec 3<&"$0" && LISTEN_PID=$$ LISTEN_FDS=1 exec env "$@"',
                 str(self.socket.fileno()), f"LISTEN_FDNAMES={self.name}.socket", *self.clock.environment(), self.program, "serve", "--database", self.database,
                 "--notify", "on" if self.notify else "off", "--stream_seconds", "20", *self.arguments],
                stdout=out, stderr=out, pass_fds=(self.socket.fileno(),), start_new_session=True)
        self.starts += 1

    def must_run(self):
        """Starts it again if it is gone."""
        if self.process.poll() is not None:
            sweep([self.process.pid])
            self.start()

    def stop(self):
        """The socket stays."""
        end(self.process, signal.SIGTERM, 10)
        sweep([self.process.pid])

    def end(self):
        if self.process:
            self.stop()
        self.socket.close()
