"""What people and workers do at the same moment: nothing is lost, doubled, or set going again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from commitments.models import Deal
from integrations.models import Connection, RemoteDeal, WebhookEvent, WriteBack
from integrations.services.syncing import (
    comparing,
    leaving,
    mapping,
    notifying,
    pausing,
    pulling,
    scheduling,
    upkeep,
    writing_back,
)
from integrations.services.syncing.records import digest_of
from tenants.access import Actor
from tenants.models import OutboxEntry
from tenants.scope import tenant_scope
from tests.integrations.syncing.conftest import Clock, fresh, work
from tests.integrations.syncing.plain import PlainServer
from tests.integrations.syncing.test_writing_back import judged  # noqa: F401  (fixture)

Meanwhile = Callable[..., None]


@pytest.fixture
def meanwhile(server: PlainServer, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Have something done while the CRM answers the next request of this kind, and the one after it."""

    def arrange(asked: str, *acts: Callable[[], object]) -> None:
        answer = server._answer
        left = [*reversed(acts)]

        def then(said: str, request: httpx.Request) -> httpx.Response:
            reply = answer(said, request)
            if said.startswith(asked) and left:
                left.pop()()
            return reply

        monkeypatch.setattr(server, "_answer", then)

    return arrange


def change(connection: Connection, **values: Any) -> None:
    with tenant_scope(connection.tenant):
        Connection.objects.filter(pk=connection.pk).update(**values)


def waiting(connection: Connection, kind: str) -> int:
    with tenant_scope(connection.tenant):
        return OutboxEntry.objects.filter(kind=kind, done_at=None, dead_at=None).count()


@pytest.mark.parametrize("asked", ["GET /deals", "PUT", "GET /fetch", "GET /ids"])
def test_a_connection_that_is_removed_while_a_worker_asks_leaves_no_failure(
    judged: Connection,  # noqa: F811
    server: PlainServer,
    clock: Clock,
    alice_of_acme: Actor,
    meanwhile: Meanwhile,
    asked: str,
) -> None:
    server.add("D1")
    if asked != "GET /deals":
        server.fail("PUT", 422)
        work(judged.tenant, clock)
        clock.pass_time(days=2)
    with tenant_scope(judged.tenant):
        WebhookEvent.objects.create(connection=judged, key="k", deal_ids=["D1"], received_at=clock())
        change(judged, reconciled_at=None)
    meanwhile(asked, lambda: leaving.disconnect(connection=fresh(judged), by=alice_of_acme, clock=clock))
    ids = {"organization_id": judged.tenant, "connection_id": judged.pk, "clock": clock}
    if asked == "GET /fetch":
        notifying.fetch_notified(**ids)
    elif asked == "GET /ids":
        comparing.compare(**ids)
    elif asked == "PUT":
        writing_back.write_back(**ids)
    else:
        pulling.sync(**ids)
    with tenant_scope(judged.tenant):
        assert not Connection.objects.exists()


@pytest.mark.parametrize("fault", [401, 403, 503])
def test_trouble_does_not_undo_a_pause(
    connected: Connection, server: PlainServer, clock: Clock, meanwhile: Meanwhile, fault: int
) -> None:
    server.fail("GET /deals", fault)
    real = server.handle

    def paused(request: httpx.Request) -> httpx.Response:
        change(connected, status="paused")
        return real(request)

    server.handle = paused  # type: ignore[method-assign]
    pulling.sync(organization_id=connected.tenant, connection_id=connected.pk, clock=clock)
    row = fresh(connected)
    assert (row.status, row.problem, row.failures) == ("paused", "", 0)


def test_a_page_that_was_under_way_does_not_hide_why_the_connection_stopped(
    connected: Connection, server: PlainServer, clock: Clock, meanwhile: Meanwhile
) -> None:
    server.add("D1")
    meanwhile("GET /deals", lambda: change(connected, status="vanished", problem="11 of 40 are gone."))
    pulling.sync(organization_id=connected.tenant, connection_id=connected.pk, clock=clock)
    assert (fresh(connected).status, fresh(connected).problem) == ("vanished", "11 of 40 are gone.")
    with tenant_scope(connected.tenant):
        assert Deal.objects.count() == 1  # what was read is kept all the same


def test_reading_now_while_it_reads_makes_no_second_turn(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor, meanwhile: Meanwhile
) -> None:
    def read_now() -> None:
        with tenant_scope(connected.tenant):
            pausing.sync_now(connection=connected, by=alice_of_acme, at=clock())
            OutboxEntry.objects.update(written_in=0)  # the test is one transaction; these would be several

    def later() -> None:
        clock.pass_time(seconds=10)
        with tenant_scope(connected.tenant):
            OutboxEntry.objects.update(written_in=0)

    meanwhile("GET /deals", read_now, later)
    work(connected.tenant, clock)
    assert waiting(connected, "crm-sync") == 1


def test_a_page_read_for_another_mapping_is_not_saved(
    connected: Connection, server: PlainServer, clock: Clock, meanwhile: Meanwhile, alice_of_acme: Actor
) -> None:
    server.add("D1")
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        WebhookEvent.objects.create(connection=connected, key="k", deal_ids=["D1"], received_at=clock())
    meanwhile("GET /fetch", lambda: change(connected, fields={"quantity": "units"}))
    notifying.fetch_notified(organization_id=connected.tenant, connection_id=connected.pk, clock=clock)
    with tenant_scope(connected.tenant):
        assert WebhookEvent.objects.filter(done_at=None).exists()
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        assert not WebhookEvent.objects.filter(done_at=None).exists()


def test_what_the_crm_told_of_during_a_pause_is_fetched_afterwards(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    from integrations.crm import Notification

    server.add("D1")
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        pausing.pause(connection=connected, by=alice_of_acme)
        notifying.receive(connection=fresh(connected), notification=Notification("1", ("D1",)), at=clock())
    server.requests.clear()
    work(connected.tenant, clock)
    assert server.requests == []
    with tenant_scope(connected.tenant):
        pausing.resume(connection=connected, by=alice_of_acme, at=clock())
    work(connected.tenant, clock)
    assert server.requests.count("GET /fetch") == 1


def test_deliveries_nobody_waits_for_are_found_again_and_old_ones_forgotten(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    with tenant_scope(connected.tenant):
        WebhookEvent.objects.create(connection=connected, key="k", deal_ids=["D1"], received_at=clock())
    upkeep.keep_going(organization_id=connected.tenant, clock=clock)
    assert waiting(connected, "crm-notified") == 1
    change(connected, status="paused")
    clock.pass_time(days=9)
    upkeep.keep_going(organization_id=connected.tenant, clock=clock)
    with tenant_scope(connected.tenant):
        assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("kind", ["crm-write", "crm-notified", "crm-compare"])
def test_all_work_waits_for_the_end_of_the_vendors_pause(
    judged: Connection,  # noqa: F811
    server: PlainServer,
    clock: Clock,
    kind: str,
) -> None:
    from integrations import tasks

    server.add("D1")
    server.fail("PUT", 503)
    work(judged.tenant, clock)
    with tenant_scope(judged.tenant):
        WebhookEvent.objects.create(connection=judged, key="k", deal_ids=["D1"], received_at=clock())
    clock.pass_time(minutes=1)
    change(judged, blocked_until=clock() + timedelta(minutes=10), reconciled_at=None)
    server.requests.clear()
    do = {"crm-write": tasks.write_back, "crm-notified": tasks.fetch_notified, "crm-compare": tasks.compare}
    do[kind](organization_id=judged.tenant, payload={"connection": judged.pk}, at=clock())
    assert server.requests == []


def a_written_row(connection: Connection, server: PlainServer, clock: Clock) -> WriteBack:
    server.add("D1")
    work(connection.tenant, clock)
    with tenant_scope(connection.tenant):
        row: WriteBack = WriteBack.objects.get()
    return row


def want(row: WriteBack, at: Any, **values: Any) -> None:
    """Wish something else, as collect_wishes did after a former judgement."""
    row.wanted |= values
    row.wanted_digest, row.next_at, row.error = digest_of(row.wanted), at, ""
    row.made_of = "other verdicts"
    row.save(update_fields=["wanted", "wanted_digest", "made_of", "next_at", "error"])


def test_a_wish_that_comes_back_while_another_is_written_is_written_again(
    judged: Connection,  # noqa: F811
    server: PlainServer,
    clock: Clock,
    meanwhile: Meanwhile,
) -> None:
    """The verdict goes from A to B and back to A while B is on its way to the CRM."""
    row = a_written_row(judged, server, clock)
    before = server.written["D1"]["concord_verdict"]
    with tenant_scope(judged.tenant):
        want(row, clock(), concord_verdict="Tight")
    collect = lambda: writing_back.collect_wishes(organization_id=judged.tenant, at=clock())  # noqa: E731
    meanwhile("PUT", collect)
    writing_back.write_back(organization_id=judged.tenant, connection_id=judged.pk, clock=clock)
    work(judged.tenant, clock)
    assert server.written["D1"]["concord_verdict"] == before


def test_a_wish_is_not_lost_when_another_was_written_while_wishes_are_collected(
    judged: Connection,  # noqa: F811
    server: PlainServer,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = a_written_row(judged, server, clock)
    before = server.written["D1"]["concord_verdict"]
    with tenant_scope(judged.tenant):
        want(row, clock(), concord_verdict="Tight")
    real = writing_back.wishes_of

    def slow(*args: Any) -> Any:
        writing_back.write_back(organization_id=judged.tenant, connection_id=judged.pk, clock=clock)
        yield from real(*args)

    monkeypatch.setattr(writing_back, "wishes_of", slow)
    writing_back.collect_wishes(organization_id=judged.tenant, at=clock())
    work(judged.tenant, clock)
    assert server.written["D1"]["concord_verdict"] == before


def test_a_wish_that_was_lost_is_found_by_the_next_judgement(
    judged: Connection,  # noqa: F811
    server: PlainServer,
    clock: Clock,
) -> None:
    row = a_written_row(judged, server, clock)
    with tenant_scope(judged.tenant):
        WriteBack.objects.filter(pk=row.pk).update(sent_digest="other", next_at=None)
    assert writing_back.collect_wishes(organization_id=judged.tenant, at=clock()) == 1
    work(judged.tenant, clock)
    with tenant_scope(judged.tenant):
        row.refresh_from_db()
    assert row.sent_digest == row.wanted_digest
    assert writing_back.collect_wishes(organization_id=judged.tenant, at=clock()) == 0


def test_a_refusal_of_the_former_wish_does_not_hold_up_the_newer_one(
    judged: Connection,  # noqa: F811
    server: PlainServer,
    clock: Clock,
) -> None:
    row = a_written_row(judged, server, clock)
    with tenant_scope(judged.tenant):
        want(row, clock(), concord_verdict="Tight")
    server.fail("PUT", 422)
    real = server.handle

    def wish(request: httpx.Request) -> httpx.Response:
        server.handle = real  # type: ignore[method-assign]
        with tenant_scope(judged.tenant):
            want(row, clock(), concord_verdict="Unknown")
        return real(request)

    server.handle = wish  # type: ignore[method-assign]
    writing_back.write_back(organization_id=judged.tenant, connection_id=judged.pk, clock=clock)
    work(judged.tenant, clock)
    assert server.written["D1"]["concord_verdict"] == "Unknown"


def test_a_gateway_that_answers_for_the_crm_may_hide_a_note(
    judged: Connection,  # noqa: F811
    server: PlainServer,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.add("D1")
    write = server._write
    answers = [502]

    def hidden(deal_id: str, said: dict[str, Any]) -> httpx.Response:
        answer = write(deal_id, said)
        return httpx.Response(answers.pop(), json={}) if answers else answer

    monkeypatch.setattr(server, "_write", hidden)
    work(judged.tenant, clock)
    clock.pass_time(seconds=31)
    work(judged.tenant, clock)
    assert len(server.notes["D1"]) == 1


def test_nothing_that_waits_is_written_after_it_was_switched_off(
    judged: Connection,  # noqa: F811
    server: PlainServer,
    clock: Clock,
    alice_of_acme: Actor,
) -> None:
    server.add("D1")
    pulling.sync(organization_id=judged.tenant, connection_id=judged.pk, clock=clock)
    server.fail("PUT", 503)
    work(judged.tenant, clock)
    with tenant_scope(judged.tenant):
        assert WriteBack.objects.filter(next_at__isnull=False).exists()
        mapping.save_mapping(connection=judged, by=alice_of_acme, at=clock(), writes_back=False)
    clock.pass_time(minutes=10)
    work(judged.tenant, clock)
    assert server.written == {}
    with tenant_scope(judged.tenant):
        mapping.save_mapping(connection=judged, by=alice_of_acme, at=clock(), writes_back=True)
    work(judged.tenant, clock)
    assert list(server.written) == ["D1"]


def test_a_deal_that_is_gone_is_not_written_until_it_is_back(
    judged: Connection,  # noqa: F811
    server: PlainServer,
    clock: Clock,
) -> None:
    row = a_written_row(judged, server, clock)
    with tenant_scope(judged.tenant):
        want(row, clock(), concord_verdict="Tight")
        scheduling.schedule(scheduling.WRITE, judged, at=clock())
    kept = dict(server.deals["D1"])
    server.remove("D1")
    server.requests.clear()
    pulling.sync(organization_id=judged.tenant, connection_id=judged.pk, clock=clock)
    work(judged.tenant, clock)
    assert [asked for asked in server.requests if asked.startswith("PUT")] == []
    server.gone.clear()
    server.deals["D1"] = kept
    server.touch("D1")
    clock.pass_time(minutes=6)
    work(judged.tenant, clock)
    with tenant_scope(judged.tenant):
        row.refresh_from_db()
        assert RemoteDeal.objects.get().gone_at is None
    assert (row.sent_digest, row.next_at) == (row.wanted_digest, None)
