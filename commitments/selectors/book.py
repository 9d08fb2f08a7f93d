"""The book: what the pools can do and what has been promised of it, read as grouped rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import blake2b

import numpy as np
from django.db.models import Case, Count, F, Max, QuerySet, Sum, Value, When
from numpy.typing import NDArray

from capacity.models import Pool
from capacity.selectors.calendars import current_revision, daily_capacity, without_a_pattern
from commitments.models import CommitmentStage, LedgerEvent
from feasibility import Axis, PoolBook, WorkRows, edf_plan
from feasibility.assessment import BottleneckPart

#: How far back the assumed progress of running work is reckoned.
LOOK_BACK_DAYS = 120


@dataclass(frozen=True)
class Book:
    """Pools with their books on one axis that begins today; revision grows with every write.

    `without_pattern` names the resources for which a pool's capacity is missing.
    `limited_left` has the minutes still to do of each stage (by id) with a daily limit.
    """

    axis: Axis
    pools: Mapping[int, Pool]
    books: Mapping[int, PoolBook]
    revision: int
    without_pattern: Mapping[int, list[str]] = field(default_factory=dict)
    limited_left: Mapping[int, int] = field(default_factory=dict, compare=False, repr=False)
    work: Mapping[int, list["Row"]] = field(default_factory=dict, compare=False, repr=False)
    rival_counts: dict[tuple[BottleneckPart, ...], int] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def today(self) -> date:
        """The first day of the axis."""
        return self.axis.first_on

    def print_of(self, pool_id: int) -> str:
        """Return a digest of everything in the pool that a verdict and its sentence may follow from."""
        pool, book = self.pools.get(pool_id), self.books.get(pool_id)
        if pool is None or book is None:
            return ""
        words = (pool.name, pool.safety_buffer_percent, self.without_pattern.get(pool_id))
        made = blake2b(repr((self.axis, words, self.work.get(pool_id))).encode(), digest_size=16)
        for array in (book.capacity, book.starts, book.dues, book.minutes):
            made.update(b"-" if array is None else array.tobytes())
        return made.hexdigest()


def book_revision() -> int:
    """Return a number that grows with every write to capacity or commitments."""
    return current_revision() + (LedgerEvent.objects.aggregate(newest=Max("id"))["newest"] or 0)


def book_of(
    *,
    pool_ids: Collection[int],
    today: date,
    horizon_days: int,
    without_commitment: int | None = None,
    without_overrides: bool = False,
    capacity: Mapping[int, NDArray[np.int64] | None] | None = None,
) -> Book:
    """Return the hard book of these pools from today on.

    `without_commitment` leaves one commitment's own work out, `without_overrides` that of all promises
    approved knowing they do not fit; `capacity` replaces the stored capacity
    (minutes a day from LOOK_BACK_DAYS before today), to see what a change would do.
    Two grouped queries for the work and the pools, and those of daily_capacity.
    """
    axis = Axis(today, horizon_days + 1)
    first_on = today - timedelta(days=LOOK_BACK_DAYS)
    if capacity is None:
        capacity = daily_capacity(sorted(pool_ids), first_on, LOOK_BACK_DAYS + axis.days)
    rows = _hard_rows(_hard_work(pool_ids, first_on, without_commitment, without_overrides))
    pools = {pool.pk: pool for pool in Pool.objects.filter(pk__in=pool_ids)}
    limited_left: dict[int, int] = {}
    books = {
        pool_id: _pool_book(pool, capacity[pool_id], rows.get(pool_id, []), first_on, limited_left)
        for pool_id, pool in pools.items()
    }
    missing = [pool_id for pool_id in pools if capacity[pool_id] is None]
    named = without_a_pattern(missing, first_on, LOOK_BACK_DAYS + axis.days) if missing else {}
    return Book(axis, pools, books, book_revision(), named, limited_left, rows)


Row = tuple[date, date, date, date, int, int, int, int]


def _hard_work(
    pool_ids: Collection[int], first_on: date, without_commitment: int | None, without_overrides: bool
) -> QuerySet[CommitmentStage]:
    work = CommitmentStage.objects.filter(is_hard=True, pool_id__in=pool_ids, due_on__gte=first_on)
    if without_commitment is not None:
        work = work.exclude(commitment_id=without_commitment)
    if without_overrides:
        work = work.filter(commitment__is_override=False)
    return work


def _hard_rows(work: QuerySet[CommitmentStage]) -> dict[int, list[Row]]:
    """Return per pool (start, due, earliest, latest, limit, stage, minutes, rows), summed over equal windows.

    Work with a daily limit is not summed: two crews may do in a day what one may not. Summed rows have 0
    for the stage's id.
    """
    single = Case(When(max_minutes_per_day__isnull=False, then=F("id")), default=Value(0))
    grouped = (
        work.order_by()
        .values_list(
            "pool_id", "starts_on", "due_on", "earliest_on", "latest_on", "max_minutes_per_day", single
        )
        .annotate(total=Sum("minutes"), count=Count("id"))
        # Which of several promises is late may depend on their order: it must be the same at every reading.
        .order_by("pool_id", "starts_on", "due_on", "earliest_on", "latest_on", "max_minutes_per_day")
    )
    rows: dict[int, list[Row]] = {}
    for pool_id, *window, limit, stage, total, count in grouped.iterator(chunk_size=5000):
        start, due, earliest, latest = window
        row = (start, due, earliest, latest, limit or 0, stage, int(total), count)
        rows.setdefault(pool_id, []).append(row)
    return rows


def _pool_book(
    pool: Pool,
    capacity: NDArray[np.int64] | None,
    rows: list[Row],
    first_on: date,
    limited_left: dict[int, int],
) -> PoolBook:
    """Return the pool's book and add what is left of its limited stages to `limited_left`."""
    if capacity is None:
        return PoolBook(pool.pk, None)
    ordinals = [[day.toordinal() for day in row[:4]] for row in rows]
    days = np.array(ordinals, dtype=np.int64).reshape(-1, 4) - first_on.toordinal()
    limits = np.array([row[4] for row in rows], dtype=np.int64)
    minutes = np.array([row[6] for row in rows], dtype=np.int64)
    # Without a report the plan is assumed: what earliest-due-first leaves undone until today is left.
    left = edf_plan(capacity[:LOOK_BACK_DAYS], days[:, 0], days[:, 1], minutes, limits).late
    limited_left.update((row[5], still) for row, still in zip(rows, left.tolist(), strict=True) if row[5])
    open_rows = (days[:, 1] >= LOOK_BACK_DAYS) & (left > 0)
    days, limits, left = days[open_rows] - LOOK_BACK_DAYS, limits[open_rows], left[open_rows]
    return PoolBook(
        pool.pk,
        capacity[LOOK_BACK_DAYS:],
        np.maximum(days[:, 0], 0),
        days[:, 1],
        left,
        buffer_percent=pool.safety_buffer_percent,
        caps=limits,
        wide=WorkRows.of(np.maximum(days[:, 2], 0), np.maximum(days[:, 3], days[:, 1]), left, limits),
    )
