"""A pool in which daily limits matter: intervals reject, the held schedule accepts, the flow decides."""

from bisect import bisect_left
from functools import cached_property

import numpy as np

from feasibility.crew_schedule import CrewSchedule
from feasibility.energetic import energetic_room, energetic_rows, must_do, must_windows
from feasibility.rows import Ints, WorkRows
from feasibility.shortage import Shortage, must_do_on
from feasibility.table import PromiseTable


class CrewRoom:
    """Room beside rows with daily limits (Horn 1974); exact like the table, and slower."""

    def __init__(self, capacity: Ints, rows: WorkRows) -> None:
        self.capacity = capacity
        self.rows = rows

    @cached_property
    def table(self) -> PromiseTable:
        """The table of what the rows must do inside every interval."""
        return PromiseTable.build(self.capacity, energetic_rows(self.rows))

    @cached_property
    def schedule(self) -> CrewSchedule:
        """A schedule of the rows that is held between asks."""
        return CrewSchedule(self.capacity, self.rows)

    @cached_property
    def binding(self) -> bool:
        """Whether any row of the book is held back by its limit."""
        return self.rows.binding()

    @property
    def days(self) -> int:
        """How many days the axis has."""
        return len(self.capacity)

    def room_for(self, start: int, due: int, limit: int) -> int:
        """The most minutes that new work can bring."""
        most = self._bound(start, due, limit)
        if most <= 0 or not (limit or self.binding):
            return most
        return self.schedule.room(start, due, limit, most)

    def holds(self, start: int, due: int, minutes: int, limit: int) -> bool:
        """Whether new work fits."""
        limit = limit if minutes > limit else 0
        if minutes > self._bound(start, due, limit):
            return False
        if not (limit or self.binding) or minutes <= self.schedule.free(start, due, limit):
            return True
        return self.schedule.room(start, due, limit, minutes) == minutes

    def earliest_for(self, start: int, minutes: int, limit: int) -> int | None:
        """The first day by which new work can be done; a later day never has less room."""
        dues = range(start, self.days)
        found = bisect_left(dues, True, key=lambda due: self.holds(start, due, minutes, limit))
        return dues[found] if found < len(dues) else None

    def latest_for(self, due: int, minutes: int, floor: int, limit: int) -> int | None:
        """The last day, not before `floor`, on which new work may begin."""
        starts = range(due, floor - 1, -1)
        found = bisect_left(starts, True, key=lambda start: self.holds(start, due, minutes, limit))
        return starts[found] if found < len(starts) else None

    def after(self, start: int, due: int, minutes: int, limit: int) -> "CrewRoom":
        """The pool once that work is in its book."""
        return CrewRoom(self.capacity, self.rows.plus(WorkRows.of([start], [due], [minutes], [limit])))

    def narrowest(self, start: int, due: int, minutes: int, limit: int) -> Shortage:
        """The narrowest of the worst intervals; when none is short alone, the days of the minimum cut."""
        limit = limit if minutes > limit else 0
        wanted = must_do(self.days, start, due, minutes, limit)
        slack = np.where(wanted > 0, self.table.slack - wanted, 1 << 60)
        if slack.min() >= 0:
            asked = WorkRows.of([start], [due], [minutes], [limit])
            days = self.schedule.cut(start, due, minutes, limit)
            return Shortage.on(days, self.capacity, self.rows.plus(asked))
        firsts, lasts = np.nonzero(slack == slack.min())
        narrowest = int((lasts - firsts).argmin())
        first, last = int(firsts[narrowest]), int(lasts[narrowest])
        given = int(self.capacity[first : last + 1].sum())
        return Shortage(((first, last),), given - int(slack[first, last]), given)

    def short_minutes(self, rows: WorkRows) -> Ints:
        """Minutes too many on the worst overbooked days on which each of these rows of the book must be done.

        Days are an interval as a rule; where none is short alone, those of the minimum cut. 0 = none.
        """
        short = np.zeros(len(rows), np.int64)
        row, starts, dues = must_windows(rows)
        np.maximum.at(short, row, -self.table.rooms[starts, dues])
        if self.schedule.is_whole:
            return short
        days = self.schedule.cut()
        held_up = (short == 0) & (must_do_on(days, self.days, rows) > 0)
        short[held_up] = Shortage.on(days, self.capacity, self.rows).short_minutes
        return short

    def _bound(self, start: int, due: int, limit: int) -> int:
        if not limit:
            return self.table.room(start, due)
        return energetic_room(self.table.slack, start, due, limit)
