import subprocess
import sys
import time

import psutil
import pytest

from config import warden

# A demo that starts one process, tells its warden, and is killed or ends in order.
DEMO = """
import subprocess, sys, time
from config import warden
with warden.watch() as guard:
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    warden.tell(guard, str(child.pid))
    print(child.pid, guard.pid, flush=True)
    sys.stdin.readline()
    warden.tell(guard, warden.ALL_IS_WELL)
"""


def _demo() -> tuple[subprocess.Popen[str], psutil.Process, psutil.Process]:
    """Return the demo, what it started, and its warden."""
    demo = subprocess.Popen(
        [sys.executable, "-c", DEMO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert demo.stdout is not None
    child, guard = demo.stdout.readline().split()
    return demo, psutil.Process(int(child)), psutil.Process(int(guard))


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _ends(process: psutil.Process) -> bool:
    deadline = time.monotonic() + 15
    while _lives(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _lives(process)


def test_what_a_killed_demo_started_ends_with_it() -> None:
    demo, child, guard = _demo()
    assert _lives(child)
    demo.kill()
    demo.communicate()
    assert _ends(child)
    assert _ends(guard)


def test_demo_that_ends_in_order_is_left_to_stop_its_own() -> None:
    demo, child, guard = _demo()
    demo.communicate("\n")
    assert demo.returncode == 0
    assert _ends(guard)
    assert _lives(child)
    child.kill()
    assert _ends(child)


def test_process_that_does_not_listen_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warden, "GRACE_SECONDS", 0.3)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)"
    child = subprocess.Popen(
        [sys.executable, "-c", f"{deaf}; time.sleep(60)"], stdout=subprocess.PIPE, start_new_session=True
    )
    assert child.stdout is not None
    child.stdout.readline()
    warden.stop([child.pid])
    assert child.wait(10) == -9
    child.stdout.close()
