"""Soft demand: what open deals and waiting proposals would ask of each pool, by the chance to win."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from commitments.models import Commitment, Deal, DealLine, Offering
from commitments.selectors.book import Book
from commitments.selectors.checks import routing_of
from feasibility import Ask, Stage

State = Commitment.State
Days = NDArray[np.float64]


@dataclass(frozen=True)
class SoftAsk:
    """Something that may come: a quantity of an offering until a day, with its chance from 0 to 1."""

    offering_id: int
    quantity: int
    earliest_start: date | None
    promised_on: date
    chance: float


def expected_minutes(book: Book) -> Mapping[int, Days]:
    """Return per pool the expected minutes of soft demand on each day of the book's axis.

    The work of a stage is spread evenly over the days on which its routing lets it be done. Deals without
    a known chance, offering or date are left out: what is not known is not guessed.
    """
    totals = {pool_id: np.zeros(book.axis.days) for pool_id in book.pools}
    routings = {each.pk: routing_of(each) for each in Offering.objects.prefetch_related("stages")}
    for soft in soft_asks(book.today):
        stages = routings[soft.offering_id]
        if stages and book.axis.covers(soft.promised_on):
            _spread(totals, soft, stages, book)
    return totals


def soft_asks(today: date) -> Iterator[SoftAsk]:
    """Return waiting proposals, then the lines of open deals that no promise covers."""
    covering = [State.PROPOSED, State.APPROVED, State.DELIVERED]
    covered = set(
        Commitment.objects.filter(state__in=covering, deal__isnull=False).values_list(
            "deal_id", "offering_id"
        )
    )
    proposals = Commitment.objects.filter(state=State.PROPOSED, promised_on__gte=today).order_by()
    for *terms, chance in proposals.values_list(*TERMS, "deal__probability").iterator(chunk_size=5000):
        yield SoftAsk(*terms, chance=1.0 if chance is None else float(chance))
    lines = DealLine.objects.filter(
        deal__status=Deal.Status.OPEN,
        deal__probability__gt=0,
        offering__isnull=False,
        promised_on__gte=today,
    ).order_by()
    rows = lines.values_list(*TERMS, "deal__probability", "deal_id").iterator(chunk_size=5000)
    for offering_id, quantity, start, promised_on, chance, deal_id in rows:
        if (deal_id, offering_id) not in covered:
            yield SoftAsk(offering_id, quantity or 1, start, promised_on, float(chance))


TERMS = ("offering_id", "quantity", "earliest_start", "promised_on")


def _spread(totals: dict[int, Days], soft: SoftAsk, stages: tuple[Stage, ...], book: Book) -> None:
    due = book.axis.index(soft.promised_on)
    start = min(due, max(0, book.axis.offset(soft.earliest_start or book.today)))
    ask = Ask(stages, soft.quantity, start, due)
    for stage, minutes, (first, last) in zip(stages, ask.efforts, ask.wide_windows(), strict=True):
        # Stages that do not fit one after the other are due on the last day all the same.
        first, last = (due, due) if first > last else (max(0, first), last)
        totals[stage.pool][first : last + 1] += soft.chance * minutes / (last - first + 1)
