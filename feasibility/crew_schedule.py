"""A schedule under daily limits: Horn's network (1974), seeded by a greedy pass.

source - row (its minutes) - each day of its window (its daily limit) - sink (the day's capacity)
"""

from copy import copy

import numpy as np

from feasibility.network import UNLIMITED, Network
from feasibility.plan import Plan, plan_of
from feasibility.rows import Ints, WorkRows

SOURCE, SINK, FIRST_DAY = 0, 1, 2


class CrewSchedule:
    """As many minutes of `rows` as any schedule places, and the network to ask for more."""

    def __init__(self, capacity: Ints, rows: WorkRows, late: bool = False) -> None:
        self.days = len(capacity)
        self.network = Network(FIRST_DAY + self.days)
        self.work: list[dict[int, int]] = []  # per row: day -> arc
        seed = _greedy(capacity, rows, late)
        load = [sum(used.get(day, 0) for used in seed) for day in range(self.days)]
        self.exits = [
            self.network.join(FIRST_DAY + day, SINK, int(capacity[day]), load[day])
            for day in range(self.days)
        ]
        self.entries: list[int] = []
        for row, used in enumerate(seed):
            self._join(_row(rows, row), used)
        self.network.push(SOURCE, SINK)

    def copy(self) -> "CrewSchedule":
        """The same schedule, to be changed freely."""
        other = copy(self)
        other.network, other.work, other.entries = self.network.copy(), self.work.copy(), self.entries.copy()
        return other

    def add(self, rows: WorkRows) -> int:
        """Bring in more rows; what is placed stays placed. Gives the minutes that found a day."""
        for row in range(len(rows)):
            self._join(_row(rows, row), {})
        return self.network.push(SOURCE, SINK)

    @property
    def is_whole(self) -> bool:
        """Whether every minute of the rows found a day."""
        return not any(self.network.left[arc] for arc in self.entries)

    def room(self, start: int, due: int, limit: int, most: int) -> int:
        """Minutes, up to `most`, that new work can bring without displacing any."""
        network = self.network.copy()
        self._new_work(network, start, due, limit, most)
        return network.push(SOURCE, SINK)

    def free(self, start: int, due: int, limit: int) -> int:
        """The same with every row left where it is: quick, and never too much."""
        left = [self.network.left[arc] for arc in self.exits[start : due + 1]]
        return sum(min(day, limit) for day in left) if limit else sum(left)

    def cut(self, start: int = 0, due: int = -1, minutes: int = 0, limit: int = 0) -> list[int]:
        """The days of the minimum cut, with new work when given: what must be done on them is too much."""
        network = self.network.copy()
        if minutes:
            self._new_work(network, start, due, limit, minutes)
            network.push(SOURCE, SINK)
        level = network.levels(SOURCE)
        return [day for day in range(self.days) if level[FIRST_DAY + day] >= 0]

    def plan(self) -> Plan:
        """The schedule as it stands."""
        left = self.network.left
        served = [
            (row, day, left[arc ^ 1])
            for row, arcs in enumerate(self.work)
            for day, arc in arcs.items()
            if left[arc ^ 1]
        ]
        return plan_of(served, [left[arc] for arc in self.entries], self.days)

    def _new_work(self, network: Network, start: int, due: int, limit: int, most: int) -> None:
        node = network.node()
        network.join(SOURCE, node, most)
        for day in range(start, due + 1):
            network.join(node, FIRST_DAY + day, limit or UNLIMITED)

    def _join(self, row: tuple[int, int, int, int], used: dict[int, int]) -> None:
        start, due, minutes, limit = row
        node = self.network.node()
        self.entries.append(self.network.join(SOURCE, node, minutes, sum(used.values())))
        self.work.append(
            {
                day: self.network.join(node, FIRST_DAY + day, limit or minutes, used.get(day, 0))
                for day in range(start, due + 1)
            }
        )


def _row(rows: WorkRows, row: int) -> tuple[int, int, int, int]:
    return int(rows.starts[row]), int(rows.dues[row]), int(rows.minutes[row]), int(rows.limits[row])


def _greedy(capacity: Ints, rows: WorkRows, late: bool) -> list[dict[int, int]]:
    """A first schedule, row by row in order of due days (or backwards), each as early (late) as it can."""
    free: list[int] = capacity.tolist()
    used: list[dict[int, int]] = [{} for _ in range(len(rows))]
    order = np.argsort(-rows.starts if late else rows.dues, kind="stable")
    for number in order.tolist():
        start, due, left, limit = _row(rows, number)
        for day in range(due, start - 1, -1) if late else range(start, due + 1):
            given = min(left, free[day], limit or left)
            if given:
                used[number][day] = given
                free[day] -= given
                left -= given
    return used
