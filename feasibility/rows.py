"""Rows of work: the minutes that are due in a window of days, as parallel arrays."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from feasibility.errors import BadBook

Ints = NDArray[np.int64]


def ints(values: ArrayLike) -> Ints:
    """`values` as an int64 array; fractions raise BadBook, because minutes and days are whole."""
    given = np.asarray(values)
    if given.size and not np.issubdtype(given.dtype, np.integer):
        raise BadBook(f"Days and minutes are whole numbers, not {given.dtype}.")
    return given.astype(np.int64, copy=False)


@dataclass(frozen=True, slots=True, eq=False)
class WorkRows:
    """Start index, due index, minutes and daily limit (0 = none) of each row; n entries each.

    Rows without a limit may be summed by window. Rows with a limit stand for one promise each,
    because two crews of one may do on a day what one crew may not.
    """

    starts: Ints
    dues: Ints
    minutes: Ints
    limits: Ints

    @classmethod
    def of(
        cls, starts: ArrayLike, dues: ArrayLike, minutes: ArrayLike, limits: ArrayLike | None = None
    ) -> Self:
        """Checked rows; raises BadBook naming the first row whose window or minutes make no sense."""
        start, due, work = ints(starts), ints(dues), ints(minutes)
        limit = np.zeros(len(start), np.int64) if limits is None else ints(limits)
        if len({len(start), len(due), len(work), len(limit)}) != 1:
            raise BadBook("Starts, dues, minutes and limits must have one entry per row each.")
        for wrong, why in (
            (due < start, "is due before it starts"),
            (work < 0, "has minutes below zero"),
            (limit < 0, "has a daily limit below zero"),
        ):
            if wrong.any():
                raise BadBook(f"Row {int(wrong.argmax())} {why}.")
        return cls(start, due, work, limit)

    @classmethod
    def none(cls) -> Self:
        """No rows at all."""
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, empty, empty)

    def __len__(self) -> int:
        return len(self.starts)

    def within(self, days: int) -> "WorkRows":
        """The rows as an axis of `days` days sees them.

        Work that began before the axis must still be done on it, and work due after the axis must be
        done by its last day: both err towards "does not fit", so a yes never leans on days nobody
        can see. Rows that lie wholly before or after the axis cannot touch it and are left out: work
        that is overdue and still to be done has to be given a new due day by the caller.
        """
        if not len(self) or (self.starts.min() >= 0 and self.dues.max() < days):
            return self
        keep = (self.dues >= 0) & (self.starts < days)
        return WorkRows(
            np.maximum(self.starts[keep], 0),
            np.minimum(self.dues[keep], days - 1),
            self.minutes[keep],
            self.limits[keep],
        )

    def inside(self, start: int, due: int) -> "WorkRows":
        """The rows whose whole window lies inside [start, due]: the rivals of an interval."""
        return self.where((self.starts >= start) & (self.dues <= due))

    def touching(self, start: int, end: int) -> "WorkRows":
        """The rows that must put work into days start..end: inside them, or limited and overlapping."""
        inside = (self.starts >= start) & (self.dues <= end)
        return self.where(inside | ((self.limits > 0) & (self.starts <= end) & (self.dues >= start)))

    def where(self, mask: NDArray[np.bool_]) -> "WorkRows":
        """The rows that `mask` keeps."""
        return WorkRows(self.starts[mask], self.dues[mask], self.minutes[mask], self.limits[mask])

    def plus(self, other: "WorkRows") -> "WorkRows":
        """These rows followed by the other ones."""
        return WorkRows(
            np.concatenate([self.starts, other.starts]),
            np.concatenate([self.dues, other.dues]),
            np.concatenate([self.minutes, other.minutes]),
            np.concatenate([self.limits, other.limits]),
        )

    def possible(self) -> "WorkRows":
        """The rows with every limit that a row could not keep inside its own window lifted to what it needs.

        Work that is in the book already has been promised; it must not make the whole book unanswerable.
        """
        if not self.limits.any():
            return self
        needed = -(-self.minutes // (self.dues - self.starts + 1))
        limits = np.where(self.limits > 0, np.maximum(self.limits, needed), 0)
        return WorkRows(self.starts, self.dues, self.minutes, limits)

    def binding(self) -> bool:
        """Whether any daily limit matters: a row that fits into one day's limit is as good as free."""
        return bool(((self.limits > 0) & (self.minutes > self.limits)).any())
