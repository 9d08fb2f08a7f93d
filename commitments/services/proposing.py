"""Drafts and proposals: what sales wants to promise."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from commitments.models import Commitment, Deal, LedgerEvent, Offering
from commitments.selectors.checks import Asked, check, routing_of
from commitments.services.checking import store_check
from commitments.services.deals import ensure_company
from commitments.services.delivering import locked, require_state
from commitments.services.ledger import record
from commitments.services.reassessment import ask_for_reassessment
from tenants.access import Actor
from tenants.errors import DomainError
from tenants.models import Organization
from tenants.roles import Permission

State = Commitment.State
FIRST_NUMBER = 1001


@transaction.atomic
def create_draft(
    *,
    offering: Offering,
    quantity: int,
    earliest_start: date,
    promised_on: date,
    by: Actor,
    at: datetime,
    deal: Deal | None = None,
    company_name: str = "",
    requested_on: date | None = None,
    note: str = "",
) -> Commitment:
    """Save a draft of a promise; raise DomainError or ValidationError naming the field."""
    by.require(Permission.PROPOSE)
    today = at.astimezone(by.organization.zone).date()
    if promised_on < today:
        raise DomainError("The promised date has passed.", field="promised_on")
    if promised_on < earliest_start:
        raise DomainError("The promised date is before the earliest start.", field="promised_on")
    if offering.archived_at is not None:
        raise DomainError("This offering is no longer offered.", field="offering")
    company = deal.company if deal else None
    if company is None and company_name.strip():
        company = ensure_company(name=company_name, at=at)
    commitment = Commitment(
        number=_next_number(by.organization),
        deal=deal,
        company=company,
        offering=offering,
        quantity=quantity,
        earliest_start=earliest_start,
        requested_on=requested_on or promised_on,
        promised_on=promised_on,
        amount=deal.amount if deal else None,
        currency=deal.currency if deal else "",
        note=note,
        owner=by.person,
        owner_name=by.person.display_name,
        created_at=at,
    )
    commitment.full_clean(exclude=["deal", "company", "offering", "owner"])
    commitment.save()
    record(kind="drafted", at=at, by=by, side=LedgerEvent.Side.SALES, commitment=commitment, deal=deal)
    return commitment


def _next_number(organization: Organization) -> int:
    """Return the next number; the organization's row is locked, so that no two drafts get the same."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    newest = Commitment.objects.aggregate(newest=Max("number"))["newest"]
    return (newest or FIRST_NUMBER - 1) + 1


@transaction.atomic
def propose_new(
    *,
    offering: Offering,
    parts: Sequence[tuple[int, date]],
    earliest_start: date,
    requested_on: date,
    by: Actor,
    at: datetime,
    deal: Deal | None = None,
    company_name: str = "",
    note: str = "",
) -> list[Commitment]:
    """Draft and propose terms in one go, each part (quantity, promised date) as a commitment of its own.

    All parts are proposed or none; the deal's amount is shared among them by quantity.
    """
    proposed = []
    for number, (quantity, promised_on) in enumerate(parts, start=1):
        draft = create_draft(
            offering=offering,
            quantity=quantity,
            earliest_start=earliest_start,
            promised_on=promised_on,
            requested_on=requested_on,
            deal=deal,
            company_name=company_name,
            note=note if len(parts) == 1 else f"Part {number} of {len(parts)}. {note}".strip(),
            by=by,
            at=at,
        )
        if draft.amount is not None and len(parts) > 1:
            draft.amount = _share(draft.amount, parts, number)
            draft.save(update_fields=["amount"])
        proposed.append(propose(commitment_id=draft.pk, by=by, at=at))
    return proposed


def _share(amount: Decimal, parts: Sequence[tuple[int, date]], number: int) -> Decimal:
    """Return the part's share in whole cents, so that the shares add up to the amount."""
    total = sum(quantity for quantity, _ in parts)
    until = [
        (amount * sum(quantity for quantity, _ in parts[:count]) / total).quantize(Decimal("0.01"))
        for count in (number - 1, number)
    ]
    return until[1] - until[0]


def asked_of(commitment: Commitment) -> Asked:
    """Return the commitment's terms as a question, with the offering's routing as it is now."""
    return Asked(
        commitment.offering,
        commitment.quantity,
        commitment.earliest_start,
        commitment.promised_on,
        commitment.deal,
        routing_of(commitment.offering),
    )


@transaction.atomic
def propose(*, commitment_id: int, by: Actor, at: datetime) -> Commitment:
    """Send a draft to operations with the verdict of this moment; it may be proposed knowing it is short."""
    by.require(Permission.PROPOSE)
    commitment = locked(commitment_id)
    require_state(commitment, State.DRAFT, verb="proposed")
    answered = check(asked=asked_of(commitment), organization=by.organization, at=at)
    stored = store_check(check=answered, by=by)
    commitment.state = State.PROPOSED
    commitment.proposed_at = at
    commitment.answer_due_at = at + timedelta(hours=by.organization.answer_hours)
    commitment.verdict, commitment.sentence = str(answered.verdict), answered.sentence[:500]
    commitment.short_minutes = answered.short_minutes
    commitment.assessed_at = at
    commitment.save()
    record(
        kind="proposed",
        at=at,
        by=by,
        side=LedgerEvent.Side.SALES,
        commitment=commitment,
        deal=commitment.deal,
        verdict=stored,
        reason=commitment.note,
        details={
            "quantity": commitment.quantity,
            "promised_on": commitment.promised_on,
            "verdict": str(answered.verdict),
            "short_minutes": answered.short_minutes,
        },
    )
    ask_for_reassessment(why="proposed", at=at)
    return commitment
