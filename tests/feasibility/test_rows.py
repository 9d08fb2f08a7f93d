import numpy as np
import pytest

from feasibility import BadBook, WorkRows, ints


def test_rows_are_clipped_towards_does_not_fit() -> None:
    rows = WorkRows.of([-5, -3, 2, 9, 4], [-1, 1, 12, 11, 5], [10, 20, 30, 40, 50]).within(8)
    assert rows.starts.tolist() == [0, 2, 4]
    assert rows.dues.tolist() == [1, 7, 5]
    assert rows.minutes.tolist() == [20, 30, 50]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0, 3], [1, 2], [5, 5]), "Row 1 is due before it starts"),
        (([0], [1], [-5]), "Row 0 has minutes below zero"),
        (([0], [1], [5], [-1]), "Row 0 has a daily limit below zero"),
        (([0], [1, 2], [5]), "one entry per row"),
        (([0], [1], [5.5]), "whole numbers"),
    ],
)
def test_rows_that_make_no_sense_are_refused(columns: tuple[list[int], ...], message: str) -> None:
    with pytest.raises(BadBook, match=message):
        WorkRows.of(*columns)


def test_a_limit_binds_only_below_the_minutes() -> None:
    assert not WorkRows.of([0], [3], [60], [60]).binding()
    assert WorkRows.of([0], [3], [61], [60]).binding()


def test_touching_rows_must_lie_inside_or_be_limited() -> None:
    rows = WorkRows.of([0, 1, 1], [3, 2, 9], [60, 60, 60], [0, 0, 20])
    assert rows.touching(1, 2).dues.tolist() == [2, 9]


def test_ints_takes_empty_lists() -> None:
    assert ints([]).dtype == np.int64
