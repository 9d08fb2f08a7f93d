"""The week picture adds up, whatever the book."""

import numpy as np
import pytest

from feasibility import MissingCapacity, PoolBook, WeekCell, weekly_picture
from tests.feasibility.random_books import loose_book, random_window, tight_book

WEEKS = [(0, 3), (4, 7), (8, 11)]


def test_a_small_week_is_exact() -> None:
    book = PoolBook(1, np.full(4, 60), *(np.array([value]) for value in (0, 1, 150)))
    cells = weekly_picture(book, [(0, 1), (2, 3)], [(1, 3, 200)])
    assert cells == (WeekCell(120, 120, 0, 0, 30), WeekCell(120, 0, 90, 30, 110))


@pytest.mark.parametrize("limited", [False, True])
def test_every_minute_is_shown_once(limited: bool) -> None:
    for seed in range(80):
        capacity, rows = tight_book(seed, 12, 14, True) if limited else loose_book(seed)
        book = PoolBook(1, capacity, rows.starts, rows.dues, rows.minutes, caps=rows.limits)
        asked = (*random_window(np.random.default_rng(seed), 12), 400)
        cells = weekly_picture(book, WEEKS, [asked])
        assert sum(cell.capacity for cell in cells) == capacity.sum()
        assert all(cell.capacity == cell.booked + cell.asked + cell.free for cell in cells)
        assert min(min(cell.booked, cell.asked, cell.free, cell.short) for cell in cells) >= 0
        used = sum(cell.booked + cell.asked + cell.short for cell in cells)
        assert used == rows.minutes.sum() + 400, seed


def test_work_sits_as_late_as_it_may() -> None:
    book = PoolBook(1, np.full(12, 60), *(np.array([value]) for value in (0, 11, 60)))
    assert [cell.booked for cell in weekly_picture(book, WEEKS)] == [0, 0, 60]


def test_a_pool_without_capacity_has_no_picture() -> None:
    with pytest.raises(MissingCapacity, match="Pool 4"):
        weekly_picture(PoolBook(4, None), WEEKS)
