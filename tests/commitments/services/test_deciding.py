from datetime import date, timedelta

import pytest

from commitments.errors import NoLongerFits, WrongState
from commitments.models import Commitment, CommitmentStage, LedgerEvent, Offering
from commitments.selectors import verdict_json
from commitments.services.deciding import approve, decline
from commitments.services.delivering import cancel, deliver, withdraw
from commitments.services.proposing import create_draft, propose
from tenants.access import Actor
from tenants.errors import DomainError, NotAllowed
from tests.commitments.conftest import NOW

FRIDAY = date(2027, 2, 12)  # Tue 9 to Fri 12: four days of 16 hours are 16 houses


def proposed(offering: Offering, quantity: int, rep: Actor, promised_on: date = FRIDAY) -> Commitment:
    draft = create_draft(
        offering=offering,
        quantity=quantity,
        earliest_start=date(2027, 2, 9),
        promised_on=promised_on,
        by=rep,
        at=NOW,
    )
    return propose(commitment_id=draft.pk, by=rep, at=NOW)


def test_approve_reserves_the_work(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    commitment = proposed(rewiring, 16, rep)
    assert (commitment.state, commitment.verdict) == ("proposed", "feasible")
    approved = approve(commitment_id=commitment.pk, by=ops, at=NOW)
    assert approved.state == "approved"
    assert approved.first_promised_on == FRIDAY
    stage = CommitmentStage.objects.get(commitment=approved)
    assert (stage.minutes, stage.starts_on, stage.due_on, stage.is_hard) == (
        3840,
        date(2027, 2, 9),
        FRIDAY,
        True,
    )
    kinds = list(LedgerEvent.objects.filter(commitment=approved).values_list("kind", "side"))
    assert kinds == [("drafted", "sales"), ("proposed", "sales"), ("approved", "operations")]


def test_approve_refuses_what_no_longer_fits(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    first, second = proposed(rewiring, 10, rep), proposed(rewiring, 10, rep)
    approve(commitment_id=first.pk, by=ops, at=NOW)
    with pytest.raises(NoLongerFits) as refused:
        approve(commitment_id=second.pk, by=ops, at=NOW)
    assert refused.value.verdict["verdict"] == "infeasible"
    assert refused.value.verdict["bottleneck"]["short_minutes"] == 960
    assert refused.value.verdict["bottleneck"]["rivals"] == [{"commitment": first.pk, "minutes": 2400}]
    assert refused.value.verdict["earliest_date"] == "2027-02-15"
    assert refused.value.verdict["max_quantity"] == 6
    assert refused.value.changed[0] == "It was feasible when proposed; it is infeasible now."
    assert Commitment.objects.get(pk=second.pk).state == "proposed"


def test_approve_with_a_reason_overrides(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    commitment = proposed(rewiring, 20, rep)
    approved = approve(
        commitment_id=commitment.pk, by=ops, at=NOW, override_reason="The client pays overtime"
    )
    assert (approved.is_override, approved.short_minutes) == (True, 960)
    event = LedgerEvent.objects.get(commitment=approved, kind="approved")
    assert event.reason == "The client pays overtime"
    assert event.details["override"] is True


def test_approve_twice_is_refused(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    commitment = proposed(rewiring, 1, rep)
    approve(commitment_id=commitment.pk, by=ops, at=NOW)
    with pytest.raises(WrongState, match="C-1001 is approved; only proposed ones can be approved"):
        approve(commitment_id=commitment.pk, by=ops, at=NOW)


def test_approve_needs_the_permission(rewiring: Offering, rep: Actor) -> None:
    commitment = proposed(rewiring, 1, rep)
    with pytest.raises(NotAllowed):
        approve(commitment_id=commitment.pk, by=rep, at=NOW)
    assert Commitment.objects.get(pk=commitment.pk).state == "proposed"


def test_decline_needs_a_reason(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    commitment = proposed(rewiring, 1, rep)
    with pytest.raises(DomainError) as refused:
        decline(commitment_id=commitment.pk, reason=" ", by=ops, at=NOW)
    assert refused.value.field == "reason"
    declined = decline(commitment_id=commitment.pk, reason="No crew", by=ops, at=NOW)
    assert (declined.state, declined.decision_reason) == ("declined", "No crew")


def test_ended_commitments_give_their_capacity_back(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    first = proposed(rewiring, 16, rep)
    approve(commitment_id=first.pk, by=ops, at=NOW)
    assert proposed(rewiring, 1, rep).verdict == "infeasible"
    cancel(commitment_id=first.pk, reason="Customer left", by=ops, at=NOW)
    assert proposed(rewiring, 16, rep).verdict == "feasible"


def test_deliver_keeps_the_four_dates_apart(rewiring: Offering, rep: Actor, ops: Actor) -> None:
    commitment = proposed(rewiring, 1, rep)
    approve(commitment_id=commitment.pk, by=ops, at=NOW)
    later = NOW + timedelta(days=4)
    delivered = deliver(commitment_id=commitment.pk, delivered_on=date(2027, 2, 13), by=ops, at=later)
    assert (delivered.requested_on, delivered.first_promised_on, delivered.promised_on) == (FRIDAY,) * 3
    assert (delivered.delivered_on, delivered.is_kept) == (date(2027, 2, 13), False)
    other = proposed(rewiring, 1, rep)
    approve(commitment_id=other.pk, by=ops, at=NOW)
    with pytest.raises(DomainError, match="future"):
        deliver(commitment_id=other.pk, delivered_on=FRIDAY, by=ops, at=NOW)


def test_withdraw_ends_a_proposal(rewiring: Offering, rep: Actor) -> None:
    commitment = proposed(rewiring, 1, rep)
    assert withdraw(commitment_id=commitment.pk, by=rep, at=NOW).state == "withdrawn"


def test_only_the_largest_of_many_rivals_are_kept(
    rewiring: Offering, rep: Actor, ops: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict_json, "MOST_RIVALS", 2)
    for quantity in (3, 6, 4):
        approve(commitment_id=proposed(rewiring, quantity, rep).pk, by=ops, at=NOW)
    with pytest.raises(NoLongerFits) as refused:
        approve(commitment_id=proposed(rewiring, 9, rep).pk, by=ops, at=NOW)

    bottleneck = refused.value.verdict["bottleneck"]
    assert [rival["minutes"] for rival in bottleneck["rivals"]] == [1440, 960]
    assert bottleneck["rival_count"] == 3
    assert refused.value.verdict["sentence"].endswith("; 3 commitments compete.")
