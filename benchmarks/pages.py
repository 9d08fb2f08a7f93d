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
from collections.abc import Callable, Iterator
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
    _engine_share(made["token"])


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
    offerings = [offering["id"] for offering in ask("GET", "/api/v1/offerings/")["results"]]
    asked = _asked(offerings)
    _time("http_check_10000", lambda: ask("POST", "/api/v1/checks/", next(asked)))


def _asked(offerings: list[int]) -> Iterator[dict[str, Any]]:
    """Yield what to check, from a single unit to far too much, always the same."""
    chance, today = random.Random(1), datetime.now(UTC).date()
    while True:
        yield {
            "offering": chance.choice(offerings),
            "quantity": chance.choice((1, 4, 12, 40, 150)),
            "earliest_start": today.isoformat(),
            "promised_on": (today + timedelta(days=chance.randint(14, 120))).isoformat(),
        }


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


def _engine_share(token: str) -> None:
    """Print what part of a check's time the engine takes, and how many statements read the book."""
    code = f"from benchmarks.pages import share; share({token!r})"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "ALLOWED_HOSTS": "testserver"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env=environment)


def share(token: str) -> None:
    """Time the engine inside HTTP checks in this process, with tables held and with tables built anew."""
    import django

    django.setup()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from commitments.models import Offering
    from commitments.selectors import book, checks, pictures
    from commitments.services import checking
    from feasibility import held_tables
    from tenants.scope import tenant_scope
    from tenants.tenant_lookup import organization_id_of_token

    spent = {"engine": 0.0, "progress": 0.0, "picture": 0.0, "proof": 0.0}
    _watch(checks, "assess", "engine", spent)
    _watch(book, "edf_plan", "progress", spent)
    _watch(pictures, "weekly_picture", "picture", spent)
    _watch(checking, "certify", "proof", spent)
    _watch(checking, "faults", "proof", spent)
    organization_id = organization_id_of_token(token)
    assert organization_id is not None
    with tenant_scope(organization_id):
        offerings = list(Offering.objects.order_by("id").values_list("id", flat=True))
    client = Client(headers={"Authorization": f"Bearer {token}"})
    for held in (True, False):
        asked = _asked(offerings)
        refused = whole = 0.0
        for number in range(REQUESTS + 30):
            if number == 30:  # the first ones import, connect and fill what is held
                refused, whole = 0.0, 0.0
                spent.update(dict.fromkeys(spent, 0.0))
            if not held:
                held_tables._held.clear()
            begun = time.perf_counter()
            with CaptureQueriesContext(connection) as captured:
                answer = client.post("/api/v1/checks/", next(asked), content_type="application/json")
            whole += time.perf_counter() - begun
            assert answer.status_code == 201, answer.content
            refused += answer.json()["verdict"] == "infeasible"
        which = "held" if held else "built"
        for part, seconds in spent.items():
            report(f"check_{part}_ms_tables_{which}", seconds / REQUESTS * 1000, "ms")
            report(f"check_{part}_share_tables_{which}", seconds / whole * 100, "%")
    grouped = sum("GROUP BY" in query["sql"] for query in captured)
    report("check_grouped_queries", grouped, "statements")
    report("check_statements", len(captured), "statements")
    report("check_refusals", refused / REQUESTS * 100, "%")


def _watch(module: Any, name: str, part: str, spent: dict[str, float]) -> None:
    """Add the seconds of every call to the part's."""
    real = getattr(module, name)

    def timed(*args: Any, **kwargs: Any) -> Any:
        begun = time.perf_counter()
        try:
            return real(*args, **kwargs)
        finally:
            spent[part] += time.perf_counter() - begun

    setattr(module, name, timed)


if __name__ == "__main__":
    main()
