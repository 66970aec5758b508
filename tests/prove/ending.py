"""How a process of the deployment ends."""

import subprocess


def end(process, by, patience):
    """With the signal `by`, and after `patience` seconds by force."""
    if process.poll() is None:
        process.send_signal(by)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
