"""Operations' decisions. Approving judges the promise again under the pools' lock, so that two approvals

can never both get the last hours.
"""

from datetime import datetime

from django.db import transaction

from capacity.services.locking import lock_pools
from commitments.errors import CannotBeJudged, NoLongerFits
from commitments.models import Commitment, CommitmentStage, LedgerEvent, StoredVerdict
from commitments.selectors.checks import Check, check
from commitments.selectors.verdict_json import verdict_json
from commitments.services.checking import store_check
from commitments.services.delivering import locked, require_state
from commitments.services.ledger import record
from commitments.services.proposing import asked_of
from commitments.services.reassessment import ask_for_reassessment
from commitments.services.terms import terms_of_deal
from feasibility import Verdict
from tenants.access import Actor
from tenants.errors import Busy, DomainError
from tenants.roles import Permission

State = Commitment.State


@transaction.atomic
def approve(*, commitment_id: int, by: Actor, at: datetime, override_reason: str = "") -> Commitment:
    """Approve a proposal and reserve its capacity, or raise what stands against it.

    Raises NoLongerFits (with the fresh verdict) when it does not fit and no `override_reason` is given,
    CannotBeJudged when something needed is missing, WrongState when it is not proposed any more, Busy when
    the pools' lock is not had in time. An override needs its own permission and stays flagged.
    """
    by.require(Permission.DECIDE)
    pools = _pools_of(commitment_id)
    lock_pools(pools)
    commitment = locked(commitment_id)
    require_state(commitment, State.PROPOSED, verb="approved")
    asked = asked_of(commitment)
    if {stage.pool for stage in asked.stages} != pools:
        raise Busy("The offering's stages were just changed. Look again and decide.")
    answered = check(asked=asked, organization=by.organization, at=at)
    is_override = _require_fit(commitment, answered, by, override_reason)
    stored = store_check(check=answered, by=by)
    _reserve(commitment, answered)
    _mark_approved(commitment, answered, by, at, override_reason, is_override)
    _record_decision("approved", commitment, by, at, stored, override_reason, is_override=is_override)
    ask_for_reassessment(why="approved", at=at)
    return commitment


def _pools_of(commitment_id: int) -> set[int]:
    commitment = Commitment.objects.select_related("offering").get(pk=commitment_id)
    return set(commitment.offering.stages.values_list("pool_id", flat=True))


def _require_fit(commitment: Commitment, answered: Check, by: Actor, override_reason: str) -> bool:
    """Return whether this is a knowing override; raise when it does not fit and is none."""
    if answered.verdict.fits:
        return False
    if answered.verdict is Verdict.UNKNOWN:
        raise CannotBeJudged(f"{commitment.reference} cannot be judged: {answered.sentence}")
    if not override_reason.strip():
        raise NoLongerFits(
            f"{commitment.reference} does not fit: {answered.sentence}",
            verdict=verdict_json(answered),
            changed=what_changed(commitment, answered),
        )
    by.require(Permission.OVERRIDE)
    return True


def what_changed(commitment: Commitment, answered: Check) -> list[str]:
    """Return in sentences what is different from when it was proposed."""
    changes = []
    if commitment.verdict and commitment.verdict != str(answered.verdict):
        before = Verdict(commitment.verdict)
        changes.append(f"It was {before} when proposed; it is {answered.verdict} now.")
    newer = LedgerEvent.objects.filter(
        kind__in=["approved", "cancelled", "delivered"], at__gt=commitment.proposed_at
    ).select_related("commitment__offering")
    for event in newer.order_by("-id")[:5]:
        if event.commitment is not None:
            changes.append(
                f"{event.commitment.reference} ({event.commitment.quantity} × "
                f"{event.commitment.offering.name}) was {event.kind} since."
            )
    return changes


def _reserve(commitment: Commitment, answered: Check) -> None:
    axis = answered.book.axis
    CommitmentStage.objects.filter(commitment=commitment).delete()
    CommitmentStage.objects.bulk_create(
        CommitmentStage(
            commitment=commitment,
            position=position,
            pool_id=stage.pool,
            minutes=stage.minutes,
            max_minutes_per_day=stage.limit or None,
            starts_on=axis.on(stage.start),
            due_on=axis.on(stage.due),
            earliest_on=axis.on(min(stage.earliest, stage.start)),
            latest_on=axis.on(max(stage.latest, stage.due)),
            is_hard=True,
        )
        for position, stage in enumerate(answered.assessment.stages, start=1)
    )


def _mark_approved(
    commitment: Commitment, answered: Check, by: Actor, at: datetime, reason: str, is_override: bool
) -> None:
    commitment.state = State.APPROVED
    commitment.decided_at, commitment.decided_by = at, by.person
    commitment.decision_reason, commitment.is_override = reason, is_override
    commitment.first_promised_on = commitment.first_promised_on or commitment.promised_on
    commitment.approved_terms = terms_of_deal(commitment.deal) if commitment.deal else None
    commitment.verdict, commitment.sentence = str(answered.verdict), answered.sentence[:500]
    commitment.short_minutes, commitment.assessed_at = answered.short_minutes, at
    commitment.save()


@transaction.atomic
def decline(*, commitment_id: int, reason: str, by: Actor, at: datetime) -> Commitment:
    """Decline a proposal with a reason that sales reads."""
    by.require(Permission.DECIDE)
    if not reason.strip():
        raise DomainError("Say why: sales has to tell the customer.", field="reason")
    commitment = locked(commitment_id)
    require_state(commitment, State.PROPOSED, verb="declined")
    answered = check(asked=asked_of(commitment), organization=by.organization, at=at)
    stored = store_check(check=answered, by=by)
    commitment.state = State.DECLINED
    commitment.decided_at, commitment.decided_by, commitment.decision_reason = at, by.person, reason
    commitment.save()
    _record_decision("declined", commitment, by, at, stored, reason)
    ask_for_reassessment(why="declined", at=at)
    return commitment


def _record_decision(
    kind: str,
    commitment: Commitment,
    by: Actor,
    at: datetime,
    stored: StoredVerdict,
    reason: str,
    *,
    is_override: bool = False,
) -> None:
    record(
        kind=kind,
        at=at,
        by=by,
        side=LedgerEvent.Side.OPERATIONS,
        commitment=commitment,
        deal=commitment.deal,
        verdict=stored,
        reason=reason,
        details={
            "quantity": commitment.quantity,
            "promised_on": commitment.promised_on,
            "verdict": stored.answer["verdict"],
            "override": is_override,
        },
    )
