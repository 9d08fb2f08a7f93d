from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event, Semaphore, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from tenants.errors import NoTenant
from tenants.models import Organization, OutboxEntry
from tenants.scope import active_organization_id, tenant_scope
from tenants.services import hints, leases, outbox, tidying
from tests.tenants import handlers

NOW = datetime(2026, 2, 9, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def remembering(settings: Any) -> None:
    """Register a handler that remembers its calls."""
    settings.OUTBOX_HANDLERS = {"test": "tests.tenants.handlers.remember"}
    handlers.calls.clear()
    handlers.failures.clear()


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Messages that would have gone to workers: (organization, entry)."""
    messages: list[tuple[int, int]] = []
    monkeypatch.setattr(
        hints.current_app,
        "send_task",
        lambda name, args, headers: messages.append((headers["tenant"], args[0])),
    )
    return messages


def enqueue(of: Organization, key: str = "k", at: datetime = NOW, **payload: Any) -> None:
    """Write work of an organization, as a request of its own would."""
    with tenant_scope(of.pk):
        # Tests run in one transaction; each request has its own.
        outbox.enqueue(kind="test", payload=payload, dedupe_key=key, at=at)
        OutboxEntry.objects.update(written_in=0)


def entries(of: Organization) -> list[OutboxEntry]:
    """Return the entries in the order they were written."""
    with tenant_scope(of.pk):
        return list(OutboxEntry.objects.order_by("pk"))


def run(entry: OutboxEntry, at: datetime = NOW) -> None:
    """Do the work of an entry as a worker would."""
    outbox.run(organization_id=entry.organization_id, entry_id=entry.pk, at=at)


def test_work_is_done_once(acme: Organization) -> None:
    enqueue(acme, number=1)
    [entry] = entries(acme)
    run(entry)
    run(entry)
    assert handlers.calls == [(acme.pk, {"number": 1}, NOW)]
    [entry] = entries(acme)
    assert (entry.attempts, entry.dead_at, entry.leased_until, entry.last_error) == (1, None, None, "")
    assert entry.done_at is not None
    assert NOW <= entry.done_at < NOW + 5 * SECOND


def test_handler_runs_outside_any_scope(acme: Organization, settings: Any) -> None:
    settings.OUTBOX_HANDLERS = {"test": "tests.tenants.test_outbox.see_scope"}
    enqueue(acme)
    run(entries(acme)[0])
    assert scopes_seen == [None]


scopes_seen: list[int | None] = []


def see_scope(**kwargs: Any) -> None:
    scopes_seen.append(active_organization_id())


def test_enqueue_needs_a_tenant(db: None) -> None:
    with pytest.raises(NoTenant):
        outbox.enqueue(kind="test", payload={}, dedupe_key="k", at=NOW)


def test_enqueue_refuses_work_that_nobody_does(in_acme: Organization) -> None:
    with pytest.raises(ValueError, match="No handler is registered for outbox entries of kind 'other'"):
        outbox.enqueue(kind="other", payload={}, dedupe_key="k", at=NOW)


def test_enqueue_in_one_transaction_writes_once(in_acme: Organization) -> None:
    for number in range(3):
        outbox.enqueue(kind="test", payload={"number": number}, dedupe_key="k", at=NOW)
    outbox.enqueue(kind="test", payload={}, dedupe_key="another", at=NOW)
    with transaction.atomic():
        outbox.enqueue(kind="test", payload={}, dedupe_key="k", at=NOW)
    assert OutboxEntry.objects.count() == 2


def test_same_work_of_several_requests_is_done_once(acme: Organization) -> None:
    for number in range(3):
        enqueue(acme, number=number)
    first, second, third = entries(acme)
    for entry in (first, second, third):
        run(entry)
    assert handlers.calls == [(acme.pk, {"number": 2}, NOW)]
    assert all(entry.done_at for entry in entries(acme))


def test_other_work_is_not_swallowed(acme: Organization, other: Organization) -> None:
    enqueue(acme, key="a")
    enqueue(acme, key="b")
    enqueue(other, key="a")
    for entry in entries(acme) + entries(other):
        run(entry)
    assert [organization for organization, _, _ in handlers.calls] == [acme.pk, acme.pk, other.pk]


def test_work_asked_for_while_it_is_done_is_done_again(
    acme: Organization, monkeypatch: pytest.MonkeyPatch, sent: list[tuple[int, int]]
) -> None:
    def ask_again(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
        handlers.calls.append((organization_id, payload, at))
        if payload == {"number": 1}:
            enqueue(acme, number=2)
            run(entries(acme)[1])  # its message reaches another worker at once

    monkeypatch.setattr(handlers, "remember", ask_again)
    enqueue(acme, number=1)
    first = entries(acme)[0]
    run(first)
    second = entries(acme)[1]
    assert [payload for _, payload, _ in handlers.calls] == [{"number": 1}]
    assert second.done_at is None
    # The worker that was busy with it hands it on when it is through.
    assert sent[-1] == (acme.pk, second.pk)
    run(second)
    assert [payload for _, payload, _ in handlers.calls] == [{"number": 1}, {"number": 2}]


def test_work_of_the_future_waits_for_its_time(acme: Organization) -> None:
    enqueue(acme, at=NOW + 60 * SECOND, number=1)
    enqueue(acme, number=2)
    later, sooner = entries(acme)
    run(sooner)
    run(later)
    assert [payload for _, payload, _ in handlers.calls] == [{"number": 2}]
    run(later, at=NOW + 60 * SECOND)
    assert [payload for _, payload, _ in handlers.calls] == [{"number": 2}, {"number": 1}]


def test_failed_work_is_tried_again_later(acme: Organization) -> None:
    handlers.failures.extend([RuntimeError("no luck"), RuntimeError("again")])
    enqueue(acme)
    [entry] = entries(acme)
    at = NOW
    for attempt, delay in ((1, 20), (2, 40)):
        run(entry, at)
        [entry] = entries(acme)
        assert (entry.attempts, entry.done_at, entry.dead_at) == (attempt, None, None)
        assert delay <= (entry.next_at - at).total_seconds() < delay + 5
        run(entry, entry.next_at - SECOND)
        assert len(handlers.calls) == attempt
        at = entry.next_at
    assert entry.last_error == "RuntimeError: again"
    run(entry, at)
    [entry] = entries(acme)
    assert (entry.attempts, entry.last_error, entry.done_at is None) == (3, "", False)


def test_delay_has_a_limit(acme: Organization) -> None:
    handlers.failures.append(RuntimeError("x"))
    enqueue(acme)
    with tenant_scope(acme.pk):
        OutboxEntry.objects.update(attempts=outbox.MAX_ATTEMPTS - 2)
    run(entries(acme)[0])
    assert (entries(acme)[0].next_at - NOW).total_seconds() < 20 * 2**6 + 5


def test_work_that_always_fails_ends_as_a_dead_letter(acme: Organization) -> None:
    handlers.failures.extend(RuntimeError(str(number)) for number in range(20))
    enqueue(acme)
    at = NOW
    for _ in range(outbox.MAX_ATTEMPTS + 3):
        [entry] = entries(acme)
        at = max(at, entry.next_at)
        run(entry, at)
    [entry] = entries(acme)
    assert len(handlers.calls) == entry.attempts == outbox.MAX_ATTEMPTS == 8
    assert (entry.dead_at is None, entry.done_at) == (False, None)
    assert entry.last_error == "RuntimeError: 7"


def test_work_that_kills_its_worker_ends_as_a_dead_letter(
    acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(**kwargs: Any) -> None:
        handlers.calls.append((0, {}, NOW))
        raise SystemExit

    monkeypatch.setattr(handlers, "remember", die)
    enqueue(acme)
    [entry] = entries(acme)
    for number in range(12):
        try:
            run(entry, NOW + number * leases.LEASE)
        except SystemExit:
            continue
    [entry] = entries(acme)
    assert len(handlers.calls) == outbox.MAX_ATTEMPTS
    assert (entry.dead_at is None, entry.last_error) == (False, "The worker was lost at every try.")


def test_work_of_a_living_worker_is_left_to_it(acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_twice(**kwargs: Any) -> None:
        handlers.calls.append((0, {}, NOW))
        run(entries(acme)[0], NOW + leases.LEASE - SECOND)

    monkeypatch.setattr(handlers, "remember", run_twice)
    enqueue(acme)
    run(entries(acme)[0])
    assert len(handlers.calls) == 1


def test_keep_holds_off_other_workers(acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep_and_run(**kwargs: Any) -> None:
        handlers.calls.append((0, {}, NOW))
        with tenant_scope(acme.pk):
            outbox.keep(entry_kind="test", dedupe_key="k", until=NOW + timedelta(hours=1))
        run(entries(acme)[0], NOW + timedelta(minutes=59))

    monkeypatch.setattr(handlers, "remember", keep_and_run)
    enqueue(acme)
    run(entries(acme)[0])
    assert len(handlers.calls) == 1


def test_worker_that_was_given_up_does_not_undo_its_successor(
    acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_overtaken(*, at: datetime, **kwargs: Any) -> None:
        handlers.calls.append((0, {}, at))
        if len(handlers.calls) == 1:
            run(entries(acme)[0], NOW + leases.LEASE)
            raise RuntimeError("too late")

    monkeypatch.setattr(handlers, "remember", be_overtaken)
    enqueue(acme)
    run(entries(acme)[0])
    [entry] = entries(acme)
    assert (entry.attempts, entry.last_error, entry.done_at is None) == (2, "", False)


def test_failed_work_that_is_asked_for_again_does_not_wait(acme: Organization) -> None:
    handlers.failures.append(RuntimeError("x"))
    enqueue(acme, number=1)
    run(entries(acme)[0])
    enqueue(acme, number=2)
    run(entries(acme)[1])
    assert [payload for _, payload, _ in handlers.calls] == [{"number": 1}, {"number": 2}]
    assert [entry.attempts for entry in entries(acme)] == [1, 2]
    assert all(entry.done_at for entry in entries(acme))


def test_replay_gives_a_dead_letter_fresh_tries(
    acme: Organization,
    sent: list[tuple[int, int]],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    enqueue(acme)
    with tenant_scope(acme.pk):
        OutboxEntry.objects.update(dead_at=NOW, attempts=8, last_error="x")
    [entry] = entries(acme)
    run(entry)
    assert handlers.calls == []
    with django_capture_on_commit_callbacks(execute=True), tenant_scope(acme.pk):
        outbox.replay(entry=entry, at=NOW)
    assert sent == [(acme.pk, entry.pk)]
    run(entry)
    assert len(handlers.calls) == 1


def test_rollback_leaves_nothing(
    acme: Organization,
    sent: list[tuple[int, int]],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True), tenant_scope(acme.pk):
        outbox.enqueue(kind="test", payload={}, dedupe_key="k", at=NOW)
        transaction.set_rollback(True)
    assert (entries(acme), sent) == ([], [])


def test_message_goes_out_after_commit(
    acme: Organization,
    sent: list[tuple[int, int]],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        with tenant_scope(acme.pk):
            outbox.enqueue(kind="test", payload={}, dedupe_key="k", at=NOW)
        assert sent == []
    assert sent == [(acme.pk, entries(acme)[0].pk)]


@pytest.mark.parametrize(
    "error", [OperationalError("down"), ConnectionError("down"), TimeoutError(), OSError()]
)
def test_broker_that_is_down_fails_no_request(
    acme: Organization,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
    error: Exception,
) -> None:
    tries: list[int] = []

    def fail(*args: Any, **kwargs: Any) -> None:
        tries.append(1)
        raise error

    monkeypatch.setattr(hints.current_app, "send_task", fail)
    monkeypatch.setattr(hints, "_quiet_until", 0.0)
    with django_capture_on_commit_callbacks(execute=True), tenant_scope(acme.pk):
        for key in "abc":
            outbox.enqueue(kind="test", payload={}, dedupe_key=key, at=NOW)
    assert len(entries(acme)) == 3
    assert len(tries) == 1  # the others do not wait for it as well
    monkeypatch.setattr(hints, "_quiet_until", 0.0)


def test_one_organization_takes_only_its_share_of_the_queue(
    acme: Organization,
    other: Organization,
    sent: list[tuple[int, int]],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(hints.SHARE + 10):
            enqueue(acme, key=str(number))
        enqueue(other)
    assert [organization for organization, _ in sent] == [acme.pk] * hints.SHARE + [other.pk]
    # Every entry that is done hands on the next, until all are.
    while len(sent) > len(handlers.calls):
        organization_id, entry_id = sent[len(handlers.calls)]
        outbox.run(organization_id=organization_id, entry_id=entry_id, at=datetime.now(UTC))
    assert len(handlers.calls) == hints.SHARE + 11


def test_sweep_lets_organizations_take_turns(
    acme: Organization, other: Organization, sent: list[tuple[int, int]]
) -> None:
    for number in range(hints.SHARE + 5):
        enqueue(acme, key=str(number))
    for number in range(2):
        enqueue(other, key=str(number))
    for organization in (acme, other):
        with tenant_scope(organization.pk):
            OutboxEntry.objects.update(hinted_at=None)
    assert hints.sweep(at=NOW) == hints.SHARE + 2
    assert [organization for organization, _ in sent[:5]] == [acme.pk, other.pk, acme.pk, other.pk, acme.pk]
    # What has its message now is left alone for a minute; the rest gets its turn.
    assert hints.sweep(at=NOW + 10 * SECOND) == 5
    assert hints.sweep(at=NOW + 20 * SECOND) == 0
    assert hints.sweep(at=NOW + 65 * SECOND) == hints.SHARE + 2


@pytest.mark.parametrize(
    "changes",
    [
        {"done_at": NOW},
        {"dead_at": NOW},
        {"next_at": NOW + SECOND},
        {"leased_until": NOW + SECOND},
        {"hinted_at": NOW - 59 * SECOND},
    ],
)
def test_sweep_leaves_what_is_not_due(acme: Organization, changes: dict[str, Any]) -> None:
    enqueue(acme)
    with tenant_scope(acme.pk):
        OutboxEntry.objects.update(hinted_at=None)
        assert hints.sweep(at=NOW) == 1
        OutboxEntry.objects.update(**{"hinted_at": None} | changes)
    assert hints.sweep(at=NOW) == 0


def test_tidy_deletes_what_is_done_for_a_week(acme: Organization) -> None:
    for key in "abc":
        enqueue(acme, key=key)
    done, dead, waiting = entries(acme)
    with tenant_scope(acme.pk):
        OutboxEntry.objects.filter(pk=done.pk).update(done_at=NOW)
        OutboxEntry.objects.filter(pk=dead.pk).update(dead_at=NOW)
        assert tidying.tidy(at=NOW + timedelta(days=7)) == 0
        assert tidying.tidy(at=NOW + timedelta(days=7, seconds=1)) == 1
    assert entries(acme) == [dead, waiting]


def test_lease_is_renewed_while_the_work_goes_on(acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = Semaphore(0)
    monkeypatch.setattr(leases, "_renew", lambda *entry: renewed.release())
    with leases.lease_kept(acme.pk, 5, lease=timedelta(seconds=0.03)):
        assert renewed.acquire(timeout=10)
        assert renewed.acquire(timeout=10)


def test_renewed_lease_begins_now(acme: Organization) -> None:
    enqueue(acme)
    leases._renew(acme.pk, entries(acme)[0].pk, leases.LEASE)
    until = entries(acme)[0].leased_until
    assert until is not None
    assert leases.LEASE - 5 * SECOND < until - datetime.now(UTC) <= leases.LEASE


@pytest.mark.django_db(transaction=True)
def test_work_written_beside_a_worker_is_not_lost(organizations: Any) -> None:
    """A request writes and has not committed yet when a worker does the same work for an earlier one."""
    acme = organizations.acme
    written, may_commit = Event(), Event()

    def request() -> None:
        try:
            with tenant_scope(acme.pk):
                outbox.enqueue(kind="test", payload={"number": 2}, dedupe_key="k", at=NOW)
                written.set()
                may_commit.wait(10)
        finally:
            connection.close()

    enqueue(acme, number=1)
    thread = Thread(target=request)
    thread.start()
    assert written.wait(10)
    run(entries(acme)[0])  # does not wait for the request either
    may_commit.set()
    thread.join()
    assert [payload for _, payload, _ in handlers.calls] == [{"number": 1}]
    run(entries(acme)[1])
    assert [payload for _, payload, _ in handlers.calls] == [{"number": 1}, {"number": 2}]


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_the_same_work_once(organizations: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = organizations.acme
    for number in range(4):
        enqueue(acme, number=number)
    ids = [entry.pk for entry in entries(acme)]
    start = Barrier(len(ids))

    def work(entry_id: int) -> None:
        try:
            start.wait(10)
            outbox.run(organization_id=acme.pk, entry_id=entry_id, at=NOW)
        finally:
            connection.close()

    threads = [Thread(target=work, args=(entry_id,)) for entry_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [payload for _, payload, _ in handlers.calls] == [{"number": 3}]
