"""What is assumed to be done of work that runs already."""

from datetime import date, datetime, timedelta

from capacity.models import Pool
from commitments.models import Commitment, CommitmentStage, Offering
from commitments.selectors.book import book_of
from commitments.services.deciding import approve
from commitments.services.delivering import deliver
from commitments.services.offerings import StageTerms, create_offering
from commitments.services.proposing import create_draft, propose
from tenants.access import Actor
from tests.commitments.conftest import NOW, TODAY

FRIDAY = date(2027, 2, 12)
NEXT_FRIDAY = date(2027, 2, 19)


def promised(offering: Offering, quantity: int, due: date, rep: Actor, ops: Actor) -> Commitment:
    draft = create_draft(
        offering=offering, quantity=quantity, earliest_start=TODAY, promised_on=due, by=rep, at=NOW
    )
    propose(commitment_id=draft.pk, by=rep, at=NOW)
    return approve(commitment_id=draft.pk, by=ops, at=NOW)


def minutes_left(pool: Pool, at: datetime) -> int:
    book = book_of(pool_ids=[pool.pk], today=at.date(), horizon_days=60)
    return int(book.books[pool.pk].minutes.sum())


def test_delivered_work_has_taken_its_hours(
    electricians: Pool, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    first = promised(rewiring, 12, FRIDAY, rep, ops)
    promised(rewiring, 12, NEXT_FRIDAY, rep, ops)
    on_friday = NOW + timedelta(days=3)  # three days of 16 h went into the first
    assert minutes_left(electricians, on_friday) == 2880
    deliver(commitment_id=first.pk, delivered_on=date(2027, 2, 11), by=ops, at=on_friday)
    assert minutes_left(electricians, on_friday) == 2880


def test_early_delivery_gives_the_days_ahead_back(
    electricians: Pool, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    early = promised(rewiring, 12, NEXT_FRIDAY, rep, ops)
    on_wednesday = NOW + timedelta(days=1)
    assert minutes_left(electricians, on_wednesday) == 1920
    deliver(commitment_id=early.pk, delivered_on=on_wednesday.date(), by=ops, at=on_wednesday)
    assert minutes_left(electricians, on_wednesday) == 0
    stage = CommitmentStage.objects.get(commitment=early)
    assert (stage.is_hard, stage.due_on) == (True, TODAY)


def test_work_delivered_on_its_first_day_is_free_at_once(
    electricians: Pool, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    done = promised(rewiring, 12, FRIDAY, rep, ops)
    deliver(commitment_id=done.pk, delivered_on=TODAY, by=ops, at=NOW)
    assert minutes_left(electricians, NOW) == 0
    assert CommitmentStage.objects.get(commitment=done).is_hard is False


def test_crew_limit_holds_for_the_days_behind(electricians: Pool, rep: Actor, ops: Actor) -> None:
    limited = create_offering(
        name="Small crew",
        unit="site",
        stages=[StageTerms(electricians.pk, 480, max_minutes_per_day=240)],
        by=ops,
        at=NOW,
    )
    promised(limited, 4, date(2027, 2, 22), rep, ops)
    assert minutes_left(electricians, NOW + timedelta(days=2)) == 4 * 480 - 2 * 240
