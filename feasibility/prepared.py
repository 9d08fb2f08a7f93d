"""A book with its tables held: build once for each revision of a pool, ask as often as you like."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from feasibility.assessment import StageWindow
from feasibility.book import PoolBook
from feasibility.open_room import OpenRoom
from feasibility.room import Room
from feasibility.rows import WorkRows
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
        return PromiseTable.build(self.book.known_capacity(), self.rows)

    @cached_property
    def buffered_table(self) -> PromiseTable:
        """The same against the capacity without the safety buffer."""
        if not self.book.buffer_percent:
            return self.table
        return PromiseTable.build(self.book.buffered_capacity(), self.rows)

    @cached_property
    def wide_table(self) -> PromiseTable:
        """The same work in its widest windows: what no re-planning of milestones can beat."""
        if self.book.wide is None:
            return self.table
        return PromiseTable.build(self.book.known_capacity(), self.wide_rows)

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
            table = self.table
            for start, due, minutes in zip(own.starts, own.dues, own.minutes, strict=True):
                table = table.with_work(int(start), int(due), int(minutes))
            after.__dict__["table"] = table
        return after

    @cached_property
    def room(self) -> Room:
        """Room beside the hard work."""
        return OpenRoom(self.table)

    @cached_property
    def buffered_room(self) -> Room:
        """Room that leaves the safety buffer alone."""
        return self.room if not self.book.buffer_percent else OpenRoom(self.buffered_table)

    @cached_property
    def wide_room(self) -> Room:
        """Room beside the hard work in its widest windows."""
        return self.room if self.book.wide is None else OpenRoom(self.wide_table)


Books = Mapping[int, PoolBook | PreparedPool]


def prepare(book: PoolBook | PreparedPool) -> PreparedPool:
    """A book with room for its tables; one that is prepared already is given back as it is."""
    return book if isinstance(book, PreparedPool) else PreparedPool(book)
