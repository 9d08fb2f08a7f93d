from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capacity.models import CapacityChange, Pool
from capacity.services.changes import add_capacity_change, remove_capacity_change
from capacity.services.resources import change_resource
from commitments.models import Commitment, Deal, DealLine, Flag, Offering
from commitments.services.assessing import _store_proposed, reassess
from commitments.services.deals import LineTerms, change_deal, create_deal
from commitments.services.deciding import approve
from commitments.services.delivering import cancel
from commitments.services.flagging import acknowledge_flag, snooze_flag
from commitments.services.offerings import StageTerms, create_offering
from commitments.services.proposing import create_draft, propose
from tenants.access import Actor
from tenants.errors import Conflict, DomainError
from tests.commitments.conftest import NOW, TODAY

FRIDAY = date(2027, 2, 12)


def open_flags() -> list[tuple[str, int | None, int | None]]:
    flags = Flag.objects.filter(closed_at=None).order_by("kind", "pk")
    return [(flag.kind, flag.deal_id, flag.commitment_id) for flag in flags]


def approved(
    offering: Offering, quantity: int, rep: Actor, ops: Actor, deal: Deal | None = None
) -> Commitment:
    draft = create_draft(
        offering=offering,
        quantity=quantity,
        earliest_start=TODAY,
        promised_on=FRIDAY,
        by=rep,
        at=NOW,
        deal=deal,
    )
    propose(commitment_id=draft.pk, by=rep, at=NOW)
    return approve(commitment_id=draft.pk, by=ops, at=NOW, override_reason="The client insists")


def deal_of(rep: Actor, offering: Offering, quantity: int, status: str = "open") -> Deal:
    return create_deal(
        name="Kestrel",
        company_name="Kestrel Housing",
        status=status,
        amount=Decimal("5000.00"),
        close_on=TODAY,
        lines=[LineTerms(offering.pk, quantity=quantity, promised_on=FRIDAY)],
        by=rep,
        at=NOW,
    )


def test_capacity_cut_flags_and_return_closes(
    electricians: Pool, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    commitment = approved(rewiring, 16, rep, ops)
    assert reassess(organization=ops.organization, at=NOW) == 0
    resource = electricians.resources.first()
    change = add_capacity_change(
        kind=CapacityChange.Kind.TIME_OFF,
        resource_id=resource.pk,
        starts_on=FRIDAY,
        ends_on=FRIDAY,
        minutes_per_day=-480,
        by=ops.person,
        at=NOW,
    )
    assert reassess(organization=ops.organization, at=NOW) == 1
    assert open_flags() == [("at_risk", None, commitment.pk)]
    flag = Flag.objects.get()
    assert (flag.short_minutes, flag.severity) == (480, 3)
    assert flag.sentence == (
        "Electricians: 8 h too few for what is promised by Fri 12 February; it fitted when it was approved."
    )
    assert reassess(organization=ops.organization, at=NOW) == 0
    assert Flag.objects.count() == 1
    remove_capacity_change(change=change, by=ops.person, at=NOW)
    assert reassess(organization=ops.organization, at=NOW) == 1
    assert open_flags() == []
    assert Commitment.objects.get(pk=commitment.pk).short_minutes == 0


def test_capacity_cut_that_leaves_hours_but_breaks_a_daily_limit_is_flagged(
    electricians: Pool, rep: Actor, ops: Actor
) -> None:
    """Two crews of one day each: 16 h on Friday are no help to work that may take 4 h of a day."""
    terms = StageTerms(electricians.pk, 240, max_minutes_per_day=240)
    wiring = create_offering(name="Wiring", unit="house", stages=[terms], by=ops, at=NOW)
    limited = approved(wiring, 4, rep, ops)
    assert reassess(organization=ops.organization, at=NOW) == 0
    outage = add_capacity_change(
        kind=CapacityChange.Kind.OUTAGE,
        pool_id=electricians.pk,
        starts_on=date(2027, 2, 10),
        ends_on=date(2027, 2, 10),
        minutes_per_day=-960,
        by=ops.person,
        at=NOW,
    )
    reassess(organization=ops.organization, at=NOW)
    assert open_flags() == [("at_risk", None, limited.pk)]
    assert Flag.objects.get().short_minutes == 240
    remove_capacity_change(change=outage, by=ops.person, at=NOW)
    reassess(organization=ops.organization, at=NOW)
    assert open_flags() == []


def test_hours_that_nobody_knows_any_more_are_flagged(
    electricians: Pool, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    commitment = approved(rewiring, 2, rep, ops)
    for resource in electricians.resources.all():
        change_resource(resource=resource, weekly_minutes=None, by=ops.person, at=NOW)
    reassess(organization=ops.organization, at=NOW)
    assert open_flags() == [("at_risk", None, commitment.pk)]
    flag = Flag.objects.get()
    assert flag.sentence == (
        "Electricians: nobody's hours are known any more, and work is promised by Fri 12 February."
    )
    assert (flag.short_minutes, flag.evidence["short_minutes"]) == (0, None)


def test_override_stays_flagged_until_it_ends(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    commitment = approved(rewiring, 20, rep, ops)
    reassess(organization=ops.organization, at=NOW)
    assert open_flags() == [("infeasible_as_promised", None, commitment.pk)]
    cancel(commitment_id=commitment.pk, reason="Off", by=ops, at=NOW)
    reassess(organization=ops.organization, at=NOW)
    assert open_flags() == []


def test_override_is_one_finding_beside_promises_that_fit(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    regular = approved(rewiring, 10, rep, ops)
    override = approved(rewiring, 10, rep, ops)
    reassess(organization=ops.organization, at=NOW)
    assert open_flags() == [("infeasible_as_promised", None, override.pk)]
    assert Commitment.objects.get(pk=regular.pk).short_minutes == 0


def test_deal_with_an_impossible_date_is_flagged(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    deal = deal_of(rep, rewiring, 20)
    reassess(organization=ops.organization, at=NOW)
    line = DealLine.objects.get(deal=deal)
    assert (line.verdict, line.short_minutes, line.earliest_possible_on) == (
        "infeasible",
        960,
        date(2027, 2, 15),
    )
    flag = Flag.objects.get()
    assert (flag.kind, flag.days_late, flag.amount) == ("infeasible_as_promised", 3, Decimal("5000.00"))
    change_deal(deal=deal, by=rep, at=NOW, lines=[LineTerms(rewiring.pk, quantity=16, promised_on=FRIDAY)])
    reassess(organization=ops.organization, at=NOW)
    assert open_flags() == []


def test_deal_without_a_date_is_unknown_not_flagged(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    create_deal(name="Undated", lines=[LineTerms(rewiring.pk, quantity=500)], by=rep, at=NOW)
    reassess(organization=ops.organization, at=NOW)
    line = DealLine.objects.get()
    assert (line.verdict, line.missing, line.short_minutes) == ("unknown", "promised_on", None)
    assert open_flags() == []


def test_won_without_approval_is_flagged_until_approved(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    deal = deal_of(rep, rewiring, 2, status="won")
    reassess(organization=ops.organization, at=NOW)
    assert open_flags() == [("won_without_approval", deal.pk, None)]
    approved(rewiring, 2, rep, ops, deal)
    reassess(organization=ops.organization, at=NOW)
    assert open_flags() == []


def test_deal_won_long_ago_is_history(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    old = create_deal(name="Old", status="won", close_on=TODAY - timedelta(days=91), by=rep, at=NOW)
    reassess(organization=ops.organization, at=NOW)
    assert open_flags() == []
    change_deal(deal=old, close_on=TODAY - timedelta(days=90), by=rep, at=NOW)
    reassess(organization=ops.organization, at=NOW)
    assert open_flags() == [("won_without_approval", old.pk, None)]


@pytest.mark.parametrize(
    ("quantity", "promised_on", "sentence"),
    [
        (3, FRIDAY, "The deal changed after approval: 3 instead of 2."),
        (2, date(2027, 2, 11), "The deal changed after approval: due 2027-02-11 instead of 2027-02-12."),
        (1, FRIDAY + timedelta(days=9), None),
    ],
)
def test_harder_terms_after_approval_are_flagged(
    rewiring: Offering, rep: Actor, ops: Actor, quantity: int, promised_on: date, sentence: str | None
) -> None:
    deal = deal_of(rep, rewiring, 2)
    commitment = approved(rewiring, 2, rep, ops, deal)
    change_deal(deal=deal, by=rep, at=NOW, name="Renamed", stage="Negotiation", amount=Decimal(9))
    reassess(organization=ops.organization, at=NOW)
    assert open_flags() == []
    change_deal(
        deal=deal,
        by=rep,
        at=NOW,
        lines=[LineTerms(rewiring.pk, quantity=quantity, promised_on=promised_on)],
    )
    reassess(organization=ops.organization, at=NOW)
    found = [(flag.kind, flag.commitment_id, flag.sentence) for flag in Flag.objects.all()]
    assert found == ([("changed_after_approval", commitment.pk, sentence)] if sentence else [])


def test_terms_that_the_deal_learns_after_approval_are_no_change(
    rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    deal = create_deal(name="Kestrel", by=rep, at=NOW)
    commitment = approved(rewiring, 2, rep, ops, deal)
    for quantity, promised_on, flags in (
        (2, None, []),
        (2, FRIDAY, []),
        (3, FRIDAY, [("changed_after_approval", deal.pk, commitment.pk)]),
    ):
        line = LineTerms(rewiring.pk, quantity=quantity, promised_on=promised_on)
        change_deal(deal=deal, by=rep, at=NOW, lines=[line])
        reassess(organization=ops.organization, at=NOW)
        assert open_flags() == flags


def test_running_work_is_assumed_to_go_as_planned(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    commitment = approved(rewiring, 16, rep, ops)
    on_thursday = NOW + timedelta(days=2)
    assert reassess(organization=ops.organization, at=on_thursday) == 0
    assert Commitment.objects.get(pk=commitment.pk).short_minutes == 0


def test_flags_are_acknowledged_and_snoozed(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    deal_of(rep, rewiring, 20)
    reassess(organization=ops.organization, at=NOW)
    flag = acknowledge_flag(flag=Flag.objects.get(), by=rep, at=NOW)
    assert flag.acknowledged_by == rep.person
    with pytest.raises(DomainError, match="lies ahead"):
        snooze_flag(flag=flag, until=NOW, reason="Later", by=rep, at=NOW)
    snoozed = snooze_flag(flag=flag, until=NOW + timedelta(days=1), reason="Later", by=rep, at=NOW)
    assert snoozed.snooze_reason == "Later"
    Flag.objects.update(closed_at=NOW)
    with pytest.raises(Conflict, match="closed by itself"):
        acknowledge_flag(flag=flag, by=rep, at=NOW)


def test_a_long_list_of_changes_still_makes_a_flag(
    electricians: Pool, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    deal = deal_of(rep, rewiring, 2)
    commitment = approved(rewiring, 2, rep, ops, deal)
    others = [
        create_offering(
            name=f"Kind {n}", unit="unit", stages=[StageTerms(electricians.pk, 10)], by=ops, at=NOW
        )
        for n in range(20)
    ]
    lines = [LineTerms(other.pk, quantity=1, promised_on=FRIDAY) for other in others]
    change_deal(deal=deal, by=rep, at=NOW, lines=lines)
    for opened in (1, 0):
        assert reassess(organization=ops.organization, at=NOW) == opened
        assert open_flags() == [("changed_after_approval", deal.pk, commitment.pk)]
    flag = Flag.objects.get()
    assert (len(flag.sentence), flag.sentence[-1], len(flag.evidence["now"])) == (500, "…", 20)


def test_queries_do_not_grow_with_deals_that_fail_in_one_place(
    rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    approved(rewiring, 16, rep, ops)
    queries = []
    for deals in (1, 5):
        for _ in range(deals):
            deal_of(rep, rewiring, 20)
        with CaptureQueriesContext(connection) as captured:
            reassess(organization=ops.organization, at=NOW)
        queries.append(len(captured))
    assert DealLine.objects.filter(sentence__endswith="; 1 commitment competes.").count() == 6
    assert queries[0] == queries[1]


def test_verdict_of_a_decision_made_meanwhile_is_kept(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    draft = create_draft(
        offering=rewiring, quantity=20, earliest_start=TODAY, promised_on=FRIDAY, by=rep, at=NOW
    )
    read = propose(commitment_id=draft.pk, by=rep, at=NOW)
    approve(commitment_id=draft.pk, by=ops, at=NOW, override_reason="The client insists")
    read.verdict, read.sentence, read.short_minutes = "feasible", "As it was read", 0
    _store_proposed([read])
    kept = Commitment.objects.get(pk=draft.pk)
    assert (kept.verdict, kept.short_minutes) == ("infeasible", 960)
