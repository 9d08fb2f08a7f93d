"""Who loses their place when capacity or the book changes."""

import numpy as np

from feasibility.book import PoolBook
from feasibility.prepared import PreparedPool, prepare
from feasibility.rows import Ints
from feasibility.table import PromiseTable


def newly_at_risk(
    before: PoolBook | PreparedPool, after: PoolBook | PreparedPool, starts: Ints, dues: Ints
) -> Ints:
    """Indices of the windows that lie inside an overbooked interval after the change but not before.

    All of them are named, not only those that due-date order would happen to make late. Both books
    need the same axis; raises MissingCapacity when either has no capacity.
    """
    was = _table(prepare(before)).at_risk(starts, dues)
    now = _table(prepare(after)).at_risk(starts, dues)
    return np.flatnonzero(now & ~was)


def _table(pool: PreparedPool) -> PromiseTable:
    """The table that minds daily limits, if the book has any that bind."""
    return pool.crew_room.table if pool.limited else pool.table
