"""What counts as an over-promise: one function a kind, each returning findings from what was judged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from commitments.models import Commitment, Deal, DealLine, Flag
from commitments.selectors.book import Book
from commitments.selectors.shorts import Short
from commitments.services.terms import LineValues, Terms, terms_of
from tenants.models import Organization
from ui.formatting import hours, weekday_date

Kind = Flag.Kind


@dataclass(frozen=True)
class Finding:
    """One over-promise: its cause is kind and subject, so that it is flagged once."""

    kind: str
    sentence: str
    deal_id: int | None = None
    commitment_id: int | None = None
    short_minutes: int = 0
    days_late: int = 0
    amount: Decimal | None = None
    severity: int = 2
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def cause(self) -> str:
        """Return what makes it the same finding next time."""
        subject = f"commitment:{self.commitment_id}" if self.commitment_id else f"deal:{self.deal_id}"
        return f"{self.kind}:{subject}"


def short_commitments(shorts: Mapping[int, Short], book: Book) -> Iterator[Finding]:
    """Return approved promises that compete for missing hours: knowing overrides and the others."""
    commitments = Commitment.objects.filter(pk__in=shorts, state=Commitment.State.APPROVED)
    for commitment in commitments.select_related("offering", "company").order_by("pk"):
        short = shorts[commitment.pk]
        yield Finding(
            kind=Kind.INFEASIBLE if commitment.is_override else Kind.AT_RISK,
            commitment_id=commitment.pk,
            deal_id=commitment.deal_id,
            sentence=_short_sentence(commitment, short, book),
            short_minutes=short.known_minutes,
            amount=commitment.amount,
            severity=3,
            evidence={"pool": short.pool_id, "short_minutes": short.minutes, "revision": book.revision},
        )


def _short_sentence(commitment: Commitment, short: Short, book: Book) -> str:
    pool, due = book.pools[short.pool_id].name, weekday_date(commitment.promised_on, book.today)
    if short.minutes is None:
        return f"{pool}: nobody's hours are known any more, and work is promised by {due}."
    why = "approved knowing it does not fit" if commitment.is_override else "it fitted when it was approved"
    return f"{pool}: {hours(short.minutes)} too few for what is promised by {due}; {why}."


def infeasible_deals(worst: Mapping[int, DealLine]) -> Iterator[Finding]:
    """Return deals whose date in the CRM cannot be kept."""
    for deal_id, line in worst.items():
        late = 0
        if line.earliest_possible_on and line.promised_on:
            late = max(0, (line.earliest_possible_on - line.promised_on).days)
        yield Finding(
            kind=Kind.INFEASIBLE,
            deal_id=deal_id,
            sentence=line.sentence,
            short_minutes=line.short_minutes or 0,
            days_late=late,
            amount=line.deal.amount,
            severity=3 if line.deal.status == Deal.Status.WON else 2,
            evidence={
                "line": line.pk,
                "promised_on": line.promised_on,
                "earliest_possible_on": line.earliest_possible_on,
                "quantity": line.quantity,
            },
        )


def bypasses(organization: Organization, today: date) -> Iterator[Finding]:
    """Return deals won without an approved commitment.

    Deals closed longer ago than the organization's bypass_days are history, unless a date promised in
    them still lies ahead.
    """
    approved = Commitment.objects.filter(
        deal_id=OuterRef("pk"), state__in=[Commitment.State.APPROVED, Commitment.State.DELIVERED]
    )
    ahead = DealLine.objects.filter(deal_id=OuterRef("pk"), promised_on__gte=today)
    recent = Q(close_on__isnull=True) | Q(close_on__gte=today - timedelta(days=organization.bypass_days))
    deals = Deal.objects.filter(recent | Exists(ahead), status=Deal.Status.WON).exclude(Exists(approved))
    for deal in deals.order_by("pk").iterator(chunk_size=2000):
        yield Finding(
            kind=Kind.BYPASS,
            deal_id=deal.pk,
            sentence="Won, but operations never approved a promise for it.",
            amount=deal.amount,
            severity=2,
            evidence={"close_on": deal.close_on, "stage": deal.stage},
        )


def changed_after_approval() -> Iterator[Finding]:
    """Return approved promises whose deal asks for more, sooner or something else than was approved."""
    approved = Commitment.objects.filter(
        state=Commitment.State.APPROVED, approved_terms__isnull=False, deal__isnull=False
    )
    terms_now = _terms_by_deal(approved)
    for commitment in approved.order_by("pk").iterator(chunk_size=2000):
        now = terms_now.get(commitment.deal_id or 0, [])
        if changes := harder_terms(_approved_terms(commitment), now):
            yield Finding(
                kind=Kind.CHANGED,
                commitment_id=commitment.pk,
                deal_id=commitment.deal_id,
                sentence=f"The deal changed after approval: {'; '.join(changes)}.",
                amount=commitment.amount,
                severity=2,
                evidence={"approved": commitment.approved_terms, "now": now},
            )


def _terms_by_deal(commitments: QuerySet[Commitment]) -> dict[int, Terms]:
    """Return the terms of these commitments' deals as they are now; one query."""
    lines = DealLine.objects.filter(deal_id__in=commitments.order_by().values("deal_id")).order_by()
    found: dict[int, list[LineValues]] = {}
    columns = ("deal_id", "offering_id", "quantity", "promised_on")
    for deal_id, offering_id, quantity, promised_on in lines.values_list(*columns):
        found.setdefault(deal_id, []).append((offering_id, quantity, promised_on))
    return {deal_id: terms_of(values) for deal_id, values in found.items()}


def _approved_terms(commitment: Commitment) -> Terms:
    """Return what was approved; where the deal named no line or date, the promise's own stands for it."""
    own = {
        "offering": commitment.offering_id,
        "quantity": commitment.quantity,
        "promised_on": commitment.promised_on.isoformat(),
    }
    terms: Terms = commitment.approved_terms or []
    if all(term["offering"] != commitment.offering_id for term in terms):
        return [*terms, own]
    return [
        {**term, "promised_on": term["promised_on"] or own["promised_on"]}
        if term["offering"] == commitment.offering_id
        else term
        for term in terms
    ]


def harder_terms(approved: Terms, now: Terms) -> list[str]:
    """Return in words how the terms became harder to keep: other offering, more of it, or an earlier date."""
    changes = []
    before, after = _by_offering(approved), _by_offering(now)
    for offering, (quantity, promised_on) in after.items():
        if offering not in before:
            changes.append("another offering is asked for")
            continue
        quantity_before, promised_before = before[offering]
        if quantity > quantity_before:
            changes.append(f"{quantity} instead of {quantity_before}")
        if promised_on and (promised_before is None or promised_on < promised_before):
            changes.append(f"due {promised_on} instead of {promised_before or 'no date'}")
    return changes


def _by_offering(terms: Terms) -> dict[int | None, tuple[int, str | None]]:
    summed: dict[int | None, tuple[int, str | None]] = {}
    for term in terms:
        quantity, first = summed.get(term["offering"], (0, None))
        dates = [day for day in (first, term["promised_on"]) if day]
        summed[term["offering"]] = (quantity + (term["quantity"] or 1), min(dates, default=None))
    return summed
