"""Asks of one and several stages: against brute force, the checker and each other."""

import json
from dataclasses import replace

import numpy as np
import pytest

from feasibility import (
    Ask,
    BadAsk,
    BadBook,
    Lack,
    PoolBook,
    PromiseTable,
    Stage,
    Verdict,
    WorkRows,
    assess,
    certify,
    faults,
)
from tests.feasibility.asks import fits_at_all, random_ask, random_books, replace_rows, widened

DAYS = 9


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_a_routing_fits_exactly_when_some_milestones_fit(stages: int) -> None:
    verdicts = {True: 0, False: 0}
    for seed in range(250 if stages < 3 else 60):
        books, ask = random_books(seed, DAYS), random_ask(seed, DAYS, stages)
        fits = assess(ask, books).verdict.fits
        assert fits == fits_at_all(ask, books), seed
        verdicts[fits] += 1
    assert min(verdicts.values()) > 10


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_every_certificate_passes_the_checker(stages: int) -> None:
    for seed in range(250):
        books, ask = random_books(seed, DAYS), random_ask(seed, DAYS, stages)
        answer = assess(ask, books)
        proof = json.loads(json.dumps(certify(ask, answer, books)))
        assert faults(proof) == [], seed
        assert proof["kind"] == (
            "fits" if answer.verdict.fits else "order" if answer.missing_days else "short"
        )


@pytest.mark.parametrize("stages", [1, 2])
def test_earliest_and_most_by_due_are_the_border(stages: int) -> None:
    for seed in range(120):
        books, ask = random_books(seed, DAYS), random_ask(seed, DAYS, stages)
        answer = assess(ask, books)
        if answer.max_quantity:
            assert fits_at_all(replace(ask, quantity=answer.max_quantity), books), seed
        assert not fits_at_all(replace(ask, quantity=answer.max_quantity + 1), books), seed
        last = DAYS - 1 if answer.earliest is None else answer.earliest - 1
        if answer.earliest is not None:
            assert fits_at_all(replace(ask, due=answer.earliest), books), seed
        if last >= ask.start:
            assert not fits_at_all(replace(ask, due=last), books), seed


def test_one_stage_is_the_table_read() -> None:
    for seed in range(200):
        books, ask = random_books(seed, DAYS), random_ask(seed, DAYS, 1)
        stage, minutes = ask.stages[0], ask.efforts[0]
        answer, table = assess(ask, books), PromiseTable.of(books[stage.pool].book)
        start = ask.start + stage.lag_days
        if start > ask.due:
            assert answer.missing_days == start - ask.due
            continue
        assert answer.verdict.fits == table.fits(start, ask.due, minutes)
        assert answer.earliest == table.earliest(start, minutes)
        assert answer.proven
        if answer.verdict.fits:
            assert answer.spare_minutes == table.room(start, ask.due) - minutes
        else:
            assert answer.bottleneck is not None
            hard = table.bottleneck(start, ask.due)
            assert answer.bottleneck.demand_minutes == hard.demand_minutes + minutes
            assert answer.bottleneck.short_minutes == minutes - hard.slack_minutes


def test_a_fit_that_eats_the_buffer_is_tight() -> None:
    book = PoolBook(1, np.full(5, 100, np.int64), buffer_percent=20)
    verdicts = [assess(Ask((Stage(1, 100),), units, 0, 4), {1: book}).verdict for units in (4, 5, 6)]
    assert verdicts == [Verdict.FEASIBLE, Verdict.TIGHT, Verdict.INFEASIBLE]


def test_late_milestones_leave_the_first_stage_the_time() -> None:
    books = {pool: PoolBook(pool, np.full(10, 100, np.int64)) for pool in (1, 2)}
    answer = assess(Ask((Stage(1, 150), Stage(2, 200, lag_days=2)), 1, 0, 9), books)
    assert [(stage.start, stage.due) for stage in answer.stages] == [(0, 5), (8, 9)]
    assert [(stage.earliest, stage.latest) for stage in answer.stages] == [(0, 6), (3, 9)]
    assert [(row.pool, row.day, row.minutes) for row in answer.plan] == [
        (1, 0, 100),
        (1, 1, 50),
        (2, 8, 100),
        (2, 9, 100),
    ]
    assert answer.earliest == 5


def test_two_stages_on_one_pool_never_use_the_same_minutes() -> None:
    book = PoolBook(1, np.array([100, 100, 100], np.int64))
    twice = (Stage(1, 100), Stage(1, 100))
    assert assess(Ask(twice, 1, 0, 1), {1: book}).earliest == 1
    assert assess(Ask((Stage(1, 150), Stage(1, 150)), 1, 0, 2), {1: book}).verdict is Verdict.INFEASIBLE


def test_a_refusal_is_proven_only_when_no_milestones_could_help() -> None:
    capacity = np.full(4, 100, np.int64)
    held = PoolBook(1, capacity, *(np.array([value]) for value in (0, 1, 200)))
    movable = replace(held, wide=WorkRows.of([0], [3], [200]))
    ask = Ask((Stage(1, 50),), 1, 0, 1)
    assert assess(ask, {1: held}).proven
    unproven = assess(ask, {1: movable})
    assert (unproven.verdict, unproven.proven) == (Verdict.INFEASIBLE, False)
    assert assess(replace(ask, quantity=5), {1: movable}).proven


@pytest.mark.parametrize("stages", [1, 2])
def test_a_proven_refusal_holds_for_any_milestones_of_the_book(stages: int) -> None:
    found = {True: 0, False: 0}
    for seed in range(300):
        books, ask = random_books(seed, DAYS), random_ask(seed, DAYS, stages)
        ask = replace(ask, quantity=3 * ask.quantity)
        wide = {pool: widened(held, seed) for pool, held in books.items()}
        answer = assess(ask, wide)
        assert answer.verdict.fits == assess(ask, books).verdict.fits
        if answer.verdict.fits or answer.missing_days:
            continue
        assert faults(certify(ask, answer, wide)) == [], seed
        loosest = {pool: replace_rows(held) for pool, held in wide.items()}
        assert not (answer.proven and fits_at_all(ask, loosest)), seed
        found[answer.proven] += 1
    assert min(found.values()) > 5


def test_lags_alone_can_be_too_long() -> None:
    books = {1: PoolBook(1, np.full(10, 100, np.int64))}
    ask = Ask((Stage(1, 10), Stage(1, 10, lag_days=3)), 1, 2, 4)
    answer = assess(ask, books)
    assert (answer.verdict, answer.proven, answer.missing_days) == (Verdict.INFEASIBLE, True, 2)
    assert (answer.bottleneck, answer.earliest) == (None, 6)
    assert faults(certify(ask, answer, books)) == []


@pytest.mark.parametrize(
    ("ask", "missing"),
    [
        (Ask((), 1, 0, 1), [(Lack.NO_ROUTING, None, None)]),
        (Ask((Stage(1, 0),), 1, 0, 1), [(Lack.ZERO_EFFORT, 1, 0)]),
        (Ask((Stage(2, 5),), 1, 0, 1), [(Lack.NO_CAPACITY, 2, None)]),
        (Ask((Stage(3, 5),), 1, 0, 1), [(Lack.NO_CAPACITY, 3, None)]),
        (Ask((Stage(1, 5),), 1, 0, 10), [(Lack.BEYOND_HORIZON, None, None)]),
        (Ask((Stage(1, 5),), 1, -1, 4), [(Lack.BEFORE_HORIZON, None, None)]),
    ],
)
def test_missing_things_are_named_not_taken_for_zero(
    ask: Ask, missing: list[tuple[Lack, int | None, int | None]]
) -> None:
    books = {1: PoolBook(1, np.full(10, 100, np.int64)), 2: PoolBook(2, None)}
    answer = assess(ask, books)
    assert answer.verdict is Verdict.UNKNOWN
    assert [(lack.what, lack.pool, lack.stage) for lack in answer.missing] == missing
    with pytest.raises(BadAsk, match="could not be answered"):
        certify(ask, answer, books)


def test_axes_of_different_length_are_refused() -> None:
    books = {pool: PoolBook(pool, np.full(days, 60, np.int64)) for pool, days in ((1, 5), (2, 6))}
    with pytest.raises(BadBook, match=r"\[5, 6\] days"):
        assess(Ask((Stage(1, 5), Stage(2, 5)), 1, 0, 3), books)


@pytest.mark.parametrize(
    ("quantity", "start", "due", "message"), [(0, 0, 1, "quantity of 0"), (1, 3, 2, "before the start day 3")]
)
def test_an_ask_that_makes_no_sense_is_refused(quantity: int, start: int, due: int, message: str) -> None:
    with pytest.raises(BadAsk, match=message):
        Ask((Stage(1, 5),), quantity, start, due)
