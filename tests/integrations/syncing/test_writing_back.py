"""Verdicts go onto the CRM's deals: the latest one, once, in our fields and one note."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from commitments.models import Deal, Offering
from integrations.models import Connection, WriteBack
from integrations.services.syncing import mapping, pausing, upkeep, verdicts, writing_back
from tenants.access import Actor
from tenants.models import Organization
from tenants.scope import tenant_scope
from tests.factories import commitments as of_commitments
from tests.integrations.syncing.conftest import Clock, fresh, work
from tests.integrations.syncing.plain import PlainServer


@pytest.fixture
def judged(connected: Connection, alice_of_acme: Actor) -> Connection:
    """A connection of an organization that can judge rewirings: two electricians, two hours each."""
    with tenant_scope(connected.tenant):
        pool = of_commitments.staffed_pool(alice_of_acme)
        of_commitments.offering(alice_of_acme, {pool: 120})
    return connected


def rows(connection: Connection) -> list[WriteBack]:
    with tenant_scope(connection.tenant):
        return list(WriteBack.objects.order_by("remote_id"))


def test_the_verdict_of_every_deal_is_written(judged: Connection, server: PlainServer, clock: Clock) -> None:
    server.add("D1")
    server.add("D2", quantity="9000")
    work(judged.tenant, clock)
    assert server.written["D1"]["concord_verdict"] == "Feasible"
    assert server.written["D1"]["concord_earliest_date"] is not None
    assert server.written["D2"]["concord_verdict"] == "Not feasible"
    assert "short" in server.written["D2"]["concord_reason"]
    with tenant_scope(judged.tenant):
        deal = Deal.objects.get(external_id="D1")
    assert server.written["D1"]["concord_link"].endswith(f"/o/acme/deals/{deal.pk}/")
    [note] = server.notes["D1"]
    assert note.startswith("Concord: Feasible\n")
    assert rows(judged)[0].marker in note


def test_what_did_not_change_is_not_written_again(
    judged: Connection, server: PlainServer, clock: Clock
) -> None:
    server.add("D1")
    work(judged.tenant, clock)
    server.touch("D1")
    clock.pass_time(minutes=6)
    server.requests.clear()
    work(judged.tenant, clock)
    assert [asked for asked in server.requests if asked.startswith("PUT")] == []


def test_a_new_verdict_updates_the_note_in_place(
    judged: Connection, server: PlainServer, clock: Clock
) -> None:
    server.add("D1")
    work(judged.tenant, clock)
    server.touch("D1", quantity="9000")
    clock.pass_time(minutes=6)
    work(judged.tenant, clock)
    [note] = server.notes["D1"]
    assert note.startswith("Concord: Not feasible\n")


def test_a_note_whose_making_was_not_answered_is_not_doubled(
    judged: Connection, server: PlainServer, clock: Clock
) -> None:
    server.add("D1")
    server.fail("PUT", httpx.ReadTimeout("lost"))
    work(judged.tenant, clock)
    assert len(server.notes["D1"]) == 1
    assert rows(judged)[0].note_may_exist
    clock.pass_time(seconds=31)
    work(judged.tenant, clock)
    assert len(server.notes["D1"]) == 1
    assert (rows(judged)[0].note_id, rows(judged)[0].next_at) == ("0", None)


def test_a_worker_that_dies_after_the_note_was_made_makes_no_second(
    judged: Connection, server: PlainServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integrations.services.syncing import writing_back

    def die(*args: object) -> None:
        raise SystemExit

    server.add("D1")
    with monkeypatch.context() as dying:
        dying.setattr(writing_back, "_settle_written", die)
        with pytest.raises(SystemExit):
            work(judged.tenant, clock)
    assert len(server.notes["D1"]) == 1
    writing_back.write_back(organization_id=judged.tenant, connection_id=judged.pk, clock=clock)
    assert len(server.notes["D1"]) == 1
    assert rows(judged)[0].sent_digest == rows(judged)[0].wanted_digest


def test_a_deal_that_the_crm_refuses_does_not_hold_up_the_others(
    judged: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    server.add("D1")
    server.add("D2")
    server.fail("PUT /deals/D1", 422)
    work(judged.tenant, clock)
    assert list(server.written) == ["D2"]
    assert (rows(judged)[0].error, fresh(judged).status) == ("A required field is empty.", "active")
    with tenant_scope(judged.tenant):
        pausing.sync_now(connection=judged, by=alice_of_acme, at=clock())
    work(judged.tenant, clock)
    assert sorted(server.written) == ["D1", "D2"]
    assert rows(judged)[0].error == ""


def test_nothing_is_written_when_it_is_switched_off(
    judged: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    with tenant_scope(judged.tenant):
        mapping.save_mapping(connection=judged, by=alice_of_acme, at=clock(), writes_back=False)
    server.add("D1")
    work(judged.tenant, clock)
    assert server.written == {}


def test_a_right_that_is_missing_is_not_asked_for_deal_by_deal(
    judged: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    for number in range(60):
        server.add(f"D{number:02}")
    server.fail("PUT /deals", 403, times=60)
    work(judged.tenant, clock)
    assert server.requests.count("PUT /deals/D00") == 1
    assert sum(request.startswith("PUT") for request in server.requests) == writing_back.ALIKE
    assert {row.error for row in rows(judged)} == {"The key may not read deals."}
    server.faults.clear()
    with tenant_scope(judged.tenant):
        pausing.sync_now(connection=judged, by=alice_of_acme, at=clock())
    work(judged.tenant, clock)
    assert len(server.written) == 60


def test_many_deals_that_are_refused_beside_others_do_not_hold_them_up(
    judged: Connection, server: PlainServer, clock: Clock
) -> None:
    for number in range(60):
        server.add(f"D{number:02}")
    for number in range(0, 60, 2):
        server.fail(f"PUT /deals/D{number:02}", 422)
    work(judged.tenant, clock)
    assert sorted(server.written) == [f"D{number:02}" for number in range(1, 60, 2)]


def test_the_oldest_deals_being_refused_says_nothing_of_the_others(
    judged: Connection, server: PlainServer, clock: Clock
) -> None:
    for number in range(60):
        server.add(f"D{number:02}")
    for number in range(writing_back.ALIKE):
        server.fail(f"PUT /deals/D{number:02}", 422)
    work(judged.tenant, clock)
    assert sorted(server.written) == [f"D{number:02}" for number in range(writing_back.ALIKE, 60)]


def test_those_that_were_put_off_are_written_the_next_day_whatever_the_others_say(
    judged: Connection, server: PlainServer, clock: Clock
) -> None:
    for number in range(60):
        server.add(f"D{number:02}")
    server.fail("PUT /deals", 422, times=writing_back.ALIKE)
    work(judged.tenant, clock)
    tried = {request for request in server.requests if request.startswith("PUT")}
    for request in tried:
        server.fail(request, 422)
    clock.pass_time(hours=24)
    upkeep.keep_going(organization_id=judged.tenant, clock=clock)
    work(judged.tenant, clock)
    assert len(server.written) == 60 - len(tried)


def test_a_promise_approved_for_another_date_is_said_although_no_line_was_judged_anew(
    judged: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    server.add("D1")
    work(judged.tenant, clock)
    with tenant_scope(judged.tenant):
        deal, offering = Deal.objects.get(), Offering.objects.get()
        of_commitments.approved(offering, alice_of_acme, quantity=1, deal=deal)
    work(judged.tenant, clock)
    assert server.written["D1"]["concord_reason"] == "Approved for Fri 12 February 2027."
    with tenant_scope(judged.tenant):
        later = of_commitments.FRIDAY + timedelta(days=7)
        of_commitments.approved(offering, alice_of_acme, quantity=1, deal=deal, promised_on=later)
    work(judged.tenant, clock)
    assert server.written["D1"]["concord_reason"] == "Approved for Fri 19 February 2027."


def test_another_address_of_ours_is_written_to_every_deal(
    judged: Connection, server: PlainServer, clock: Clock, settings: Any
) -> None:
    server.add("D1")
    work(judged.tenant, clock)
    settings.SITE_URL = "https://concord.brightwater.example"
    writing_back.collect_wishes(organization_id=judged.tenant, at=clock())
    work(judged.tenant, clock)
    assert server.written["D1"]["concord_link"].startswith(
        "https://concord.brightwater.example/o/acme/deals/"
    )


def looked_at(connection: Connection) -> int:
    """Return how many deals are looked at for something new to say."""
    with tenant_scope(connection.tenant):
        organization = Organization.objects.get()
        return sum(len(wishes) for wishes in verdicts.wishes_of(connection, organization))


def test_a_deal_whose_worst_line_is_removed_says_what_is_left(
    judged: Connection, server: PlainServer, clock: Clock
) -> None:
    server.add("D1", quantities=["2", "9000"])
    work(judged.tenant, clock)
    assert server.written["D1"]["concord_verdict"] == "Not feasible"
    server.touch("D1", quantities=["2"])
    clock.pass_time(minutes=6)
    work(judged.tenant, clock)
    assert server.written["D1"]["concord_verdict"] == "Feasible"


def test_what_leads_to_the_same_words_is_looked_at_once(
    judged: Connection, server: PlainServer, clock: Clock
) -> None:
    server.add("D1", quantities=["2", "9000"])
    work(judged.tenant, clock)
    assert looked_at(judged) == 0
    server.touch("D1", quantities=["3", "9000"])  # another verdict in the line that does not speak
    clock.pass_time(minutes=6)
    puts = server.requests.count("PUT /deals/D1")
    work(judged.tenant, clock)
    assert looked_at(judged) == 0
    assert server.requests.count("PUT /deals/D1") == puts


def test_deals_that_were_put_off_are_still_written_in_an_order_by_chance(
    judged: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    for number in range(100):
        server.add(f"D{number:02}")
    server.fail("PUT /deals", 403, times=100)
    work(judged.tenant, clock)
    server.faults.clear()  # the right is there now; the forty oldest deals break a rule
    for number in range(40):
        server.fail(f"PUT /deals/D{number:02}", 422, times=9)
    clock.pass_time(hours=1)
    with tenant_scope(judged.tenant):
        pausing.sync_now(connection=judged, by=alice_of_acme, at=clock())
    work(judged.tenant, clock)
    assert sorted(server.written) == [f"D{number:02}" for number in range(40, 100)]
