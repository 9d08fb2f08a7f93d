"""A book with its tables held: build once for each revision of a pool, ask as often as you like."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from feasibility.ask import Ask
from feasibility.assessment import StageWindow
from feasibility.book import PoolBook
from feasibility.crew_room import CrewRoom
from feasibility.crew_schedule import CrewSchedule
from feasibility.held_tables import table_of
from feasibility.open_room import OpenRoom
from feasibility.overloads import overloads
from feasibility.plan import Plan, edf_plan, late_plan
from feasibility.room import Room
from feasibility.rows import Ints, WorkRows
from feasibility.shortage import runs
from feasibility.stage_rows import work_of
from feasibility.table import PromiseTable


class PreparedPool:
    """One pool's book and, built when first wanted, its hard, buffered and wide rooms."""

    def __init__(self, book: PoolBook) -> None:
        self.book = book

    @property
    def days(self) -> int:
        """How many days the axis has."""
        return self.book.days

    @cached_property
    def rows(self) -> WorkRows:
        """The hard work on the axis."""
        return self.book.rows()

    @cached_property
    def wide_rows(self) -> WorkRows:
        """The hard work in its widest windows."""
        return self.rows if self.book.wide is None else self.book.wide_rows()

    @cached_property
    def table(self) -> PromiseTable:
        """The promise table of the hard work against the whole capacity."""
        return table_of(self.book.known_capacity(), self.rows)

    @cached_property
    def buffered_table(self) -> PromiseTable:
        """The same against the capacity without the safety buffer."""
        if not self.book.buffer_percent:
            return self.table
        return self.table.without_capacity(self.book.known_capacity() - self.book.buffered_capacity())

    @cached_property
    def wide_table(self) -> PromiseTable:
        """The same work in its widest windows: what no re-planning of milestones can beat."""
        if self.book.wide is None:
            return self.table
        return table_of(self.book.known_capacity(), self.wide_rows)

    def with_stages(self, stages: Sequence[StageWindow]) -> "PreparedPool":
        """The pool once these stages are in its book; a table that is held is updated, not rebuilt."""
        own = work_of(stages)
        rows, wide = self.rows.plus(own), self.wide_rows.plus(work_of(stages, wide=True))
        book = replace(
            self.book,
            starts=rows.starts,
            dues=rows.dues,
            minutes=rows.minutes,
            caps=rows.limits,
            wide=wide,
        )
        after = PreparedPool(book)
        if "table" in self.__dict__:
            after.__dict__["table"] = self.table.with_rows(own)
        return after

    @cached_property
    def limited(self) -> bool:
        """Whether a daily limit in the book matters."""
        return self.rows.binding() or (self.book.wide is not None and self.wide_rows.binding())

    @cached_property
    def crew_room(self) -> CrewRoom:
        """Room that minds daily limits."""
        return CrewRoom(self.book.known_capacity(), self.rows)

    @cached_property
    def _buffered_crew_room(self) -> CrewRoom:
        return CrewRoom(self.book.buffered_capacity(), self.rows)

    @cached_property
    def _wide_crew_room(self) -> CrewRoom:
        return CrewRoom(self.book.known_capacity(), self.wide_rows)

    def room(self, limited: bool = False) -> Room:
        """Room beside the hard work; `limited` when new work may have a daily limit."""
        return self.crew_room if limited or self.limited else OpenRoom(self.table)

    def buffered_room(self, limited: bool = False) -> Room:
        """Room that leaves the safety buffer alone."""
        if not self.book.buffer_percent:
            return self.room(limited)
        return self._buffered_crew_room if limited or self.limited else OpenRoom(self.buffered_table)

    def wide_room(self, limited: bool = False) -> Room:
        """Room beside the hard work in its widest windows."""
        if self.book.wide is None:
            return self.room(limited)
        return self._wide_crew_room if limited or self.limited else OpenRoom(self.wide_table)

    def plan(self, own: WorkRows, late: bool = False, until: int | None = None) -> tuple[WorkRows, Plan]:
        """Hard rows followed by `own`, and a plan of both with no hard minute displaced by `own`.

        Hard work due after `until` yields to all work due by then and is left out, unless limits bind.
        """
        capacity = self.book.known_capacity()
        if self.limited or own.binding():
            held = CrewSchedule(capacity, self.rows, late) if late else self.crew_room.schedule.copy()
            held.add(own)
            return self.rows.plus(own), held.plan()
        hard = self.rows if until is None else self.rows.where(self.rows.dues <= until)
        rows = hard.plus(own)
        return rows, (late_plan if late else edf_plan)(capacity, rows.starts, rows.dues, rows.minutes)

    def short_minutes(self, rows: WorkRows) -> Ints:
        """Minutes too many on the worst overbooked days on which each of these rows of the book must be done.

        `rows` lie on the axis; 0 for those that keep their place. Everybody who must work on such days is
        named, not only those whom due-date order would happen to make late.
        """
        if self.limited:
            return self.crew_room.short_minutes(rows)
        return np.maximum(0, -self.table.rooms[rows.starts, rows.dues])

    def overbooked(self) -> list[tuple[int, int]]:
        """Runs of days that show all the lateness the hard work has in any case."""
        if self.limited:
            return list(runs(self.crew_room.schedule.cut()))
        return overloads(self.table.slack)


Books = Mapping[int, PoolBook | PreparedPool]
Pools = Mapping[int, PreparedPool]


def prepare(book: PoolBook | PreparedPool) -> PreparedPool:
    """A book with room for its tables; one that is prepared already is given back as it is."""
    return book if isinstance(book, PreparedPool) else PreparedPool(book)


def rooms_for(
    ask: Ask, pools: Pools, kind: Callable[[PreparedPool, bool], Room] = PreparedPool.room
) -> dict[int, Room]:
    """The room of each pool that the ask touches; daily limits are minded where one of its stages has one."""
    limited = {stage.pool for stage in ask.stages if stage.limit}
    return {stage.pool: kind(pools[stage.pool], stage.pool in limited) for stage in ask.stages}
