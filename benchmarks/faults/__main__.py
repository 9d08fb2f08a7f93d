"""Kills, holes and restarts, one after the other (`make faults`); takes about a quarter of an hour."""

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.faults.hole import Hole
from benchmarks.faults.judging import all_done, judge, progress
from benchmarks.installation import beat, clock, connected, installation, kill, report, wait, worker
from benchmarks.vendor import Vendor, served

DEALS, KILLS, HOLE_SECONDS = 3_000, 50, 45
Scene = tuple[Vendor, int, Path]


def main() -> None:
    """Run every fault, or those that are named."""
    runs: dict[str, Callable[[Scene], None]] = {
        "kills": kills,
        "one_kill": one_kill,
        "redis": redis_flushed_and_killed,
        "hole": black_hole,
        "too_many": an_hour_of_refusals,
        "database": database_restarted,
    }
    for name in sys.argv[1:] or runs:
        vendor = Vendor(DEALS)
        with served(vendor) as port, installation(port) as home:
            begun = time.monotonic()
            runs[name]((vendor, port, home))
            report(f"{name}_took", time.monotonic() - begun, "s")
        if not sys.argv[1:]:
            _next_process(name, list(runs))
            return


def _next_process(done: str, names: list[str]) -> None:
    """Run the other faults each in a process of its own: Django is set up for one installation only."""
    import subprocess

    for name in names[names.index(done) + 1 :]:
        ended = subprocess.run([sys.executable, "-m", "benchmarks.faults", name], check=False)
        if ended.returncode:
            raise SystemExit(ended.returncode)


def kills(scene: Scene) -> None:
    """Kill the worker 50 times while it reads or writes; its lease is ended at once to save an hour."""
    vendor, port, home = scene
    vendor.delay = 0.1
    connection = connected(port)
    chance, interrupted, idle = random.Random(7), 0, 0
    while interrupted < KILLS and not all_done(connection):
        before = progress(connection)
        with worker(home) as process:
            _wait_for_more(connection, before)
            time.sleep(chance.uniform(0, 0.6))
            kill(process)
        interrupted += _was_at_work(connection)
        idle += not _was_at_work(connection)
        _end_leases(connection)
    report("kills_that_interrupted", interrupted, "kills")
    report("kills_between_two_tasks", idle, "kills")
    vendor.delay = 0.0
    _take_up_dead_letters(connection)
    with worker(home), beat(home):
        wait(lambda: all_done(connection))
    judge("kills", connection, vendor)


def _take_up_dead_letters(connection: Any) -> None:
    """Do now what beat does every five minutes: what killed eight workers in a row gets a fresh turn."""
    from integrations.services.syncing import upkeep

    upkeep.keep_going(organization_id=connection.tenant, clock=clock)


def _wait_for_more(connection: Any, before: tuple[int, int]) -> None:
    wait(lambda: progress(connection) != before or all_done(connection), pause=0.05)


def _was_at_work(connection: Any) -> bool:
    from tenants.models import OutboxEntry
    from tenants.scope import tenant_scope

    with tenant_scope(connection.tenant):
        return OutboxEntry.objects.filter(done_at=None, leased_until__gt=clock()).exists()


def _end_leases(connection: Any) -> None:
    from tenants.models import Organization
    from tenants.scope import tenant_scope
    from tests.workers import hand_on

    with tenant_scope(connection.tenant):
        organization = Organization.objects.get(pk=connection.tenant)
    hand_on(organization)


def one_kill(scene: Scene) -> None:
    """Kill one worker of two and measure how long its work lies, with nobody's help."""
    vendor, port, home = scene
    vendor.delay = 0.05
    connection = connected(port)
    with worker(home) as process:
        wait(lambda: progress(connection)[0] >= 300, pause=0.02)
        kill(process)
    stopped, began = progress(connection), time.monotonic()
    with worker(home), beat(home):
        wait(lambda: progress(connection) != stopped, pause=0.05)
        report("one_kill_until_work_goes_on", time.monotonic() - began, "s")
        vendor.delay = 0.0
        wait(lambda: all_done(connection))
    judge("one_kill", connection, vendor)


def redis_flushed_and_killed(scene: Scene) -> None:
    """Flush Redis in the middle, then kill it and start an empty one at the same address."""
    import json
    import signal
    import subprocess

    import redis
    from django.conf import settings

    from config import embedded

    vendor, port, home = scene
    vendor.delay = 0.05
    connection = connected(port)
    with worker(home), beat(home):
        wait(lambda: progress(connection)[0] >= 300)
        redis.Redis.from_url(settings.REDIS_URL).flushall()
        wait(lambda: progress(connection)[0] >= 900)
        record = json.loads((home / "redis.json").read_text())
        os.kill(record["pid"], signal.SIGKILL)
        time.sleep(5)
        place, password = settings.REDIS_URL.rpartition("@")[2], settings.REDIS_URL.split(":")[2]
        options = ["--port", place.split(":")[1].split("/")[0], "--requirepass", password.split("@")[0]]
        program = [embedded._redis_program(), *options, "--bind", "127.0.0.1", "--dir", str(home / "redis")]
        again = subprocess.Popen(
            [*program, "--appendonly", "no", "--dbfilename", "fresh.rdb"], stdout=subprocess.DEVNULL
        )
        try:
            wait(lambda: all_done(connection))
        finally:
            again.terminate()
            again.wait(timeout=20)
    (home / "redis.json").unlink(missing_ok=True)
    judge("redis", connection, vendor)


def black_hole(scene: Scene) -> None:
    """Let the network to the CRM swallow every byte for 45 s in the middle."""
    vendor, port, home = scene
    vendor.delay = 0.05
    with Hole(port) as hole:
        connection = connected(hole.port)
        with worker(home), beat(home):
            wait(lambda: progress(connection)[0] >= 300)
            hole.swallow(HOLE_SECONDS)
            began = time.monotonic()
            time.sleep(HOLE_SECONDS)
            stopped = progress(connection)
            wait(lambda: progress(connection) != stopped)
            report("hole_until_work_goes_on", time.monotonic() - began - HOLE_SECONDS, "s")
            vendor.delay = 0.0
            wait(lambda: all_done(connection))
        report("hole_bytes_swallowed", hole.swallowed, "bytes")
    judge("hole", connection, vendor)


def an_hour_of_refusals(scene: Scene) -> None:
    """Answer 429 for an hour of the workers' clock, which is moved on, in the middle."""
    from datetime import timedelta

    from integrations import tasks
    from integrations.services.syncing import pulling
    from tenants.models import OutboxEntry
    from tenants.scope import tenant_scope
    from tenants.services import outbox

    vendor, port, _ = scene
    connection = connected(port)
    ahead = timedelta()
    tasks.timezone.now = lambda: clock() + ahead  # type: ignore[method-assign]

    def step() -> bool:
        with tenant_scope(connection.tenant):
            due = OutboxEntry.objects.filter(done_at=None, dead_at=None, next_at__lte=clock() + ahead)
            entry = due.order_by("next_at", "pk").first()
        if entry is not None:
            outbox.run(organization_id=connection.tenant, entry_id=entry.pk, at=clock() + ahead)
        return entry is not None

    pulling.sync(organization_id=connection.tenant, connection_id=connection.pk, clock=clock)
    vendor.refuse_until = float("inf")
    asked = len(vendor.requests)
    while ahead < timedelta(hours=1):
        while step():
            pass
        ahead += timedelta(seconds=10)
    report("too_many_requests_in_the_hour", len(vendor.requests) - asked, "requests")
    vendor.refuse_until = 0.0
    ended = ahead
    while not (all_done(connection) and not step()):
        if not step():
            ahead += timedelta(seconds=10)
        if ahead - ended > timedelta(hours=3):
            raise SystemExit("too_many: it did not go on.")
    report("too_many_until_all_is_here", (ahead - ended).total_seconds(), "s")
    judge("too_many", connection, vendor)


def database_restarted(scene: Scene) -> None:
    """Stop the database at once in the middle, as a crash would, and start it five seconds later."""
    import signal

    from config import embedded

    vendor, port, home = scene
    vendor.delay = 0.05
    connection = connected(port)
    with worker(home), beat(home):
        wait(lambda: progress(connection)[0] >= 300)
        os.kill(int((home / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        time.sleep(5)
        embedded._server(home).ensure_postgres_running()
        began, stopped = time.monotonic(), wait(lambda: progress(connection))
        wait(lambda: progress(connection) != stopped)
        report("database_until_work_goes_on", time.monotonic() - began, "s")
        vendor.delay = 0.0
        wait(lambda: all_done(connection))
    judge("database", connection, vendor)


if __name__ == "__main__":
    main()
