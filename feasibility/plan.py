"""The schedule behind a yes: earliest due day first (Horn 1974), forwards or backwards in time."""

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from feasibility.rows import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Minutes of row `rows[k]` on day `days[k]` are `minutes[k]`; `late[j]` of row j found no day."""

    load: Ints
    rows: Ints
    days: Ints
    minutes: Ints
    late: Ints

    def of_row(self, row: int) -> list[tuple[int, int]]:
        """(day, minutes) of one row, in order of days."""
        picked = self.rows == row
        return sorted(zip(self.days[picked].tolist(), self.minutes[picked].tolist(), strict=True))

    def load_of(self, picked: Ints) -> Ints:
        """Minutes a day of the rows with these numbers."""
        mine = np.isin(self.rows, picked)
        return np.bincount(self.days[mine], self.minutes[mine], len(self.load)).astype(np.int64)

    def mirrored(self) -> "Plan":
        """The same plan with the axis turned round."""
        return Plan(
            self.load[::-1].copy(), self.rows, len(self.load) - 1 - self.days, self.minutes, self.late
        )


def edf_plan(capacity: Ints, starts: Ints, dues: Ints, minutes: Ints, limits: Ints | None = None) -> Plan:
    """Every day the work that is due first, of equals what could start first; n log n + days + pairs.

    What is not done by the end of its due day is late and is dropped: it takes no later capacity. The
    plan places as many minutes as any plan could, and a new row that fits its promise table is never
    the late one, even when the book around it is overbooked elsewhere. With `limits` (most minutes a day
    of each row, 0 = none) it is what people would do who take what is due first, not the fullest plan.
    """
    order = np.argsort(starts, kind="stable")
    if limits is not None:  # of equals those with a limit first: the others can catch up in a day
        order = np.lexsort((minutes, -limits, starts))
    queue = list(zip(starts[order].tolist(), dues[order].tolist(), order.tolist(), strict=True))
    left: list[int] = minutes.tolist()
    most: list[int] = minutes.tolist() if limits is None else np.where(limits > 0, limits, minutes).tolist()
    waiting: list[tuple[int, int, int]] = []
    served: list[tuple[int, int, int]] = []
    position = 0
    resting: list[tuple[int, int, int]] = []  # have had their limit today
    for day, free in enumerate(capacity.tolist()):
        while position < len(queue) and queue[position][0] <= day:
            heappush(waiting, (queue[position][1], position, queue[position][2]))
            position += 1
        while waiting and (free > 0 or waiting[0][0] < day):
            due, _, row = waiting[0]
            given = min(left[row], free, most[row]) if due >= day else 0
            if given:
                served.append((row, day, given))
                left[row] -= given
                free -= given
            if due < day or not left[row]:
                heappop(waiting)
            elif given == most[row]:
                resting.append(heappop(waiting))
        while resting:
            heappush(waiting, resting.pop())
    return plan_of(served, left, len(capacity))


def late_plan(capacity: Ints, starts: Ints, dues: Ints, minutes: Ints) -> Plan:
    """The same as late as possible: capacity minus its load is what could still be sold soonest."""
    last = len(capacity) - 1
    return edf_plan(capacity[::-1], last - dues, last - starts, minutes).mirrored()


def plan_of(served: list[tuple[int, int, int]], late: list[int], days: int) -> Plan:
    """A plan from (row, day, minutes) triples and the minutes of each row that found no day."""
    triples = np.array(served, np.int64).reshape(-1, 3)
    load = np.bincount(triples[:, 1], triples[:, 2], days).astype(np.int64)
    return Plan(load, triples[:, 0], triples[:, 1], triples[:, 2], np.array(late, np.int64))
