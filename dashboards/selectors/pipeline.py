"""What the pipeline would bring: expected soft demand, spread over the days it could be worked on.

Rows are read plainly and put together here: joins of all of it would be at the mercy of the database's
statistics, which are stale exactly when much has just been imported.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from commitments.models import Commitment, Deal, DealLine, OfferingStage
from commitments.selectors.book import Book

State = Commitment.State
Floats = NDArray[np.float64]
COVERING = (State.PROPOSED, State.APPROVED, State.DELIVERED)


@dataclass(frozen=True)
class LeftOut:
    """Lines of open deals that bring no expected work, by what they lack; a deal without any counts once."""

    without_offering: int = 0
    without_date: int = 0
    without_probability: int = 0
    past: int = 0

    @property
    def total(self) -> int:
        """Return how many lines are left out in all."""
        return self.without_offering + self.without_date + self.without_probability + self.past


@dataclass(frozen=True)
class Pipeline:
    """Expected minutes of each pool on each day of the book's axis, and what could not be reckoned."""

    daily: dict[int, Floats]
    left_out: LeftOut


@dataclass(frozen=True, slots=True)
class Wish:
    """What may come with a chance from 0 to 1."""

    offering_id: int
    quantity: int
    starts_on: date
    promised_on: date
    chance: float


def pipeline(book: Book) -> Pipeline:
    """Return what is expected of open deals and waiting proposals; five queries.

    Open deals' lines count with the deal's probability, waiting proposals with that of their deal, or fully
    without one. A line that has a promise waiting, approved or delivered counts only as that promise. Each
    stage's effort is spread evenly over the days with capacity from the earliest start to the promised date.
    """
    wishes, without = _of_deals(book.today)
    wishes.extend(_of_proposals(book.today))
    stages: dict[int, list[tuple[int, int, int]]] = {}
    for offering_id, *stage in OfferingStage.objects.order_by().values_list(
        "offering_id", "pool_id", "setup_minutes", "minutes_per_unit"
    ):
        stages.setdefault(offering_id, []).append((stage[0], stage[1], stage[2]))
    rows: dict[int, list[tuple[int, int, float]]] = {}
    today = book.today.toordinal()
    for wish in wishes:
        window = (wish.starts_on.toordinal() - today, wish.promised_on.toordinal() - today)
        for pool_id, setup, per_unit in stages.get(wish.offering_id, ()):
            minutes = wish.chance * (setup + per_unit * wish.quantity)
            rows.setdefault(pool_id, []).append((*window, minutes))
    daily = {
        pool_id: spread(np.array(rows[pool_id]), held.capacity)
        for pool_id, held in book.books.items()
        if held.capacity is not None and pool_id in rows
    }
    return Pipeline(daily, without)


def _of_deals(today: date) -> tuple[list[Wish], LeftOut]:
    covered = set(
        Commitment.objects.filter(state__in=COVERING, deal__status=Deal.Status.OPEN)
        .order_by()
        .values_list("deal_id", "offering_id")
    )
    lines = DealLine.objects.filter(deal__status=Deal.Status.OPEN).order_by()
    counts = dict.fromkeys(LeftOut.__dataclass_fields__, 0)
    wishes, seen = [], set()
    for deal_id, offering_id, quantity, start, due, chance in lines.values_list(
        "deal_id", "offering_id", "quantity", "earliest_start", "promised_on", "deal__probability"
    ):
        seen.add(deal_id)
        if (deal_id, offering_id) in covered:
            continue
        if lack := _lack(offering_id, due, chance, today):
            counts[lack] += 1
        elif offering_id is not None and due is not None and chance is not None:
            wishes.append(Wish(offering_id, quantity or 1, start or today, due, float(chance)))
    counts["without_offering"] += Deal.objects.filter(status=Deal.Status.OPEN).count() - len(seen)
    return wishes, LeftOut(**counts)


def _lack(offering_id: int | None, due: date | None, chance: object, today: date) -> str:
    """Return the field of LeftOut that counts such a line, or nothing."""
    if offering_id is None:
        return "without_offering"
    if due is None:
        return "without_date"
    if due < today:
        return "past"
    return "without_probability" if chance is None else ""


def _of_proposals(today: date) -> Iterator[Wish]:
    waiting = Commitment.objects.filter(state=State.PROPOSED, promised_on__gte=today).order_by()
    for offering_id, quantity, start, due, status, probability in waiting.values_list(
        "offering_id", "quantity", "earliest_start", "promised_on", "deal__status", "deal__probability"
    ):
        chance = 0.0 if status == Deal.Status.LOST else 1.0
        if status == Deal.Status.OPEN and probability is not None:
            chance = float(probability)
        yield Wish(offering_id, quantity, start, due, chance)


def spread(rows: Floats, capacity: NDArray[np.int64]) -> Floats:
    """Return the minutes on each day of rows (first day, last day, minutes), evenly over days with capacity.

    A row with no such day lies on its last; what begins before the axis is worked from its first day on, what
    ends behind it is done by its last.
    """
    rows = rows[(rows[:, 1] >= 0) & (rows[:, 0] < len(capacity))]
    days = np.clip(rows[:, :2], 0, len(capacity) - 1).astype(np.int64)
    starts, dues, minutes = days[:, 0], days[:, 1], rows[:, 2]
    open_days = np.flatnonzero(capacity > 0)
    first = np.searchsorted(open_days, starts)
    after = np.searchsorted(open_days, dues, side="right")
    worked = after > first
    rate = minutes[worked] / (after - first)[worked]
    steps = np.zeros(len(open_days) + 1)
    np.add.at(steps, first[worked], rate)
    np.subtract.at(steps, after[worked], rate)
    daily = np.zeros(len(capacity))
    daily[open_days] = np.cumsum(steps)[:-1]
    np.add.at(daily, dues[~worked], minutes[~worked])
    return np.maximum(daily, 0.0)
