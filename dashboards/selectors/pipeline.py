"""What the pipeline would bring: expected soft demand, spread over the days it could be worked on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db.models import Case, Count, DecimalField, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest
from numpy.typing import NDArray

from commitments.models import Commitment, Deal, DealLine
from commitments.selectors.book import Book

State = Commitment.State
Floats = NDArray[np.float64]
Row = tuple[date, date, float]
SHARE = DecimalField(max_digits=5, decimal_places=4)


@dataclass(frozen=True)
class LeftOut:
    """Lines of open deals that bring no expected work, by what they lack; a deal without any counts once."""

    without_offering: int
    without_date: int
    without_probability: int
    past: int

    @property
    def total(self) -> int:
        """Return how many lines are left out in all."""
        return self.without_offering + self.without_date + self.without_probability + self.past


def expected_minutes(book: Book) -> dict[int, Floats]:
    """Return pool -> expected minutes on each day of the book's axis; two queries.

    Open deals' lines count with the deal's probability, waiting proposals with that of their deal, or fully
    without one. A line that has a promise waiting, approved or delivered counts only as that promise. Each
    stage's effort is spread evenly over the days with capacity from the earliest start to the promised date.
    """
    rows: dict[int, list[Row]] = {}
    for query in (_lines(book.today), _proposals(book.today)):
        for pool_id, starts_on, promised_on, minutes in query:
            rows.setdefault(pool_id, []).append((starts_on, promised_on, float(minutes or 0)))
    return {
        pool_id: spread(rows[pool_id], held.capacity, book)
        for pool_id, held in book.books.items()
        if held.capacity is not None and pool_id in rows
    }


def spread(rows: list[Row], capacity: NDArray[np.int64], book: Book) -> Floats:
    """Return the rows' minutes on each day; what has no day with capacity in its window lies on its last."""
    windows = np.array([row[:2] for row in rows], dtype="datetime64[D]")
    minutes = np.array([row[2] for row in rows])
    days = (windows - np.datetime64(book.today)).astype(np.int64)
    starts, dues = np.clip(days[:, 0], 0, len(capacity) - 1), days[:, 1]
    seen = (days[:, 1] >= 0) & (days[:, 0] < len(capacity))
    starts, dues, minutes = starts[seen], np.minimum(dues[seen], len(capacity) - 1), minutes[seen]
    open_days = np.flatnonzero(capacity > 0)
    first = np.searchsorted(open_days, starts)
    after = np.searchsorted(open_days, dues, side="right")
    count = after - first
    worked = count > 0
    rate = minutes[worked] / count[worked]
    steps = np.zeros(len(open_days) + 1)
    np.add.at(steps, first[worked], rate)
    np.subtract.at(steps, after[worked], rate)
    daily = np.zeros(len(capacity))
    daily[open_days] = np.cumsum(steps)[:-1]
    np.add.at(daily, dues[~worked], minutes[~worked])
    return np.maximum(daily, 0.0)


def left_out(today: date) -> LeftOut:
    """Return how many lines of open deals bring nothing, by the first thing they lack; two queries."""
    lines = DealLine.objects.filter(deal__status=Deal.Status.OPEN)
    has_offering, has_date = Q(offering__isnull=False), Q(promised_on__isnull=False)
    ahead, has_chance = Q(promised_on__gte=today), Q(deal__probability__isnull=False)
    counts: Mapping[str, int] = lines.aggregate(
        without_offering=Count("pk", filter=~has_offering),
        without_date=Count("pk", filter=has_offering & ~has_date),
        past=Count("pk", filter=has_offering & Q(promised_on__lt=today)),
        without_probability=Count("pk", filter=has_offering & ahead & ~has_chance),
    )
    bare = Deal.objects.filter(status=Deal.Status.OPEN, lines__isnull=True).count()
    return LeftOut(**{**counts, "without_offering": counts["without_offering"] + bare})


def _effort(quantity: object) -> object:
    return F("offering__stages__setup_minutes") + F("offering__stages__minutes_per_unit") * quantity


def _lines(today: date) -> QuerySet[DealLine, tuple[int, date, date, object]]:
    promised = Commitment.objects.filter(
        deal_id=OuterRef("deal_id"),
        offering_id=OuterRef("offering_id"),
        state__in=[State.PROPOSED, State.APPROVED, State.DELIVERED],
    )
    return (
        DealLine.objects.filter(
            deal__status=Deal.Status.OPEN,
            deal__probability__gt=0,
            promised_on__gte=today,
            offering__stages__isnull=False,
        )
        .exclude(Exists(promised))
        .order_by()
        .values_list(
            "offering__stages__pool_id", Greatest(Coalesce("earliest_start", today), today), "promised_on"
        )
        .annotate(total=Sum(F("deal__probability") * _effort(Coalesce("quantity", 1))))
    )


def _proposals(today: date) -> QuerySet[Commitment, tuple[int, date, date, object]]:
    open_deal = Q(deal__status=Deal.Status.OPEN, deal__probability__isnull=False)
    chance = Case(
        When(open_deal, then=F("deal__probability")),
        When(deal__status=Deal.Status.LOST, then=Value(0)),
        default=Value(1),
        output_field=SHARE,
    )
    return (
        Commitment.objects.filter(
            state=State.PROPOSED, promised_on__gte=today, offering__stages__isnull=False
        )
        .order_by()
        .values_list("offering__stages__pool_id", Greatest("earliest_start", Value(today)), "promised_on")
        .annotate(total=Sum(chance * _effort(F("quantity"))))
    )
