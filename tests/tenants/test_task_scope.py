"""Tasks keep their tenant: publisher, message, worker."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from celery.exceptions import Retry
from django.db import connection

from config.celery import app
from tenants import tasks
from tenants.errors import NoTenant
from tenants.models import Membership, Organization, OutboxEntry, WorkerHeartbeat
from tenants.scope import active_organization_id, tenant_scope
from tenants.services import outbox
from tests.tenants import handlers

seen: list[tuple[int | None, int]] = []


@app.task(name="tests.members")
def members() -> None:
    """Remember the scope and how many members it shows."""
    seen.append((active_organization_id(), Membership.objects.count()))


@app.task(name="tests.publishing")
def publishing() -> None:
    """Publish another task from inside a task."""
    members.apply(headers={"tenant": active_organization_id()})


@app.task(name="tests.tenantless", tenantless=True)
def tenantless() -> None:
    """Serve the whole installation."""
    seen.append((active_organization_id(), 0))


@app.task(name="tests.retrying", bind=True, max_retries=1, default_retry_delay=0)
def retrying(self: Any) -> None:
    """Try twice."""
    seen.append((active_organization_id(), self.request.retries))
    if self.request.retries == 0:
        raise self.retry()


@pytest.fixture(autouse=True)
def _forget() -> None:
    seen.clear()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Messages that would have gone to the broker: their options."""
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr(app, "send_task", lambda *args, **options: messages.append(options))
    return messages


def test_publishing_without_a_tenant_is_refused(db: None, published: list[dict[str, Any]]) -> None:
    with pytest.raises(NoTenant, match=r"tests.members was published while no organization is active"):
        members.delay()
    assert published == []


def test_message_carries_the_tenant(in_acme: Organization, published: list[dict[str, Any]]) -> None:
    members.delay()
    assert published[0]["headers"] == {"tenant": in_acme.pk}


def test_tenantless_task_needs_no_tenant(db: None, published: list[dict[str, Any]]) -> None:
    tenantless.delay()
    assert len(published) == 1
    tenantless.apply().get()
    assert seen == [(None, 0)]


def test_task_runs_in_its_tenants_scope(acme: Organization, other: Organization) -> None:
    members.apply(headers={"tenant": acme.pk}).get()
    members.apply(headers={"tenant": other.pk}).get()
    assert seen == [(acme.pk, 4), (other.pk, 1)]
    assert active_organization_id() is None


def test_task_without_a_tenant_is_refused(acme: Organization) -> None:
    with pytest.raises(NoTenant, match=r"tests.members arrived without a tenant"):
        members.apply(headers={}, throw=True)
    assert seen == []


def test_body_that_is_run_past_the_base_task_sees_nothing(acme: Organization) -> None:
    # The control: without the base task no scope is open, and the manager refuses.
    with pytest.raises(NoTenant):
        members.run()


def test_task_published_by_a_task_keeps_the_tenant(acme: Organization) -> None:
    publishing.apply(headers={"tenant": acme.pk}).get()
    assert seen == [(acme.pk, 4)]


def test_retry_keeps_the_tenant(acme: Organization) -> None:
    try:
        retrying.apply(headers={"tenant": acme.pk})
    except Retry:
        pytest.fail("an eager retry runs at once")
    assert seen == [(acme.pk, 0), (acme.pk, 1)]


def test_heartbeat_is_written(db: None) -> None:
    before = datetime.now(UTC)
    tasks.heartbeat.apply().get()
    assert WorkerHeartbeat.objects.get().beat_at >= before


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """A real worker in a thread, with the real broker between."""
    app.conf.task_default_queue = "work"
    with app.connection_for_write() as broker:
        for queue in ("work", "pulse"):
            broker.default_channel.client.delete(queue)
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        yield
    connection.close()


@pytest.mark.workers
def test_real_worker_keeps_each_tenant(worker: None, organizations: Any, settings: Any) -> None:
    settings.OUTBOX_HANDLERS = {"test": "tests.tenants.handlers.remember"}
    handlers.calls.clear()
    now = datetime.now(UTC)
    for organization in (organizations.acme, organizations.other):
        with tenant_scope(organization.pk):
            # The second link is published by the worker, when the first one's scope is closed already.
            (members.si() | members.si()).apply_async()
            outbox.enqueue(kind="test", payload={"of": organization.slug}, dedupe_key="k", at=now)
    app.send_task("tests.members")  # past the base task: no header, refused by the worker
    tasks.sweep.delay()
    _wait_until(lambda: len(seen) == 4 and len(handlers.calls) == 2)
    assert sorted(seen) == sorted(2 * [(organizations.acme.pk, 4), (organizations.other.pk, 1)])
    assert sorted((call[0], call[1]["of"]) for call in handlers.calls) == sorted(
        [(organizations.acme.pk, "acme"), (organizations.other.pk, "other")]
    )
    with tenant_scope(organizations.acme.pk):
        _wait_until(lambda: OutboxEntry.objects.get().done_at is not None)


def _wait_until(is_so: Any) -> None:
    deadline = time.monotonic() + 90
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert is_so()
