"""Days on which more must be done than they can give."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feasibility.rows import Ints, WorkRows


@dataclass(frozen=True, slots=True)
class Shortage:
    """(start, end) pairs of days, the minutes that must be done on them and the minutes they have."""

    parts: tuple[tuple[int, int], ...]
    demand_minutes: int
    capacity_minutes: int

    @classmethod
    def on(cls, days: Sequence[int], capacity: Ints, rows: WorkRows) -> "Shortage":
        """What `rows` must do on exactly these days, recounted row by row."""
        must = must_do_on(days, len(capacity), rows)
        return cls(runs(days), int(must.sum()), int(capacity[list(days)].sum()))

    @property
    def short_minutes(self) -> int:
        """What must be done beyond what the days have."""
        return self.demand_minutes - self.capacity_minutes


def must_do_on(days: Sequence[int], axis_days: int, rows: WorkRows) -> Ints:
    """The minutes that each row cannot put on any other day of its window."""
    chosen = np.zeros(axis_days + 1, np.int64)
    chosen[1:][list(days)] = 1
    inside = np.cumsum(chosen)[rows.dues + 1] - np.cumsum(chosen)[rows.starts]
    outside = rows.dues - rows.starts + 1 - inside
    waits = np.where(rows.limits > 0, rows.limits * outside, np.where(outside > 0, rows.minutes, 0))
    return np.asarray(np.where(inside > 0, np.maximum(0, rows.minutes - waits), 0))


def runs(days: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Ascending days as (first, last) pairs without gaps."""
    pairs: list[tuple[int, int]] = []
    for day in days:
        if pairs and pairs[-1][1] == day - 1:
            pairs[-1] = (pairs[-1][0], day)
        else:
            pairs.append((day, day))
    return tuple(pairs)
