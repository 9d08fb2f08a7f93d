"""The nightly comparison: two strikes, and a stop when too many vanish at once."""

from typing import Any

import pytest

from commitments.models import Deal
from integrations.crm import CursorExpired, IdPage
from integrations.models import Connection, RemoteDeal, SyncRun
from integrations.services.syncing import comparing, connecting, pausing, scheduling
from tenants.access import Actor
from tenants.scope import tenant_scope
from tests.integrations.syncing.conftest import Clock, fresh, work
from tests.integrations.syncing.plain import PlainCrm, PlainServer


def statuses(connection: Connection) -> dict[str, str]:
    with tenant_scope(connection.tenant):
        return dict(Deal.objects.values_list("external_id", "status"))


def nights(connection: Connection, clock: Clock, count: int) -> None:
    for _ in range(count):
        clock.pass_time(hours=25)
        work(connection.tenant, clock)


def some_deals(connection: Connection, server: PlainServer, clock: Clock, count: int) -> None:
    for number in range(count):
        server.add(f"D{number:02}")
    work(connection.tenant, clock)


def test_a_deal_that_is_missing_twice_is_gone(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    some_deals(connected, server, clock, 5)
    del server.deals["D02"]
    nights(connected, clock, 1)
    assert statuses(connected)["D02"] == "open"
    nights(connected, clock, 1)
    assert statuses(connected)["D02"] == "lost"
    assert [name for name, status in statuses(connected).items() if status == "lost"] == ["D02"]


def test_a_deal_that_is_seen_again_has_no_strike_left(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    some_deals(connected, server, clock, 5)
    for hidden in ({"D02"}, set(), {"D02"}):
        server.hidden = hidden
        nights(connected, clock, 1)
    assert statuses(connected)["D02"] == "open"
    with tenant_scope(connected.tenant):
        assert RemoteDeal.objects.get(remote_id="D02").strikes == 1


def test_a_deal_that_no_timestamp_told_of_comes_in(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    some_deals(connected, server, clock, 2)
    server.add("D77")
    server.deals["D77"]["number"] = 0  # its change is never listed
    nights(connected, clock, 1)
    assert statuses(connected)["D77"] == "open"


def test_more_than_a_fifth_at_once_stops_everything(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    some_deals(connected, server, clock, 40)
    server.hidden = {f"D{number:02}" for number in range(11)}
    nights(connected, clock, 3)
    row: Any = fresh(connected)
    assert row.status == "vanished"
    assert row.problem.startswith("11 of 40 deals are no longer shown to us.")
    assert "lost" not in statuses(connected).values()
    with tenant_scope(connected.tenant):
        assert not RemoteDeal.objects.filter(strikes__gt=0).exists()
        pausing.resume(connection=row, by=alice_of_acme, at=clock())
    work(connected.tenant, clock)
    assert list(statuses(connected).values()).count("lost") == 11


def test_a_fifth_is_not_too_many(connected: Connection, server: PlainServer, clock: Clock) -> None:
    some_deals(connected, server, clock, 50)
    server.hidden = {f"D{number:02}" for number in range(10)}
    nights(connected, clock, 2)
    assert fresh(connected).status == "active"
    assert list(statuses(connected).values()).count("lost") == 10


def compare_once(connection: Connection, clock: Clock) -> None:
    comparing.compare(organization_id=connection.tenant, connection_id=connection.pk, clock=clock)


def test_a_comparison_that_failed_half_way_begins_anew(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    some_deals(connected, server, clock, 30)
    clock.pass_time(hours=25)
    for _ in range(3):
        compare_once(connected, clock)
    server.fail("GET /ids", 403)
    compare_once(connected, clock)
    assert fresh(connected).status == "attention"
    connecting.test_and_discover(connection=fresh(connected), by=alice_of_acme, clock=clock)
    work(connected.tenant, clock)
    assert fresh(connected).status == "active"
    with tenant_scope(connected.tenant):
        assert not RemoteDeal.objects.filter(strikes__gt=0).exists()
        last = SyncRun.objects.filter(kind="reconcile").order_by("-pk")[0]
        assert (last.status, last.read) == ("done", 30)


def test_a_position_the_crm_forgot_is_not_asked_for_again(
    connected: Connection, server: PlainServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_deals(connected, server, clock, 5)
    real = PlainCrm.list_ids

    def forgotten(self: PlainCrm, cursor: Any) -> IdPage:
        if cursor:
            monkeypatch.setattr(PlainCrm, "list_ids", real)
            raise CursorExpired("unknown")
        return real(self, cursor)

    monkeypatch.setattr(PlainCrm, "list_ids", forgotten)
    clock.pass_time(hours=25)
    work(connected.tenant, clock)
    clock.pass_time(minutes=6)
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        found = SyncRun.objects.filter(kind="reconcile").order_by("pk").values_list("status", "read")
        assert list(found) == [("failed", 2), ("done", 5)]


def test_the_second_strike_is_not_given_in_the_same_night(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    some_deals(connected, server, clock, 5)
    server.hidden = {"D02"}
    nights(connected, clock, 1)
    with tenant_scope(connected.tenant):
        scheduling.schedule(scheduling.COMPARE, fresh(connected), at=clock())  # a turn that came late
    work(connected.tenant, clock)
    assert statuses(connected)["D02"] == "open"
    with tenant_scope(connected.tenant):
        assert RemoteDeal.objects.get(remote_id="D02").strikes == 1
