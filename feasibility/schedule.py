"""The days on which a new promise is worked on, planned together with the book of each of its pools."""

from collections.abc import Mapping, Sequence

from feasibility.assessment import PlanRow, StageWindow
from feasibility.errors import BrokenPlan
from feasibility.plan import Plan
from feasibility.prepared import PreparedPool
from feasibility.rows import WorkRows
from feasibility.stage_rows import work_of


def schedule(stages: Sequence[StageWindow], pools: Mapping[int, PreparedPool]) -> tuple[PlanRow, ...]:
    """The plan of the new stages; raises BrokenPlan when a minute of them found no day."""
    planned: list[PlanRow] = []
    for pool in dict.fromkeys(window.pool for window in stages):
        numbers = [number for number, window in enumerate(stages) if window.pool == pool]
        _, joint, own = joint_plan([stages[number] for number in numbers], pools[pool])
        for number, row in zip(numbers, own, strict=True):
            if joint.late[row]:
                raise BrokenPlan(f"Pool {pool}: {joint.late[row]} minutes of a fitting stage found no day.")
            planned += [PlanRow(pool, day, minutes, number) for day, minutes in joint.of_row(row)]
    return tuple(sorted(planned, key=lambda row: (row.day, row.stage)))


def joint_plan(
    stages: Sequence[StageWindow], pool: PreparedPool, every_row: bool = False
) -> tuple[WorkRows, Plan, list[int]]:
    """Hard rows and the stages, a plan of both, and the stages' row numbers in it.

    Hard work that cannot change the stages' days is left out unless `every_row` is wanted.
    """
    until = None if every_row else max(stage.due for stage in stages)
    rows, plan = pool.plan(work_of(stages), until=until)
    return rows, plan, list(range(len(rows) - len(stages), len(rows)))
