"""Who must work on overbooked days, against maximum flow and brute force over intervals."""

from itertools import combinations_with_replacement

import numpy as np

from feasibility import PoolBook, PreparedPool, WorkRows
from tests.feasibility.flow_oracle import all_placed
from tests.feasibility.random_books import loose_book


def held(capacity: list[int], *rows: tuple[int, int, int, int]) -> PreparedPool:
    starts, dues, minutes, limits = (np.array(column) for column in zip(*rows, strict=True))
    return PreparedPool(PoolBook(1, np.array(capacity), starts, dues, minutes, caps=limits))


def test_every_row_inside_an_overbooked_interval_is_short_by_its_worst() -> None:
    pool = held([60, 0, 0, 60, 60, 60], (0, 1, 60, 0), (0, 3, 120, 0), (4, 5, 50, 0), (0, 5, 10, 0))
    assert pool.short_minutes(pool.rows).tolist() == [60, 60, 0, 0]


def test_a_daily_limit_makes_short_what_has_hours_enough() -> None:
    """Eight hours in two days, at most four a day: ten hours on one of them are no help."""
    pool = held([0, 600], (0, 1, 480, 240), (1, 1, 60, 0))
    assert pool.short_minutes(pool.rows).tolist() == [240, 0]
    free = held([0, 600], (0, 1, 480, 0), (1, 1, 60, 0))
    assert free.short_minutes(free.rows).tolist() == [0, 0]


def test_days_that_are_no_interval_are_found_by_the_flow() -> None:
    seen = 0
    for seed in range(400):
        pool = _limited(seed)
        short, fits = pool.short_minutes(pool.rows), all_placed(pool.book.known_capacity(), pool.rows)
        assert fits == (short.max(initial=0) == 0), seed
        by_intervals = np.array([_short_by_intervals(pool, row) for row in range(len(pool.rows))])
        assert (short[by_intervals > 0] == by_intervals[by_intervals > 0]).all(), seed
        seen += not fits and not by_intervals.any()
    assert seen


def _limited(seed: int) -> PreparedPool:
    capacity, rows = loose_book(seed, days=7, count=7)
    rng = np.random.default_rng([seed, 5])
    limits = rng.choice([0, 60, 120], len(rows))
    capacity = (capacity * rng.choice([0.5, 1.0, 1.5])).astype(np.int64)
    return PreparedPool(PoolBook(1, capacity, rows.starts, rows.dues, rows.minutes, caps=limits))


def _short_by_intervals(pool: PreparedPool, row: int) -> int:
    """The worst interval in which the row must do something, counted day by day."""
    rows, capacity = pool.rows, pool.book.known_capacity()
    worst = 0
    for first, last in combinations_with_replacement(range(len(capacity)), 2):
        must = [_must(rows, number, first, last) for number in range(len(rows))]
        if must[row]:
            worst = max(worst, sum(must) - int(capacity[first : last + 1].sum()))
    return worst


def _must(rows: WorkRows, row: int, first: int, last: int) -> int:
    window = range(int(rows.starts[row]), int(rows.dues[row]) + 1)
    outside = sum(not first <= day <= last for day in window)
    if outside == len(window):
        return 0
    limit = int(rows.limits[row]) or int(rows.minutes[row])
    return max(0, int(rows.minutes[row]) - limit * outside)
