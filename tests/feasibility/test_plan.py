"""Schedules: complete when the book fits, and as much as any flow when it does not."""

import numpy as np
import pytest

from feasibility import Plan, WorkRows, edf_plan, late_plan
from tests.feasibility.flow_oracle import most_placed
from tests.feasibility.random_books import loose_book, tight_book


def _assert_sound(plan: Plan, capacity: np.ndarray, rows: WorkRows) -> None:
    assert (plan.load <= capacity).all()
    assert (rows.starts[plan.rows] <= plan.days).all()
    assert (plan.days <= rows.dues[plan.rows]).all()
    done = np.bincount(plan.rows, plan.minutes, len(rows))
    assert (done + plan.late == rows.minutes).all()
    assert plan.load.sum() == plan.minutes.sum()


@pytest.mark.parametrize("planner", [edf_plan, late_plan])
def test_a_book_that_fits_is_planned_whole(planner: type) -> None:
    for seed in range(200):
        capacity, rows = tight_book(seed)
        plan = planner(capacity, rows.starts, rows.dues, rows.minutes)
        _assert_sound(plan, capacity, rows)
        assert not plan.late.any()


@pytest.mark.parametrize("planner", [edf_plan, late_plan])
def test_an_overbooked_book_is_planned_as_far_as_any_flow(planner: type) -> None:
    for seed in range(200):
        capacity, rows = loose_book(seed)
        plan = planner(capacity, rows.starts, rows.dues, rows.minutes)
        _assert_sound(plan, capacity, rows)
        assert plan.load.sum() == most_placed(capacity, rows)


def test_the_late_plan_leaves_the_near_days_free() -> None:
    capacity = np.full(4, 60)
    early = edf_plan(capacity, np.array([0]), np.array([3]), np.array([90]))
    late = late_plan(capacity, np.array([0]), np.array([3]), np.array([90]))
    assert early.load.tolist() == [60, 30, 0, 0]
    assert late.load.tolist() == [0, 0, 30, 60]
    assert late.of_row(0) == [(2, 30), (3, 60)]
