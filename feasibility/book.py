"""The book of one pool: what it can do each day and the hard work it has already promised."""

from dataclasses import dataclass, field

import numpy as np

from feasibility.errors import BadBook, MissingCapacity
from feasibility.rows import Ints, WorkRows


@dataclass(frozen=True, slots=True, eq=False)
class PoolBook:
    """Hard work of one pool as rows (start index, due index, minutes) beside its daily capacity.

    `capacity` has one entry of minutes a day, or is None when nobody has said (no resources, no
    pattern). `caps` gives the most minutes a day of each row, 0 = no limit. `wide` gives the same
    work in the widest windows its routings allow; without it the rows' own windows are final.
    Rows partly outside the axis are clipped as WorkRows.within says. Raises BadBook.
    """

    pool: int
    capacity: Ints | None
    starts: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    dues: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    minutes: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    buffer_percent: int = 0
    caps: Ints | None = None
    wide: WorkRows | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.buffer_percent <= 100:
            raise BadBook(f"Pool {self.pool}: a buffer of {self.buffer_percent} % is not within 0 to 100.")
        if self.capacity is None:
            return
        if self.capacity.ndim != 1 or not len(self.capacity):
            raise BadBook(f"Pool {self.pool}: capacity needs one entry for each day of the axis.")
        if self.capacity.min() < 0:
            raise BadBook(f"Pool {self.pool}: capacity on day {int(self.capacity.argmin())} is below zero.")

    @property
    def days(self) -> int:
        """How many days the axis has."""
        return len(self.known_capacity())

    def known_capacity(self) -> Ints:
        """Minutes a day; raises MissingCapacity instead of taking missing for zero."""
        if self.capacity is None:
            raise MissingCapacity(f"Pool {self.pool} has no capacity: add resources or a working pattern.")
        return self.capacity.astype(np.int64, copy=False)

    def buffered_capacity(self) -> Ints:
        """Capacity without the safety buffer, rounded down."""
        return self.known_capacity() * (100 - self.buffer_percent) // 100

    def rows(self) -> WorkRows:
        """The rows on the axis, clipped; raises BadBook for rows that make no sense."""
        return WorkRows.of(self.starts, self.dues, self.minutes, self.caps).within(self.days).possible()

    def wide_rows(self) -> WorkRows:
        """The same work in its widest windows."""
        return self.rows() if self.wide is None else self.wide.within(self.days).possible()
