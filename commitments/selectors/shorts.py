"""Approved promises that no longer keep their place: for flags, and for what a change would break."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from commitments.models import CommitmentStage
from commitments.selectors.book import Book
from feasibility import PreparedPool, WorkRows


@dataclass(frozen=True)
class Short:
    """The pool where a promise is worst off and the minutes that are too many there.

    None: nobody's hours are known there any more.
    """

    pool_id: int
    minutes: int | None

    @property
    def known_minutes(self) -> int:
        """Return the minutes, 0 when they are not known."""
        return self.minutes or 0


Row = tuple[int, int, int, int, int]  # commitment, start, due, minutes, daily limit


def shorts_of(
    prepared: Mapping[int, PreparedPool], book: Book, *, is_override: bool | None = None
) -> dict[int, Short]:
    """Return by commitment those whose work must be done on overbooked days; one query.

    `prepared` holds the book's pools; `is_override` takes only knowing overrides or only the others.
    """
    shorts: dict[int, Short] = {}
    for pool_id, rows in _rows(prepared, book, is_override).items():
        for commitment_id, minutes in _short_rows(prepared[pool_id], rows):
            held = shorts.get(commitment_id)
            if held is None or (minutes or 0) > held.known_minutes:
                shorts[commitment_id] = Short(pool_id, minutes)
    return shorts


def regular_and_override_shorts(
    whole: tuple[Book, Mapping[int, PreparedPool]], regular: tuple[Book, Mapping[int, PreparedPool]]
) -> dict[int, Short]:
    """Return who is short: overrides beside the whole book, all others beside the book without overrides.

    What an override lacks is its own cause, so that one override is one finding. The two books may be one.
    """
    overrides = shorts_of(whole[1], whole[0], is_override=True)
    return shorts_of(regular[1], regular[0], is_override=False) | overrides


def _rows(prepared: Mapping[int, PreparedPool], book: Book, is_override: bool | None) -> dict[int, list[Row]]:
    stages = CommitmentStage.objects.filter(
        is_hard=True, pool_id__in=prepared, due_on__gte=book.today, starts_on__lte=book.axis.last_on
    )
    if is_override is not None:
        stages = stages.filter(commitment__is_override=is_override)
    columns = ("pool_id", "commitment_id", "starts_on", "due_on", "pk", "minutes", "max_minutes_per_day")
    rows: dict[int, list[Row]] = {}
    for pool_id, commitment_id, starts_on, due_on, pk, minutes, limit in (
        stages.order_by().values_list(*columns).iterator(chunk_size=5000)
    ):
        # Of limited work only what is left must still be done; unlimited work goes by its window alone.
        is_known = book.books[pool_id].capacity is not None
        left = book.limited_left.get(pk, 0) if limit and is_known else minutes
        if left:
            start = max(0, book.axis.offset(starts_on))
            due = min(book.axis.offset(due_on), book.axis.days - 1)
            rows.setdefault(pool_id, []).append((commitment_id, start, due, left, limit or 0))
    return rows


def _short_rows(held: PreparedPool, rows: list[Row]) -> Iterable[tuple[int, int | None]]:
    if held.book.capacity is None:
        return [(row[0], None) for row in rows]
    columns = np.array(rows, np.int64)
    short = held.short_minutes(WorkRows.of(*columns[:, 1:].T).possible())
    found = np.flatnonzero(short)
    return zip(columns[found, 0].tolist(), short[found].tolist(), strict=True)
