"""Ends commitments: delivered, cancelled, withdrawn."""

from datetime import date, datetime, timedelta

from django.db import transaction

from capacity.services.locking import busy_when_locked
from commitments.errors import WrongState
from commitments.models import Commitment, CommitmentStage, LedgerEvent
from commitments.services.ledger import record
from commitments.services.reassessment import ask_for_reassessment
from tenants.access import Actor
from tenants.errors import DomainError
from tenants.roles import Permission

State = Commitment.State


def locked(commitment_id: int) -> Commitment:
    """Return the commitment, locked until the transaction ends; Commitment.DoesNotExist when foreign.

    Raises Busy when another writer keeps it for three seconds.
    """
    rows = Commitment.objects.select_for_update(no_key=True, of=("self",)).select_related("offering")
    with busy_when_locked("Somebody else is changing this commitment right now. Try again in a moment."):
        commitment: Commitment = rows.get(pk=commitment_id)
    return commitment


def require_state(commitment: Commitment, *allowed: str, verb: str) -> None:
    """Raise WrongState unless the commitment is in one of the states."""
    if commitment.state not in allowed:
        raise WrongState(
            f"{commitment.reference} is {commitment.get_state_display().lower()}; "
            f"only {' or '.join(State(state).label.lower() for state in allowed)} ones can be {verb}."
        )


def free_work(commitment: Commitment, *, worked_until: date | None = None) -> None:
    """Give the commitment's capacity back, from the day after `worked_until` on when that is given.

    Hours that were worked stay taken: otherwise the book would believe that others had been worked on then.
    """
    stages = CommitmentStage.objects.filter(commitment=commitment, is_hard=True)
    if worked_until is not None:
        stages.filter(starts_on__lte=worked_until, due_on__gt=worked_until).update(due_on=worked_until)
        stages = stages.filter(starts_on__gt=worked_until)
    stages.update(is_hard=False)


@transaction.atomic
def deliver(*, commitment_id: int, delivered_on: date, by: Actor, at: datetime) -> Commitment:
    """Mark an approved commitment delivered; kept or broken follows from the dates."""
    by.require(Permission.DECIDE)
    commitment = locked(commitment_id)
    require_state(commitment, State.APPROVED, verb="delivered")
    today = at.astimezone(by.organization.zone).date()
    if delivered_on > today:
        raise DomainError("The delivered date lies in the future.", field="delivered_on")
    commitment.state, commitment.delivered_on = State.DELIVERED, delivered_on
    commitment.short_minutes = 0
    commitment.save()
    free_work(commitment, worked_until=min(delivered_on, today - timedelta(days=1)))
    days = (delivered_on - commitment.promised_on).days
    record(
        kind="delivered",
        at=at,
        by=by,
        side=LedgerEvent.Side.OPERATIONS,
        commitment=commitment,
        details={
            "delivered_on": delivered_on,
            "promised_on": commitment.promised_on,
            "days_late": max(0, days),
        },
    )
    ask_for_reassessment(why="delivered", at=at)
    return commitment


@transaction.atomic
def cancel(*, commitment_id: int, reason: str, by: Actor, at: datetime) -> Commitment:
    """End an approved commitment that will not be delivered; its capacity comes back."""
    by.require(Permission.DECIDE)
    if not reason.strip():
        raise DomainError("Say why it is cancelled: the ledger keeps it.", field="reason")
    commitment = locked(commitment_id)
    require_state(commitment, State.APPROVED, verb="cancelled")
    commitment.state, commitment.decision_reason, commitment.short_minutes = State.CANCELLED, reason, 0
    commitment.save()
    free_work(commitment)
    record(
        kind="cancelled", at=at, by=by, side=LedgerEvent.Side.OPERATIONS, commitment=commitment, reason=reason
    )
    ask_for_reassessment(why="cancelled", at=at)
    return commitment


@transaction.atomic
def withdraw(*, commitment_id: int, by: Actor, at: datetime, reason: str = "") -> Commitment:
    """Take a draft or proposal back."""
    by.require(Permission.PROPOSE)
    commitment = locked(commitment_id)
    require_state(commitment, State.DRAFT, State.PROPOSED, verb="withdrawn")
    commitment.state = State.WITHDRAWN
    commitment.save()
    record(kind="withdrawn", at=at, by=by, side=LedgerEvent.Side.SALES, commitment=commitment, reason=reason)
    ask_for_reassessment(why="withdrawn", at=at)
    return commitment
