"""Ends what a demo leaves running when it is killed before it can stop it itself.

It reads process ids from a pipe that only the demo writes to. The pipe ends with the demo, however the demo
ends; without the word that all is well, the processes are stopped, and the embedded services with them.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

from config import embedded

ALL_IS_WELL = "all is well"
GRACE_SECONDS = 12


def watch() -> subprocess.Popen[bytes]:
    """Start a warden of this process; it has to be told of every process that it shall end."""
    command = [sys.executable, "-m", "config.warden"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def tell(guard: subprocess.Popen[bytes], word: str) -> None:
    """Tell the warden a process id, or that all is well."""
    assert guard.stdin is not None
    guard.stdin.write(f"{word}\n".encode())
    guard.stdin.flush()


def main() -> None:
    """Wait for the end of the pipe; stop what it named unless all is well."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends with its demo, not before
    lines = sys.stdin.read().splitlines()
    if ALL_IS_WELL in lines:
        return
    stop([int(line) for line in lines])
    embedded.abandon()


def stop(leaders: list[int]) -> None:
    """Ask these leaders of process groups to end, then end the groups."""
    for leader in leaders:
        _send(leader, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(_send(leader, 0) for leader in leaders) and time.monotonic() < deadline:
        time.sleep(0.1)
    for leader in leaders:
        with suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)


def _send(process: int, number: int) -> bool:
    """Return whether the process was there to get the signal."""
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
