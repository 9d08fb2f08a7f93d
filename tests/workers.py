"""Real Celery workers as processes of their own, to be killed as a power cut would."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.utils import timezone

from tenants.models import Organization, OutboxEntry
from tenants.scope import tenant_scope
from tenants.services import hints

ROOT = Path(__file__).parents[1]
PATIENCE = 240


@contextmanager
def worker(home: Path, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker with one child process until the block ends."""
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "-P", "prefork", "-c", "1"]
    log = (home / "worker.log").open("ab")
    process = subprocess.Popen(
        [*command, "--without-gossip", "--without-mingle"],
        cwd=ROOT,
        env=os.environ | {"CONCORD_HOME": str(home), "LOG_LEVEL": "INFO"} | environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        kill(process)
        log.close()


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End the worker and its children at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)


def wait(what: Callable[[], Any], pause: float = 0.05) -> Any:
    """Return what the function returns as soon as it is true."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        found = what()
        if found:
            return found
        time.sleep(pause)
    raise AssertionError("The worker did not come that far in time.")


def hand_on(of: Organization) -> None:
    """Let the dead worker's lease run out and the sweeper pass, without waiting for either."""
    with tenant_scope(of.pk):
        OutboxEntry.objects.filter(done_at=None, leased_until__isnull=False).update(
            next_at=timezone.now(), leased_until=None, hinted_at=None
        )
        OutboxEntry.objects.filter(done_at=None, next_at__lte=timezone.now()).update(hinted_at=None)
    hints.sweep(at=timezone.now())
