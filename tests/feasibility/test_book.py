import numpy as np
import pytest

from feasibility import BadBook, MissingCapacity, PoolBook, PromiseTable


def test_missing_capacity_is_never_zero() -> None:
    book = PoolBook(3, None)
    with pytest.raises(MissingCapacity, match="Pool 3 has no capacity"):
        PromiseTable.of(book)


@pytest.mark.parametrize(
    ("capacity", "buffer", "message"),
    [
        ([60, -1], 0, "Pool 3: capacity on day 1 is below zero"),
        ([], 0, "Pool 3: capacity needs one entry"),
        ([60], 101, "Pool 3: a buffer of 101 %"),
    ],
)
def test_a_book_that_makes_no_sense_is_refused(capacity: list[int], buffer: int, message: str) -> None:
    with pytest.raises(BadBook, match=message):
        PoolBook(3, np.array(capacity, np.int64), buffer_percent=buffer)
