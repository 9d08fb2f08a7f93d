"""The picture both teams see: each pool's bar and weeks, with what is asked drawn in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from capacity.models import Pool
from commitments.selectors.book import Book
from feasibility import Ask, Assessment, Verdict
from feasibility.picture import weekly_picture
from feasibility.prepared import PreparedPool

LEAST_WEEKS, MOST_WEEKS = 7, 16
AskedWindow = tuple[int, int, int]  # first day, due day, minutes


@dataclass(frozen=True)
class Week:
    """Minutes of one pool in one week (Monday `starts_on`); short stands above the capacity line."""

    starts_on: date
    capacity: int
    booked: int
    asked: int
    free: int
    short: int
    pipeline: int
    highlighted: bool


@dataclass(frozen=True)
class PoolPicture:
    """One pool's part of the answer: minutes asked, free for it, spare (below zero: short), and its weeks."""

    pool: Pool
    asked_minutes: int
    free_minutes: int
    spare_minutes: int
    capacity_minutes: int
    verdict: Verdict
    is_bottleneck: bool
    weeks: tuple[Week, ...]

    @property
    def booked_minutes(self) -> int:
        """Return what is taken in the window."""
        return max(0, self.capacity_minutes - self.free_minutes)


def pool_pictures(
    ask: Ask, assessment: Assessment, book: Book, prepared: Mapping[int, PreparedPool]
) -> list[PoolPicture]:
    """Return a picture per pool of the ask, the bottleneck's first, then in the routing's order."""
    bottleneck = {part.pool for part in assessment.bottleneck.parts} if assessment.bottleneck else set()
    order = list(dict.fromkeys(stage.pool for stage in ask.stages))
    order.sort(key=lambda pool: pool not in bottleneck)
    return [
        _pool_picture(pool, ask, assessment, book, prepared[pool], pool in bottleneck)
        for pool in order
        if book.books[pool].capacity is not None
    ]


def _pool_picture(
    pool_id: int,
    ask: Ask,
    assessment: Assessment,
    book: Book,
    prepared: PreparedPool,
    is_bottleneck: bool,
) -> PoolPicture:
    asked = sum(window.minutes for window in assessment.stages if window.pool == pool_id)
    rows = _asked_rows(pool_id, assessment, is_bottleneck)
    start, due = min(row[0] for row in rows), max(row[1] for row in rows)
    free = prepared.table.room(start, due)
    if is_bottleneck and assessment.bottleneck is not None:
        free = asked - assessment.bottleneck.short_minutes
    capacity = int(prepared.book.known_capacity()[start : due + 1].sum())
    buffered = prepared.buffered_table.room(start, due)
    verdict = Verdict.INFEASIBLE if free < asked else Verdict.TIGHT if buffered < asked else Verdict.FEASIBLE
    return PoolPicture(
        pool=book.pools[pool_id],
        asked_minutes=asked,
        free_minutes=free,
        spare_minutes=free - asked,
        capacity_minutes=capacity,
        verdict=verdict,
        is_bottleneck=is_bottleneck,
        weeks=_weeks(ask, rows, book, prepared),
    )


def _asked_rows(pool_id: int, assessment: Assessment, is_bottleneck: bool) -> list[AskedWindow]:
    """Return the asked work to draw on a pool, in the windows that the verdict speaks of.

    What fits may begin as soon as the stage before it can be done. What does not fit has no places yet:
    the bottleneck is drawn with the windows its shortage was counted in, the other pools with all the
    days the routing leaves them, so that the picture never says more is short than the sentence does.
    """
    if is_bottleneck and assessment.bottleneck is not None and assessment.bottleneck.asked:
        return [(row.start, row.due, row.minutes) for row in assessment.bottleneck.asked]
    mine = [number for number, window in enumerate(assessment.stages) if window.pool == pool_id]
    if assessment.reach:
        return [(assessment.reach[n], assessment.stages[n].due, assessment.stages[n].minutes) for n in mine]
    return [
        (min(window.earliest, window.start), max(window.latest, window.due), window.minutes)
        for window in (assessment.stages[number] for number in mine)
    ]


def week_bounds(book: Book, first: int, last: int) -> list[tuple[int, int]]:
    """Return (first, last) day indices of the weeks from that of day `first` to that of day `last`.

    The axis begins today, so the first week may be cut short.
    """
    monday = first - book.axis.on(first).weekday()
    bounds = []
    while monday <= last and monday < book.axis.days:
        bounds.append((max(0, monday), min(monday + 6, book.axis.days - 1)))
        monday += 7
    return bounds


def _weeks(ask: Ask, rows: list[AskedWindow], book: Book, prepared: PreparedPool) -> tuple[Week, ...]:
    first = max(0, ask.start - 14)
    last = max(ask.due + 14, first + LEAST_WEEKS * 7 - 1)
    bounds = week_bounds(book, first, min(last, first + MOST_WEEKS * 7 - 1))
    cells = weekly_picture(prepared, bounds, rows)
    return tuple(
        Week(
            starts_on=book.axis.on(start) - timedelta(days=book.axis.on(start).weekday()),
            capacity=cell.capacity,
            booked=cell.booked,
            asked=cell.asked,
            free=cell.free,
            short=cell.short,
            pipeline=0,
            highlighted=start <= ask.due and end >= ask.start,
        )
        for (start, end), cell in zip(bounds, cells, strict=True)
    )
