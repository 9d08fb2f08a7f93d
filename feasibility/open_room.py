"""A pool in which nobody's work has a daily limit that matters: every answer is a read of the table."""

from dataclasses import dataclass

from feasibility.shortage import Shortage
from feasibility.table import PromiseTable


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """Room of a promise table; limits are ignored, so use it only where none binds."""

    table: PromiseTable

    @property
    def days(self) -> int:
        """How many days the axis has."""
        return self.table.days

    def room_for(self, start: int, due: int, limit: int = 0) -> int:
        """The most minutes that new work can bring."""
        return self.table.room(start, due)

    def holds(self, start: int, due: int, minutes: int, limit: int = 0) -> bool:
        """Whether new work fits."""
        return self.table.fits(start, due, minutes)

    def earliest_for(self, start: int, minutes: int, limit: int = 0) -> int | None:
        """The first day by which new work can be done."""
        return self.table.earliest(start, minutes)

    def latest_for(self, due: int, minutes: int, floor: int, limit: int = 0) -> int | None:
        """The last day, not before `floor`, on which new work may begin."""
        return self.table.latest(due, minutes, floor)

    def after(self, start: int, due: int, minutes: int, limit: int = 0) -> "OpenRoom":
        """The pool once that work is in its book."""
        return OpenRoom(self.table.with_work(start, due, minutes))

    def narrowest(self, start: int, due: int, minutes: int, limit: int = 0) -> Shortage:
        """The bottleneck of a window, its demand with the new minutes."""
        hard = self.table.bottleneck(start, due)
        days = ((hard.start, hard.end),)
        return Shortage(days, hard.demand_minutes + minutes, hard.capacity_minutes)
