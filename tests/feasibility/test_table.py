"""The promise table against maximum flow, recounts and its own updates."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feasibility import BadAsk, PoolBook, PromiseTable, WorkRows, room_once
from feasibility.table import READS_WORTH_ROOMS
from tests.feasibility.flow_oracle import all_placed, most_placed
from tests.feasibility.random_books import loose_book, random_window, tight_book

BATCHES = range(10)
INSTANCES = 200


def _with(rows: WorkRows, start: int, due: int, minutes: int) -> WorkRows:
    return rows.plus(WorkRows.of([start], [due], [minutes]))


@pytest.mark.parametrize("batch", BATCHES)
def test_verdict_and_shortfall_equal_maximum_flow(batch: int) -> None:
    verdicts = {True: 0, False: 0}
    for seed in range(batch * INSTANCES, (batch + 1) * INSTANCES):
        capacity, rows = tight_book(seed)
        rng = np.random.default_rng([seed, 1])
        start, due = random_window(rng, len(capacity))
        table = PromiseTable.build(capacity, rows)
        minutes = max(1, int(table.room(start, due) * rng.uniform(0.7, 1.4)) + int(rng.integers(-1, 2)))
        asked = _with(rows, start, due, minutes)
        unplaced = int(asked.minutes.sum()) - most_placed(capacity, asked)
        assert table.shortfall(start, due, minutes) == unplaced, seed
        assert table.fits(start, due, minutes) == (unplaced == 0), seed
        verdicts[unplaced == 0] += 1
    assert min(verdicts.values()) > INSTANCES // 10


@pytest.mark.parametrize("batch", BATCHES)
def test_earliest_day_and_most_by_a_day_equal_maximum_flow(batch: int) -> None:
    for seed in range(batch * INSTANCES, (batch + 1) * INSTANCES):
        capacity, rows = tight_book(seed)
        rng = np.random.default_rng([seed, 2])
        start, due = random_window(rng, len(capacity))
        table = PromiseTable.build(capacity, rows)
        room, minutes = table.room(start, due), int(rng.integers(1, 900))
        assert all_placed(capacity, _with(rows, start, due, room)), seed
        assert not all_placed(capacity, _with(rows, start, due, room + 1)), seed
        earliest = table.earliest(start, minutes)
        last = len(capacity) - 1 if earliest is None else earliest - 1
        if earliest is not None:
            assert all_placed(capacity, _with(rows, start, earliest, minutes)), seed
        if last >= start:
            assert not all_placed(capacity, _with(rows, start, last, minutes)), seed


def test_latest_start_is_the_last_window_with_room_enough() -> None:
    for seed in range(200):
        capacity, rows = tight_book(seed)
        rng = np.random.default_rng([seed, 3])
        floor, due = random_window(rng, len(capacity))
        table, minutes = PromiseTable.build(capacity, rows), int(rng.integers(1, 500))
        starts = [start for start in range(floor, due + 1) if table.fits(start, due, minutes)]
        assert table.latest(due, minutes, floor) == (max(starts) if starts else None)


def test_bottleneck_recounts_and_is_the_narrowest_of_the_worst() -> None:
    for seed in range(300):
        capacity, rows = loose_book(seed)
        start, due = random_window(np.random.default_rng([seed, 4]), len(capacity))
        found = PromiseTable.build(capacity, rows).bottleneck(start, due)
        around = {
            (first, last): int(capacity[first : last + 1].sum() - rows.inside(first, last).minutes.sum())
            for first in range(start + 1)
            for last in range(due, len(capacity))
        }
        least = min(around.values())
        widths = [last - first for (first, last), slack in around.items() if slack == least]
        assert found.slack_minutes == around[found.start, found.end] == least
        assert found.end - found.start == min(widths)
        assert found.demand_minutes == rows.inside(found.start, found.end).minutes.sum()


def test_a_narrower_equal_interval_names_the_bottleneck() -> None:
    rows = WorkRows.of([2], [3], [200])
    found = PromiseTable.build(np.array([0, 0, 50, 50, 0, 0]), rows).bottleneck(2, 3)
    assert (found.start, found.end, found.demand_minutes, found.capacity_minutes) == (2, 3, 200, 100)


def test_at_risk_names_every_row_inside_an_overbooked_interval() -> None:
    for seed in range(200):
        capacity, rows = loose_book(seed)
        table = PromiseTable.build(capacity, rows)
        overbooked = [
            (first, last)
            for first in range(len(capacity))
            for last in range(first, len(capacity))
            if rows.inside(first, last).minutes.sum() > capacity[first : last + 1].sum()
        ]
        expected = [
            any(first <= start and due <= last for first, last in overbooked)
            for start, due in zip(rows.starts, rows.dues, strict=True)
        ]
        assert table.at_risk(rows.starts, rows.dues).tolist() == expected


def test_short_by_due_is_the_worst_interval_ending_on_each_day() -> None:
    rows = WorkRows.of([0, 1], [1, 1], [100, 90])
    table = PromiseTable.build(np.array([60, 60, 500]), rows)
    assert table.short_by_due().tolist() == [0, 70, 0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 2_000))
def test_updates_equal_a_rebuild(seed: int, minutes: int) -> None:
    capacity, rows = loose_book(seed)
    start, due = random_window(np.random.default_rng(seed), len(capacity))
    table = PromiseTable.build(capacity, rows)
    assert table.rooms.shape == table.slack.shape
    updated = table.with_work(start, due, minutes)
    rebuilt = PromiseTable.build(capacity, _with(rows, start, due, minutes))
    upper = np.triu_indices(len(capacity))
    assert (updated.slack[upper] == rebuilt.slack[upper]).all()
    assert (updated.rooms[upper] == rebuilt.rooms[upper]).all()
    back = updated.without_work(start, due, minutes)
    assert (back.rooms[upper] == table.rooms[upper]).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_room_never_grows_when_the_window_shrinks(seed: int) -> None:
    capacity, rows = loose_book(seed)
    rooms = PromiseTable.build(capacity, rows).rooms
    for start in range(len(capacity)):
        row = rooms[start, start:]
        assert (np.diff(row) >= 0).all()
        assert (np.diff(rooms[: start + 1, start]) <= 0).all()


def test_answers_are_the_same_before_and_after_rooms_are_built() -> None:
    for seed in range(200):
        capacity, rows = loose_book(seed)
        rng = np.random.default_rng([seed, 5])
        seldom, often = PromiseTable.build(capacity, rows), PromiseTable.build(capacity, rows)
        assert often.rooms.shape == often.slack.shape
        for _ in range(6):
            start, due = random_window(rng, len(capacity))
            minutes = int(rng.integers(-200, 900))
            assert seldom.room(start, due) == often.room(start, due)
            assert seldom.earliest(start, minutes) == often.earliest(start, minutes)
            assert seldom.latest(due, minutes, start) == often.latest(due, minutes, start)
        assert "rooms" not in vars(seldom)


def test_rooms_are_built_once_reading_without_them_has_cost_as_much() -> None:
    table = PromiseTable.build(np.full(5, 60), WorkRows.none())
    for _ in range(READS_WORTH_ROOMS):
        table.room(0, 4)
    assert "rooms" not in vars(table)
    assert table.room(0, 4) == 300
    assert "rooms" in vars(table)


def test_capacity_taken_away_equals_a_rebuild() -> None:
    for seed in range(100):
        capacity, rows = loose_book(seed)
        taken = capacity // 7
        after = PromiseTable.build(capacity, rows).without_capacity(taken)
        rebuilt = PromiseTable.build(capacity - taken, rows)
        upper = np.triu_indices(len(capacity))
        assert (after.slack[upper] == rebuilt.slack[upper]).all()
        assert (after.capacity == rebuilt.capacity).all()
        assert (after.short_by_due() == rebuilt.short_by_due()).all()
        assert (after.at_risk(rows.starts, rows.dues) == rebuilt.at_risk(rows.starts, rows.dues)).all()


def test_one_window_of_a_book_that_nobody_holds_is_the_table_read() -> None:
    for seed in range(200):
        capacity, rows = loose_book(seed)
        start, due = random_window(np.random.default_rng([seed, 7]), len(capacity))
        book = PoolBook(1, capacity, rows.starts, rows.dues, rows.minutes)
        assert room_once(book, start, due) == PromiseTable.of(book).room(start, due)


def test_the_buffered_table_takes_the_buffer_off_and_rounds_down() -> None:
    book = PoolBook(7, np.array([101, 99]), buffer_percent=10)
    assert PromiseTable.of(book, buffered=True).capacity.tolist() == [90, 89]
    assert PromiseTable.of(book).room(0, 1) == 200
    assert PromiseTable.of(replace(book, buffer_percent=100), buffered=True).room(0, 1) == 0


@pytest.mark.parametrize(("start", "due"), [(3, 2), (-1, 2), (0, 5)])
def test_a_window_off_the_axis_is_refused(start: int, due: int) -> None:
    table = PromiseTable.build(np.full(5, 60), WorkRows.none())
    with pytest.raises(BadAsk, match=f"day {start} to day {due}"):
        table.room(start, due)
