"""Waiting proposals that would not fit, with the pools and days where."""

from dataclasses import dataclass
from datetime import datetime

from commitments.models import Commitment
from commitments.selectors.book import Book
from commitments.selectors.checks import Asked, check, routing_of
from feasibility.prepared import PreparedPool
from tenants.models import Organization

#: Judged anew for the board, the shortest first; the rest are told of in the list of commitments.
MOST_PROPOSALS = 40


@dataclass(frozen=True)
class Misfit:
    """A proposal, the minutes it is short and the (pool, first day, last day) indices of its bottleneck."""

    commitment: Commitment
    short_minutes: int
    parts: tuple[tuple[int, int, int], ...]


def misfits(
    *, organization: Organization, at: datetime, book: Book, prepared: dict[int, PreparedPool]
) -> list[Misfit]:
    """Return the proposals that do not fit in the book, most minutes short first; two queries.

    Which ones is what workers found last; each is judged against this book, so that its place is right.
    """
    found = Commitment.objects.filter(state=Commitment.State.PROPOSED, verdict="infeasible")
    found = found.select_related("offering", "company").prefetch_related("offering__stages")
    answers = []
    for commitment in found.order_by("-short_minutes", "pk")[:MOST_PROPOSALS]:
        answer = _judged(commitment, organization, at, book, prepared)
        if answer is not None:
            answers.append(answer)
    return answers


def _judged(
    commitment: Commitment,
    organization: Organization,
    at: datetime,
    book: Book,
    prepared: dict[int, PreparedPool],
) -> Misfit | None:
    asked = Asked(
        commitment.offering,
        commitment.quantity,
        commitment.earliest_start,
        commitment.promised_on,
        None,
        routing_of(commitment.offering),
    )
    answered = check(
        asked=asked, organization=organization, at=at, book=book, prepared=prepared, in_depth=False
    )
    bottleneck = answered.assessment.bottleneck
    if answered.verdict.fits or bottleneck is None:
        return None
    parts = tuple((part.pool, part.start, part.end) for part in bottleneck.parts)
    return Misfit(commitment, answered.short_minutes, parts)
