"""Times checks and the Board over HTTP on an organization with 10,000 commitments, and the engine's share."""

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COMMITMENTS, DEALS, POOLS, REQUESTS = 10_000, 2_000, 20, 120


def report(name: str, value: float, unit: str) -> None:
    """Print one figure."""
    print(f"{name} {value:.3f} {unit}", flush=True)


def main() -> None:
    """Make the organization in services of its own, serve it, ask it, stop everything."""
    from config import embedded

    with tempfile.TemporaryDirectory(prefix="concord-bench-") as folder:
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY"):
            os.environ.pop(name, None)
        os.environ |= {"CONCORD_HOME": folder, "LOG_LEVEL": "ERROR"}
        embedded.provide(Path(folder))
        try:
            _measure()
        finally:
            embedded.release(Path(folder))


def _manage(*arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _measure() -> None:
    _manage("migrate", "--verbosity", "0")
    made = json.loads(
        _manage(
            "bootstrap",
            "--organization",
            "Bench",
            "--email",
            "bench@example.com",
            "--password",
            "bench-bench",
        )
    )
    begun = time.perf_counter()
    sizes = ("--deals", str(DEALS), "--commitments", str(COMMITMENTS), "--pools", str(POOLS))
    _manage("demo_data", "--organization", made["organization"], *sizes)
    report("demo_data_10000_commitments", time.perf_counter() - begun, "s")
    port = _free_port()
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "config.wsgi",
            "--bind",
            f"127.0.0.1:{port}",
            "--log-level",
            "error",
        ],
        cwd=ROOT,
    )
    try:
        ask = _client(port, made["token"])
        _checks(ask)
        _time("http_board_10000", lambda: ask("GET", "/api/v1/board/?weeks=12"))
    finally:
        server.terminate()
        server.wait()
    _engine_share(made["organization"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _client(port: int, token: str) -> Callable[..., Any]:
    def ask(verb: str, path: str, body: Any = None) -> Any:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request(verb, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{verb} {path}: {answer.status} {content[:300]!r}")
        return json.loads(content)

    deadline = time.monotonic() + 30
    while True:
        try:
            ask("GET", "/api/v1/me/")
            return ask
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _checks(ask: Callable[..., Any]) -> None:
    offerings = ask("GET", "/api/v1/offerings/")["results"]
    chance, today = random.Random(1), datetime.now(UTC).date()

    def one() -> None:
        ask(
            "POST",
            "/api/v1/checks/",
            {
                "offering": chance.choice(offerings)["id"],
                "quantity": chance.randint(1, 30),
                "earliest_start": today.isoformat(),
                "promised_on": (today + timedelta(days=chance.randint(14, 120))).isoformat(),
            },
        )

    _time("http_check_10000", one)


def _time(name: str, one: Callable[[], Any]) -> None:
    for _ in range(5):
        one()
    taken = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        one()
        taken.append((time.perf_counter() - begun) * 1000)
    cuts = statistics.quantiles(taken, n=20)
    report(f"{name}_p50", cuts[9], "ms")
    report(f"{name}_p95", cuts[18], "ms")


def _engine_share(slug: str) -> None:
    """Print what part of a check's time the engine takes, and how many statements read the book."""
    code = f"from benchmarks.pages import share; import sys; share({slug!r})"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env=environment)


def share(slug: str) -> None:
    """Time the engine inside checks in this process."""
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from commitments.models import Offering
    from commitments.selectors import checks
    from feasibility import assess
    from tenants.models import Organization
    from tenants.scope import tenant_scope
    from tenants.tenant_lookup import organization_id_of_slug

    spent = [0.0]

    def timed(*args: Any, **kwargs: Any) -> Any:
        begun = time.perf_counter()
        try:
            return assess(*args, **kwargs)
        finally:
            spent[0] += time.perf_counter() - begun

    checks.assess = timed  # type: ignore[attr-defined]
    organization_id = organization_id_of_slug(slug)
    assert organization_id is not None
    whole, at = 0.0, timezone.now()
    with tenant_scope(organization_id):
        organization = Organization.objects.get(pk=organization_id)
        offerings = list(Offering.objects.prefetch_related("stages"))
        for number in range(40):
            offering = offerings[number % len(offerings)]
            asked = checks.Asked(
                offering, 5, at.date(), at.date() + timedelta(days=60), None, checks.routing_of(offering)
            )
            with CaptureQueriesContext(connection) as captured:
                begun = time.perf_counter()
                answered = checks.check(asked=asked, organization=organization, at=at)
                assert answered.sentence
                whole += time.perf_counter() - begun
        report("check_statements", len(captured), "statements")
    report("check_engine_ms", spent[0] / 40 * 1000, "ms")
    report("check_engine_share", spent[0] / whole * 100, "%")


if __name__ == "__main__":
    main()
