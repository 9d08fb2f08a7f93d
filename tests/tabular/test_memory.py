"""Reading a longer file takes no more memory."""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tabular import Limits, Row, open_table, profile

LIMITS = Limits(max_rows=300_000)
MEGABYTE = 1024 * 1024


@pytest.fixture
def path(tmp_path: Path) -> Callable[[int], Path]:
    def make(rows: int) -> Path:
        file = tmp_path / f"{rows}"
        file.write_text("name,on\n" + "".join(f"a{row},2027-03-12\n" for row in range(rows)))
        return file

    return make


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def drain(rows: Iterator[Row]) -> None:
    for _ in rows:
        pass


def test_rows_takes_the_same_memory_for_20_times_the_rows(path: Callable[[int], Path]) -> None:
    small, large = path(10_000), path(200_000)
    drain(open_table(small, limits=LIMITS).rows())  # what is loaded once is not the file's
    first = peak(lambda: drain(open_table(small, limits=LIMITS).rows()))
    second = peak(lambda: drain(open_table(large, limits=LIMITS).rows()))
    assert abs(second - first) < MEGABYTE
    kept = peak(lambda: list(open_table(small, limits=LIMITS).rows()))
    assert kept - first > MEGABYTE  # the measure sees rows that are kept


def test_profile_takes_the_same_memory_for_more_rows(path: Callable[[int], Path]) -> None:
    def look(file: Path) -> None:
        profile(open_table(file, limits=LIMITS), {"name": "name", "on": "on"})

    small, large = path(10_000), path(25_000)
    look(small)  # fills the bounded caches
    first, second = peak(lambda: look(small)), peak(lambda: look(large))
    assert second - first < MEGABYTE
