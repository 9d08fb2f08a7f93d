"""The board: every pool in use, week by week; what it can do, what is promised of it, what may come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from capacity.models import Pool
from commitments.selectors.book import Book, book_of
from dashboards.selectors.pipeline import Days, expected_minutes
from feasibility.picture import WeekCell, weekly_picture
from feasibility.prepared import PreparedPool
from tenants.models import Organization

MOST_WEEKS = 53


@dataclass(frozen=True)
class BoardCell:
    """Minutes of one pool in one week; capacity None: not known, then neither is what is over-promised.

    `short` is what was promised for this week and cannot be done by its end.
    """

    starts_on: date
    capacity: int | None
    booked: int
    held: int
    pipeline_expected: int
    overload_probability: float | None
    short: int

    @property
    def over_promised(self) -> bool:
        """Return whether more was promised than can be done."""
        return self.short > 0


@dataclass(frozen=True)
class BoardRow:
    """One pool and its weeks."""

    pool: Pool
    cells: tuple[BoardCell, ...]


@dataclass(frozen=True)
class Board:
    """Pools by name, and the Mondays of the weeks."""

    today: date
    weeks: tuple[date, ...]
    rows: tuple[BoardRow, ...]
    revision: int


def board(*, organization: Organization, at: datetime, first_on: date | None, weeks: int) -> Board:
    """Return `weeks` weeks from the one of first_on (None: of today), as far as the planning horizon goes.

    The book begins today: earlier weeks are not shown, and the current one counts from today on.
    """
    today = at.astimezone(organization.zone).date()
    pools = list(Pool.objects.filter(archived_at=None).order_by("name", "location", "pk"))
    book = book_of(pool_ids=[pool.pk for pool in pools], today=today, horizon_days=organization.horizon_days)
    mondays = _mondays(max(today, first_on or today), weeks, book)
    pipeline = expected_minutes(book) if mondays else {}
    rows = tuple(BoardRow(pool, _cells(pool, mondays, book, pipeline[pool.pk])) for pool in pools if mondays)
    return Board(today, mondays, rows, book.revision)


def _mondays(first_on: date, weeks: int, book: Book) -> tuple[date, ...]:
    monday = first_on - timedelta(days=first_on.weekday())
    wanted = (monday + timedelta(weeks=number) for number in range(min(weeks, MOST_WEEKS)))
    return tuple(each for each in wanted if each <= book.axis.last_on)


def _cells(pool: Pool, mondays: Sequence[date], book: Book, expected: Days) -> tuple[BoardCell, ...]:
    last = book.axis.days - 1
    offsets = [book.axis.offset(monday) for monday in mondays]
    bounds = [(max(0, offset), min(offset + 6, last)) for offset in offsets]
    known = book.books[pool.pk].capacity is not None
    pictures: Sequence[WeekCell | None] = [None] * len(bounds)
    if known:
        pictures = weekly_picture(PreparedPool(book.books[pool.pk]), bounds)
    return tuple(
        BoardCell(
            starts_on=monday,
            capacity=picture.capacity if picture else None,
            booked=picture.booked if picture else 0,
            held=0,
            pipeline_expected=round(float(expected[start : end + 1].sum())),
            overload_probability=None,
            short=picture.short if picture else 0,
        )
        for monday, (start, end), picture in zip(mondays, bounds, pictures, strict=True)
    )
