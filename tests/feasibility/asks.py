"""Random asks and books with milestones, for the routing tests."""

from dataclasses import replace

import numpy as np

from feasibility import Ask, Ints, PoolBook, PreparedPool, Stage, WorkRows, prepare
from tests.feasibility.flow_oracle import all_placed
from tests.feasibility.random_books import tight_book

POOLS = (1, 2)


def random_books(seed: int, days: int, limited: bool = False) -> dict[int, PreparedPool]:
    """Two pools on one axis, each with rows that fit, some with a buffer."""
    books = {}
    for pool in POOLS:
        capacity, rows = tight_book(seed * 7 + pool, days, 8, limited)
        capacity = capacity + np.random.default_rng([seed, pool]).integers(0, 200, days)
        books[pool] = prepare(
            PoolBook(pool, capacity, rows.starts, rows.dues, rows.minutes, 10 * (seed % 3), rows.limits)
        )
    return books


def random_ask(seed: int, days: int, stages: int, limited: bool = False) -> Ask:
    """An ask of so many stages inside the axis, small enough to fit about every other time."""
    rng = np.random.default_rng([seed, 9])
    start = int(rng.integers(0, days - stages))
    due = int(rng.integers(start + stages - 1, days))
    chosen = tuple(
        Stage(
            int(rng.choice(POOLS)),
            int(rng.integers(5, 60)),
            int(rng.integers(0, 40)),
            int(rng.random() < 0.2),
            int(rng.choice([60, 150])) if limited and rng.random() < 0.6 else None,
        )
        for _ in range(stages)
    )
    return Ask(chosen, int(rng.integers(1, 9)), start, due)


def widened(pool: PreparedPool, seed: int) -> PreparedPool:
    """The same book, knowing that each row could begin earlier and end later."""
    rng, rows = np.random.default_rng([seed, 11]), pool.rows
    starts = np.maximum(0, rows.starts - rng.integers(0, 3, len(rows)))
    dues = np.minimum(pool.days - 1, rows.dues + rng.integers(0, 3, len(rows)))
    return prepare(replace(pool.book, wide=WorkRows.of(starts, dues, rows.minutes, rows.limits)))


def replace_rows(pool: PreparedPool) -> PreparedPool:
    """A book in which the widest windows are the windows."""
    wide = pool.wide_rows
    return prepare(replace(pool.book, starts=wide.starts, dues=wide.dues, minutes=wide.minutes, wide=None))


def fits_at_all(ask: Ask, books: dict[int, PreparedPool]) -> bool:
    """Brute force: some choice of milestones lets every pool place its rows and the stages' whole."""
    return any(_placed(ask, windows, books) for windows in _milestones(ask, 0, ask.start))


def _milestones(ask: Ask, number: int, begin: int) -> list[list[tuple[int, int]]]:
    if number == len(ask.stages):
        return [[]]
    first = begin + ask.stages[number].lag_days
    lasts = [ask.due] if number == len(ask.stages) - 1 else range(first, ask.due + 1)
    return [
        [(first, last), *rest]
        for last in lasts
        if first <= last
        for rest in _milestones(ask, number + 1, last + 1)
    ]


def _placed(ask: Ask, windows: list[tuple[int, int]], books: dict[int, PreparedPool]) -> bool:
    for pool in {stage.pool for stage in ask.stages}:
        rows = books[pool].rows
        for stage, minutes, (first, last) in zip(ask.stages, ask.efforts, windows, strict=True):
            if stage.pool == pool:
                rows = rows.plus(WorkRows.of([first], [last], [minutes], [stage.limit]))
        if not all_placed(_capacity(books[pool]), rows):
            return False
    return True


def _capacity(pool: PreparedPool) -> Ints:
    return pool.book.known_capacity()
