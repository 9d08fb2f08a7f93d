from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from config import health
from tenants.models import WorkerHeartbeat


@pytest.fixture
def worker(db: None) -> WorkerHeartbeat:
    """A worker that has just reported."""
    return WorkerHeartbeat.objects.update_or_create(queue="work", defaults={"beat_at": timezone.now()})[0]


def checks() -> tuple[int, dict[str, Any]]:
    """Ask whether the product is ready."""
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()


def test_ready_when_all_is_good(worker: WorkerHeartbeat) -> None:
    good = dict.fromkeys(("database", "migrations", "redis", "worker"), "good")
    assert checks() == (200, {"status": "ready", "checks": good})


def test_alive_without_a_database() -> None:
    # No database is allowed in this test: asking it would fail.
    answer = Client(headers={"Host": "10.0.0.7"}).get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"alive\n")


def test_probe_needs_no_known_host(worker: WorkerHeartbeat) -> None:
    assert Client(headers={"Host": "10.0.0.7"}).get("/readyz").status_code == 200
    assert Client(headers={"Host": "10.0.0.7"}, raise_request_exception=False).get("/").status_code == 400


def test_probe_is_not_redirected(worker: WorkerHeartbeat, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "no worker has reported yet"), (61, "no report of a worker for 61 s")]
)
def test_missing_worker_is_named(worker: WorkerHeartbeat, seconds: int | None, said: str) -> None:
    if seconds is None:
        WorkerHeartbeat.objects.all().delete()
    else:
        WorkerHeartbeat.objects.update(beat_at=timezone.now() - timedelta(seconds=seconds))
    status, answer = checks()
    assert (status, answer["status"], answer["checks"]["worker"]) == (503, "not ready", said)
    assert [name for name, state in answer["checks"].items() if state != "good"] == ["worker"]


def test_missing_migration_is_named(worker: WorkerHeartbeat, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk = health._migrations_on_disk() | {("tenants", "0099_more")}
    monkeypatch.setattr(health, "_migrations_on_disk", lambda: on_disk)
    status, answer = checks()
    assert (status, answer["checks"]["migrations"]) == (503, "not applied: tenants.0099_more")


def test_redis_that_does_not_answer_is_named(worker: WorkerHeartbeat, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    status, answer = checks()
    assert (status, answer["checks"]["redis"]) == (503, "does not answer (ConnectionError)")


def test_database_that_does_not_answer_is_named(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> Callable[..., Any]:
        raise OperationalError("connection to 10.0.0.5 as concord_web failed")

    with monkeypatch.context() as broken:
        broken.setattr(health.connection, "cursor", fail)
        status, answer = checks()
    assert status == 503
    assert answer["checks"] == {
        "database": "does not answer (OperationalError)",
        "migrations": "does not answer (OperationalError)",
        "redis": "good",
        "worker": "does not answer (OperationalError)",
    }


def test_role_that_sees_everything_is_not_ready(
    worker: WorkerHeartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "unconfined_role", lambda: "DATABASE_URL signs in as 'postgres'.")
    assert checks()[1]["checks"]["database"] == "DATABASE_URL signs in as 'postgres'."


def test_redis_check_closes_its_connection(worker: WorkerHeartbeat, settings: Any) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        before = len(client.client_list())
        for _ in range(3):
            checks()
        assert len(client.client_list()) == before
