"""The board: what every pool has left in each of the weeks ahead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

import numpy as np
from django.db.models import Count

from capacity.models import Pool
from commitments.selectors.book import Book, book_of
from commitments.selectors.checks import prepare_all
from dashboards.selectors.misfits import Misfit, misfits
from dashboards.selectors.pipeline import Floats, LeftOut, pipeline
from feasibility import PreparedPool, WorkRows
from tenants.models import Organization

MOST_WEEKS = 53
Bounds = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Cell:
    """One pool in one week (Monday `starts_on`), in minutes from today on; capacity None is missing.

    capacity = booked + free, booked being placed as late as the promises allow; short is promised work that
    has no place and is due in this week; pipeline is expected work, not a promise. This release neither
    holds capacity nor estimates the chance of an overload.
    """

    starts_on: date
    capacity: int | None
    booked: int = 0
    free: int = 0
    short: int = 0
    pipeline_expected: int = 0
    would_not_fit: bool = False
    held: int = 0
    overload_probability: float | None = None

    @property
    def over_promised(self) -> bool:
        """Return whether more was promised than can be done."""
        return self.short > 0

    @property
    def under_pressure(self) -> bool:
        """Return whether it is full once the expected pipeline lands, and not over-promised already."""
        return not self.over_promised and self.pipeline_expected > self.free


@dataclass(frozen=True)
class BoardRow:
    """A pool with its weeks; `people` counts who works in it."""

    pool: Pool
    people: int
    cells: tuple[Cell, ...]

    @property
    def usual_minutes(self) -> int:
        """Return the capacity of its fullest week shown."""
        return max((cell.capacity or 0 for cell in self.cells), default=0)


@dataclass(frozen=True)
class Board:
    """Pools by location, those whose capacity is missing apart, and what stands out in these weeks."""

    today: date
    last_on: date
    weeks: tuple[date, ...]
    rows: tuple[BoardRow, ...]
    missing: tuple[BoardRow, ...]
    misfits: tuple[Misfit, ...]
    left_out: LeftOut
    revision: int

    @property
    def short_minutes(self) -> int:
        """Return how many minutes are promised without a place."""
        return sum(cell.short for _, cell in self._cells())

    @property
    def over_promised(self) -> list[tuple[Pool, Cell]]:
        """Return the pools and weeks in which more is promised than can be done."""
        return [(pool, cell) for pool, cell in self._cells() if cell.over_promised]

    @property
    def under_pressure(self) -> list[tuple[Pool, Cell]]:
        """Return the pools and weeks which the expected pipeline would fill."""
        return [(pool, cell) for pool, cell in self._cells() if cell.under_pressure]

    def _cells(self) -> list[tuple[Pool, Cell]]:
        return [(row.pool, cell) for row in self.rows for cell in row.cells]

    def groups(self, rows: Sequence[BoardRow] | None = None) -> list[tuple[str, list[BoardRow]]]:
        """Return (location, pools) in order; of `rows` when only some are wanted."""
        shown = self.rows if rows is None else rows
        return [(place, list(held)) for place, held in groupby(shown, lambda row: row.pool.location)]


def board(
    *, organization: Organization, today: date, first_week: date | None = None, weeks: int = 12
) -> Board:
    """Return the weeks from the Monday of `first_week` (this week's without one); always the same queries.

    Weeks before this one or wholly beyond the planning horizon are not shown. Raises ValueError for no weeks.
    """
    if not 1 <= weeks <= MOST_WEEKS:
        raise ValueError(f"A board shows 1 to {MOST_WEEKS} weeks, not {weeks}.")
    pools = list(Pool.objects.annotate(people=Count("memberships")).order_by("location", "name", "pk"))
    book = book_of(pool_ids=[pool.pk for pool in pools], today=today, horizon_days=organization.horizon_days)
    prepared = prepare_all(book, book.books)
    mondays, bounds = _weeks(book, first_week or today, weeks)
    at = datetime.combine(today, time(12), tzinfo=organization.zone)
    found = misfits(organization=organization, at=at, book=book, prepared=prepared)
    expected = pipeline(book)
    shown = [pool for pool in pools if pool.archived_at is None]
    unknown = tuple(Cell(monday, None) for monday in mondays)
    rows = [
        _row(pool, prepared[pool.pk], mondays, bounds, expected.daily.get(pool.pk), found)
        for pool in shown
        if book.books[pool.pk].capacity is not None
    ]
    rows.sort(key=lambda row: row.pool.location == "")  # those without a place come last
    return Board(
        today=today,
        last_on=book.axis.last_on,
        weeks=tuple(mondays),
        rows=tuple(rows),
        missing=tuple(
            BoardRow(pool, pool.people, unknown) for pool in shown if book.books[pool.pk].capacity is None
        ),
        misfits=tuple(found),
        left_out=expected.left_out,
        revision=book.revision,
    )


def _weeks(book: Book, first_week: date, weeks: int) -> tuple[list[date], list[tuple[int, int]]]:
    """Return the Mondays and the day indices (first, last) of their weeks, cut to the axis."""
    this_week = book.today - timedelta(days=book.today.weekday())
    last_week = book.axis.last_on - timedelta(days=book.axis.last_on.weekday())
    first = first_week - timedelta(days=first_week.weekday())
    first = min(max(first, this_week), last_week)
    mondays = [first + timedelta(weeks=number) for number in range(weeks)]
    mondays = [monday for monday in mondays if monday <= last_week]
    last_day = book.axis.days - 1
    bounds = [
        (max(0, book.axis.offset(monday)), min(book.axis.offset(monday) + 6, last_day)) for monday in mondays
    ]
    return mondays, bounds


def _row(
    pool: Pool,
    held: PreparedPool,
    mondays: Sequence[date],
    bounds: Bounds,
    expected: Floats | None,
    found: Sequence[Misfit],
) -> BoardRow:
    rows, plan = held.plan(WorkRows.none(), late=True)
    short = np.bincount(rows.dues, plan.late, held.days).astype(np.int64)
    capacity = _by_week(held.book.known_capacity(), bounds)
    booked, missed = _by_week(plan.load, bounds), _by_week(short, bounds)
    soft = [0] * len(bounds) if expected is None else _by_week(expected, bounds)
    parts = [part for misfit in found for part in misfit.parts if part[0] == pool.pk]
    cells = tuple(
        Cell(
            starts_on=monday,
            capacity=capacity[week],
            booked=booked[week],
            free=capacity[week] - booked[week],
            short=missed[week],
            pipeline_expected=soft[week],
            would_not_fit=any(start <= bounds[week][1] and end >= bounds[week][0] for _, start, end in parts),
        )
        for week, monday in enumerate(mondays)
    )
    return BoardRow(pool, pool.people, cells)  # type: ignore[attr-defined]  # annotated by board()


def _by_week(daily: Any, bounds: Bounds) -> list[int]:
    sums = np.concatenate([[0], np.cumsum(daily)])
    return [round(float(sums[last + 1] - sums[first])) for first, last in bounds]
