import numpy as np
import pytest

from feasibility import WorkRows, held_tables
from feasibility.held_tables import table_of

CAPACITY = np.full(5, 480)


@pytest.fixture(autouse=True)
def _nothing_held() -> None:
    held_tables._held.clear()


def _rows(minutes: int = 90) -> WorkRows:
    return WorkRows.of([0, 1], [2, 4], [60, minutes])


def test_same_book_has_the_same_table() -> None:
    first = table_of(CAPACITY, _rows())
    assert table_of(CAPACITY.copy(), _rows()) is first
    assert table_of(CAPACITY, WorkRows.of([1, 0], [4, 2], [90, 60])) is first
    assert table_of(CAPACITY, WorkRows.of([1, 0, 1], [4, 2, 4], [40, 60, 50])) is first


@pytest.mark.parametrize(
    ("capacity", "rows"),
    [
        (CAPACITY, _rows(91)),
        (CAPACITY - np.eye(5, dtype=np.int64)[4], _rows()),
        (np.full(6, 480), _rows()),
        (CAPACITY, WorkRows.of([0, 1], [2, 3], [60, 90])),
        (CAPACITY, WorkRows.of([1, 1], [2, 4], [60, 90])),
        (CAPACITY, WorkRows.none()),
    ],
)
def test_any_change_of_the_book_is_another_table(capacity: np.ndarray, rows: WorkRows) -> None:
    assert table_of(capacity, rows) is not table_of(CAPACITY, _rows())


def test_table_that_was_not_asked_for_longest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_tables, "HELD_BYTES", 2 * 2 * 5 * 5 * 8)  # two tables with their rooms
    first, second = table_of(CAPACITY, _rows(1)), table_of(CAPACITY, _rows(2))
    assert table_of(CAPACITY, _rows(1)) is first
    table_of(CAPACITY, _rows(3))
    assert table_of(CAPACITY, _rows(1)) is first
    assert table_of(CAPACITY, _rows(2)) is not second


def test_what_is_held_cannot_be_written_to() -> None:
    table = table_of(CAPACITY, _rows())
    with pytest.raises(ValueError, match="read-only"):
        table.slack[0, 0] = 1
    assert table.with_work(0, 4, 60).room(0, 4) == table.room(0, 4) - 60
