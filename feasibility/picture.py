"""The week picture: capacity, what is booked, what is asked, what is free and what is short."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feasibility.book import PoolBook
from feasibility.prepared import PreparedPool, prepare
from feasibility.rows import Ints, WorkRows


@dataclass(frozen=True, slots=True)
class WeekCell:
    """Minutes of one week of one pool; capacity = booked + asked + free, short lies on top."""

    capacity: int
    booked: int
    asked: int
    free: int
    short: int


def weekly_picture(
    pool: PoolBook | PreparedPool,
    bounds: Sequence[tuple[int, int]],
    asked: Sequence[tuple[int, int, int]] = (),
) -> tuple[WeekCell, ...]:
    """A cell for each (first, last) day pair, hard work placed as late as it may be.

    Of each asked (start, due, minutes) as much is placed as fits; the rest is short in the week in
    which its bottleneck ends, because that is when it would be missed. Hard work without a place is
    short in the week in which it is due. Raises MissingCapacity.
    """
    held = prepare(pool)
    placed, unplaced = _fitted(held, asked)
    joint, plan = held.plan(placed, late=True)
    short = np.bincount(joint.dues, plan.late, held.days).astype(np.int64) + unplaced
    hard = plan.load_of(np.arange(len(held.rows)))
    return tuple(
        _cell(held.book.known_capacity(), hard, plan.load, short, slice(max(0, first), last + 1))
        for first, last in bounds
    )


def _fitted(held: PreparedPool, asked: Sequence[tuple[int, int, int]]) -> tuple[WorkRows, Ints]:
    """Asked rows cut down to what fits, one after another, and the rest by the day it is missed."""
    room, short = held.room(), np.zeros(held.days, np.int64)
    kept = []
    for start, due, minutes in asked:
        fits = min(minutes, max(0, room.room_for(start, due, 0)))
        if fits < minutes:
            short[room.narrowest(start, due, minutes, 0).parts[-1][1]] += minutes - fits
        room = room.after(start, due, fits, 0)
        kept.append((start, due, fits, 0))
    return WorkRows(*np.array(kept, np.int64).reshape(-1, 4).T), short


def _cell(capacity: Ints, hard: Ints, load: Ints, short: Ints, week: slice) -> WeekCell:
    whole, used, booked = int(capacity[week].sum()), int(load[week].sum()), int(hard[week].sum())
    return WeekCell(whole, booked, used - booked, whole - used, int(short[week].sum()))
