"""Daily limits against Horn's network solved by scipy."""

import numpy as np
import pytest

from feasibility import PoolBook, PromiseTable, WorkRows, assess, certify, faults, prepare
from feasibility.crew_room import CrewRoom
from feasibility.crew_schedule import CrewSchedule
from feasibility.energetic import energetic_rows, must_do
from tests.feasibility.asks import fits_at_all, random_ask, random_books
from tests.feasibility.flow_oracle import all_placed, most_placed
from tests.feasibility.random_books import random_window, tight_book


def _with(rows: WorkRows, start: int, due: int, minutes: int, limit: int) -> WorkRows:
    return rows.plus(WorkRows.of([start], [due], [minutes], [limit]))


@pytest.mark.parametrize("batch", range(4))
def test_room_under_limits_equals_maximum_flow(batch: int) -> None:
    misled = 0
    for seed in range(batch * 100, (batch + 1) * 100):
        capacity, rows = tight_book(seed, days=12, count=14, limited=True)
        rng = np.random.default_rng([seed, 5])
        start, due = random_window(rng, len(capacity))
        limit = int(rng.choice([0, 30, 120, 240]))
        if not all_placed(capacity, rows):
            continue
        crew = CrewRoom(capacity, rows)
        room = crew.room_for(start, due, limit)
        assert all_placed(capacity, _with(rows, start, due, room, limit)), seed
        assert not all_placed(capacity, _with(rows, start, due, room + 1, limit)), seed
        assert crew.holds(start, due, room, limit)
        assert not crew.holds(start, due, room + 1, limit)
        unlimited = WorkRows.of(rows.starts, rows.dues, rows.minutes)
        misled += PromiseTable.build(capacity, unlimited).room(start, due) > room
    assert misled > 10


def test_earliest_and_latest_under_limits_are_the_border() -> None:
    for seed in range(120):
        capacity, rows = tight_book(seed, days=10, count=10, limited=True)
        rng = np.random.default_rng([seed, 6])
        start, due = random_window(rng, len(capacity))
        minutes, limit = int(rng.integers(1, 400)), int(rng.choice([0, 60, 150]))
        if not all_placed(capacity, rows):
            continue
        crew = CrewRoom(capacity, rows)
        dues = [
            day for day in range(start, 10) if all_placed(capacity, _with(rows, start, day, minutes, limit))
        ]
        starts = [
            day for day in range(due + 1) if all_placed(capacity, _with(rows, day, due, minutes, limit))
        ]
        assert crew.earliest_for(start, minutes, limit) == min(dues, default=None), seed
        assert crew.latest_for(due, minutes, 0, limit) == max(starts, default=None), seed


def test_the_schedule_places_as_much_as_any_and_keeps_limits() -> None:
    for seed in range(200):
        capacity, rows = tight_book(seed, days=12, count=14, limited=True)
        capacity = capacity * (seed % 5 + 6) // 10
        plan = CrewSchedule(capacity, rows, late=bool(seed % 2)).plan()
        assert plan.load.sum() == most_placed(capacity, rows), seed
        assert (plan.load <= capacity).all()
        assert (plan.minutes <= rows.limits[plan.rows]).all()
        assert (np.bincount(plan.rows, plan.minutes, len(rows)) + plan.late == rows.minutes).all()


def test_energetic_rows_contain_what_each_row_must_do_inside_every_interval() -> None:
    rng = np.random.default_rng(3)
    upper = np.triu_indices(9)
    for _ in range(200):
        start, due = random_window(rng, 9)
        limit = int(rng.integers(1, 50))
        minutes = int(rng.integers(1, limit * (due - start + 1) + 1))
        rows = WorkRows.of([start], [due], [minutes], [limit])
        contained = -PromiseTable.build(np.zeros(9, np.int64), energetic_rows(rows)).slack
        assert (contained[upper] == must_do(9, start, due, minutes, limit)[upper]).all()


@pytest.mark.parametrize("stages", [1, 2])
def test_limited_routings_fit_exactly_when_some_milestones_fit_and_prove_it(stages: int) -> None:
    verdicts = {True: 0, False: 0}
    for seed in range(80):
        books, ask = random_books(seed, 8, limited=True), random_ask(seed, 8, stages, limited=True)
        answer = assess(ask, books)
        assert answer.verdict.fits == fits_at_all(ask, books), seed
        assert faults(certify(ask, answer, books)) == [], seed
        verdicts[answer.verdict.fits] += 1
    assert min(verdicts.values()) > 5


def test_a_refusal_that_no_interval_explains_shows_the_days_of_the_cut() -> None:
    """Two days apart are short together: the free day between them is out of both rows' limits."""
    by_cut = 0
    for seed in range(4_000):
        rng = np.random.default_rng([seed, 8])
        starts = rng.integers(0, 4, 4)
        dues = np.minimum(5, starts + rng.integers(1, 5, 4))
        limits = rng.integers(1, 4, 4)
        minutes = np.minimum(rng.integers(1, 9, 4), limits * (dues - starts + 1))
        rows, capacity = WorkRows.of(starts, dues, minutes, limits), rng.integers(0, 6, 6)
        crew = CrewRoom(capacity, rows)
        if crew.table.slack.min() < 0 or not all_placed(capacity, rows) or crew.holds(0, 5, 6, 2):
            continue
        shortage = crew.narrowest(0, 5, 6, 2)
        asked = _with(rows, 0, 5, 6, 2)
        days = [day for first, last in shortage.parts for day in range(first, last + 1)]
        outside = [
            sum(day not in days for day in range(start, due + 1))
            for start, due in zip(asked.starts, asked.dues, strict=True)
        ]
        forced = np.maximum(0, asked.minutes - asked.limits * np.array(outside)).sum()
        assert shortage.demand_minutes == forced > shortage.capacity_minutes == capacity[days].sum(), seed
        by_cut += len(shortage.parts) > 1
    assert by_cut > 3


def test_a_book_without_limits_never_meets_the_flow() -> None:
    book = prepare(PoolBook(1, np.full(5, 60), *(np.array([value]) for value in (0, 2, 60))))
    assert not book.limited
    assert "crew_room" not in vars(book)
    assert type(book.room()).__name__ == "OpenRoom"


def test_a_limit_that_a_row_cannot_keep_is_lifted_to_what_it_needs() -> None:
    book = PoolBook(1, np.full(5, 60), *(np.array([v]) for v in (0, 2, 90)), caps=np.array([10]))
    assert book.rows().limits.tolist() == [30]
