from dataclasses import replace

import numpy as np

from feasibility import PoolBook, newly_at_risk


def test_an_outage_names_everyone_it_could_hit_and_nobody_hit_before() -> None:
    starts, dues, minutes = np.array([0, 0, 4, 0]), np.array([1, 3, 5, 5]), np.array([60, 120, 50, 10])
    before = PoolBook(1, np.full(6, 60, np.int64), starts, dues, minutes)
    capacity = before.known_capacity().copy()
    capacity[1:3] = 0
    after = replace(before, capacity=capacity)
    assert newly_at_risk(before, after, starts, dues).tolist() == [0, 1]
    assert newly_at_risk(before, before, starts, dues).tolist() == []


def test_limited_rows_are_seen_by_what_they_must_do_inside() -> None:
    columns = (np.array([0, 0]), np.array([1, 3]), np.array([60, 200]))
    before = PoolBook(1, np.full(4, 90, np.int64), *columns, caps=np.array([0, 60]))
    after = replace(before, capacity=np.array([50, 50, 130, 130], np.int64))
    assert newly_at_risk(before, after, columns[0], columns[1]).tolist() == [0]
