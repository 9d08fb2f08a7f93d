"""The promise table of one pool: exact answers about new work as single reads.

slack[a, b] = capacity(a..b) - work of all rows whose window lies inside [a, b]
rooms[r, d] = min of slack[a, b] over a <= r, b >= d = the most a new row with window [r, d] can bring

A book fits exactly when no slack is below zero (processor demand: Baruah, Rosier and Howell 1990;
the day-by-day schedule behind it: Horn 1974; the flow condition: Gale 1957). Work is divisible and
everything in the book may be planned anew inside its own window.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from feasibility.book import PoolBook
from feasibility.errors import BadAsk
from feasibility.interval import Interval
from feasibility.rows import Ints, WorkRows

# Reading from slack costs a little each time; so often it has cost as much as the rooms would.
READS_WORTH_ROOMS = 60


def slack_of(capacity: Ints, rows: WorkRows) -> Ints:
    """Capacity minus contained work of every interval, days x days; n + days^2 steps.

    A day's capacity counts like a row of minus that much with just this day as its window. Below the
    diagonal, where no interval is, stands 0.
    """
    days = len(capacity)
    work = np.bincount(rows.starts * days + rows.dues, rows.minutes, days * days)  # exact up to 2^53
    slack = -work.astype(np.int64)
    slack[:: days + 1] += capacity
    slack = slack.reshape(days, days)
    np.cumsum(slack, axis=1, out=slack)
    for start in range(days - 2, -1, -1):
        np.add(slack[start, start:], slack[start + 1, start:], out=slack[start, start:])
    return slack


def rooms_of(slack: Ints) -> Ints:
    """The running minimum of slack towards wider intervals on both sides."""
    rooms = np.empty_like(slack)
    np.minimum.accumulate(slack[:, ::-1], axis=1, out=rooms[:, ::-1])
    for start in range(1, len(rooms)):
        np.minimum(rooms[start - 1], rooms[start], out=rooms[start])
    return rooms


def rooms_after(rooms: Ints, start: int, due: int, minutes: int) -> Ints:
    """The rooms after minutes >= 0 with window [start, due] came in, without the running minimum.

    Every interval around [start, due] lost the same minutes, so a window's new room is the smaller
    of its old one and of the room that it shares with [start, due] less those minutes.
    """
    least = rooms[start, due] - minutes
    after = np.empty_like(rooms)
    np.subtract(rooms[: start + 1, due:], minutes, out=after[: start + 1, due:])
    np.minimum(rooms[start + 1 :, due:], after[start, due:], out=after[start + 1 :, due:])
    np.minimum(rooms[: start + 1, :due], after[: start + 1, due, None], out=after[: start + 1, :due])
    np.minimum(rooms[start + 1 :, :due], least, out=after[start + 1 :, :due])
    return after


def room_once(book: PoolBook, start: int, due: int) -> int:
    """The room of one window of a book whose table nobody holds, from the intervals around it alone.

    Rows that start later than the window count like ones that start with it, and rows due earlier
    like ones due with it, so the sums need only (start + 1) x (days - due) cells.
    """
    capacity, rows = book.known_capacity(), book.rows()
    later = len(capacity) - due
    if not 0 <= start <= due < len(capacity):
        raise BadAsk(f"There is no window from day {start} to day {due}.")
    places = np.minimum(rows.starts, start) * later + np.maximum(rows.dues - due, 0)
    cells = np.bincount(places, rows.minutes, (start + 1) * later).reshape(start + 1, later)
    work = np.cumsum(np.cumsum(cells[::-1], axis=0)[::-1], axis=1)
    until = np.cumsum(capacity)
    return int((until[due:] - (until - capacity)[: start + 1, None] - work).min())


@dataclass(eq=False)
class PromiseTable:
    """Slack and room of every window of one pool; its answers never change, updates give a new table."""

    capacity: Ints
    slack: Ints
    _reads: int = field(default=0, init=False, repr=False)

    @cached_property
    def rooms(self) -> Ints:
        """The room of every window, built when first wanted."""
        return rooms_of(self.slack)

    @classmethod
    def of(cls, book: PoolBook, buffered: bool = False) -> "PromiseTable":
        """The table of a book; `buffered` takes the safety buffer off the capacity first."""
        capacity = book.buffered_capacity() if buffered else book.known_capacity()
        return cls.build(capacity, book.rows())

    @classmethod
    def build(cls, capacity: Ints, rows: WorkRows) -> "PromiseTable":
        """The table of rows that already lie on the axis of `capacity`."""
        slack = slack_of(capacity, rows)
        slack.flags.writeable = False  # whoever holds the table answers from it
        return cls(capacity, slack)

    @property
    def days(self) -> int:
        """How many days the axis has."""
        return len(self.capacity)

    def room(self, start: int, due: int) -> int:
        """The most minutes that new work with window [start, due] can bring; below zero if overbooked."""
        if not 0 <= start <= due < len(self.capacity):
            raise BadAsk(f"There is no window from day {start} to day {due}.")
        rooms = self._rooms_if_worth_it()
        return int(self.slack[: start + 1, due:].min() if rooms is None else rooms.item(start, due))

    def _rooms_if_worth_it(self) -> Ints | None:
        """The rooms, unless the table has been read too seldom for building them to pay."""
        rooms: Ints | None = self.__dict__.get("rooms")
        if rooms is None:
            self._reads += 1
            return self.rooms if self._reads > READS_WORTH_ROOMS else None
        return rooms

    def fits(self, start: int, due: int, minutes: int) -> bool:
        """Whether new work fits beside the book."""
        return self.room(start, due) >= minutes

    def shortfall(self, start: int, due: int, minutes: int) -> int:
        """How many of the minutes do not fit; 0 when all do."""
        return max(0, minutes - max(0, self.room(start, due)))

    def earliest(self, start: int, minutes: int) -> int | None:
        """The first day by which the work can be done when it may begin on `start`, or None."""
        rooms = self._rooms_if_worth_it()
        if rooms is None:
            ahead = np.minimum.accumulate(self.slack[: start + 1, start:].min(axis=0)[::-1])[::-1]
        else:
            ahead = rooms[start, start:]
        due = start + int(ahead.searchsorted(minutes))
        return due if due < self.days else None

    def latest(self, due: int, minutes: int, floor: int) -> int | None:
        """The last day, not before `floor`, on which work due on `due` may begin, or None."""
        rooms = self._rooms_if_worth_it()
        around = self.slack[: due + 1, due:]
        column = np.minimum.accumulate(around.min(axis=1)) if rooms is None else rooms[: due + 1, due]
        enough = int(np.count_nonzero(column[floor:] >= minutes))
        return floor + enough - 1 if enough else None

    def bottleneck(self, start: int, due: int) -> Interval:
        """The interval with the least slack among those that hold [start, due]; the narrowest of equals.

        Its rivals are the rows whose window lies inside it. Demand is the book's alone.
        """
        around = self.slack[: start + 1, due:]
        firsts, lasts = np.nonzero(around == around.min())
        narrowest = int((lasts - firsts).argmin())
        return self.interval(int(firsts[narrowest]), due + int(lasts[narrowest]))

    def interval(self, start: int, end: int) -> Interval:
        """Demand and capacity of days start..end."""
        capacity = int(self.capacity[start : end + 1].sum())
        return Interval(start, end, capacity - int(self.slack[start, end]), capacity)

    def at_risk(self, starts: Ints, dues: Ints) -> NDArray[np.bool_]:
        """Which windows lie inside an overbooked interval; windows off the axis never do."""
        if self.slack.min() >= 0:
            return np.zeros(len(starts), np.bool_)
        outside = (dues < 0) | (starts >= self.days)
        first = np.clip(starts, 0, self.days - 1)
        last = np.clip(dues, 0, self.days - 1)
        return np.asarray((self.rooms[first, last] < 0) & ~outside)

    def short_by_due(self) -> Ints:
        """For each day: the most minutes by which any interval ending on it is overbooked, else 0."""
        return np.asarray(np.maximum(0, -self.slack.min(axis=0)))

    def with_work(self, start: int, due: int, minutes: int) -> "PromiseTable":
        """The table after new work with window [start, due] has come into the book."""
        slack = self.slack.copy()
        slack[: start + 1, due:] -= minutes
        after = PromiseTable(self.capacity, slack)
        if minutes >= 0 and "rooms" in self.__dict__:
            after.__dict__["rooms"] = rooms_after(self.rooms, start, due, minutes)
        return after

    def without_capacity(self, capacity: Ints) -> "PromiseTable":
        """The table after `capacity` minutes a day have been taken away."""
        taken = np.cumsum(capacity)
        slack = self.slack - taken
        slack += (taken - capacity)[:, None]
        return PromiseTable(self.capacity - capacity, slack)

    def with_rows(self, rows: WorkRows) -> "PromiseTable":
        """The table after all these rows have come into the book."""
        table = self
        for start, due, minutes in zip(rows.starts, rows.dues, rows.minutes, strict=True):
            table = table.with_work(int(start), int(due), int(minutes))
        return table

    def without_work(self, start: int, due: int, minutes: int) -> "PromiseTable":
        """The table after work with window [start, due] has left the book."""
        return self.with_work(start, due, -minutes)
