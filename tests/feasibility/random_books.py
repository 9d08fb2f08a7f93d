"""Seeded books of one pool, near the border between what fits and what does not."""

import numpy as np

from feasibility import Ints, WorkRows


def tight_book(
    seed: int, days: int | None = None, count: int | None = None, limited: bool = False
) -> tuple[Ints, WorkRows]:
    """Capacity and rows that fit with little to spare: capacity is a random schedule plus a margin."""
    rng = np.random.default_rng(seed)
    days = days or int(rng.integers(3, 31))
    count = int(rng.integers(0, 41)) if count is None else count
    starts = rng.integers(0, days, count)
    dues = np.minimum(days - 1, starts + rng.integers(0, 9, count))
    minutes = rng.integers(1, 600, count)
    lengths = dues - starts + 1
    limits = np.maximum(rng.choice([120, 240, 480], count), -(-minutes // lengths)) if limited else None
    load = np.zeros(days, np.int64)
    for start, due, left in zip(starts, dues, minutes, strict=True):
        share = rng.multinomial(left, np.ones(due - start + 1) / (due - start + 1))
        load[start : due + 1] += share
    margin = float(rng.choice([1.0, 1.05, 1.3]))
    capacity = np.floor(load * margin).astype(np.int64) + rng.integers(0, 120, days) * (
        rng.random(days) < 0.4
    )
    return capacity, WorkRows.of(starts, dues, minutes, limits)


def loose_book(seed: int, days: int = 12, count: int = 15) -> tuple[Ints, WorkRows]:
    """Capacity and rows that know nothing of each other: often overbooked somewhere."""
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, days, count)
    dues = np.minimum(days - 1, starts + rng.integers(0, 6, count))
    minutes = rng.integers(1, 300, count)
    capacity = rng.integers(0, 700, days) * (rng.random(days) < 0.8)
    return capacity.astype(np.int64), WorkRows.of(starts, dues, minutes)


def random_window(rng: np.random.Generator, days: int) -> tuple[int, int]:
    """Two days in order."""
    start, due = sorted(rng.integers(0, days, 2).tolist())
    return start, due
