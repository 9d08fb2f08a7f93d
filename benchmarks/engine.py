"""The engine's figures: `python -m benchmarks.engine` prints `name value unit`, one process, CPU time.

Everything is a ratio on the same instance in the same run, so that a slow machine is slow for both.
"""

from collections.abc import Callable
from time import process_time

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_flow

from feasibility import Ask, Ints, PoolBook, PromiseTable, Stage, WorkRows, assess, prepare, room_once
from feasibility.crew_room import CrewRoom
from feasibility.table import slack_of

DAYS, SEED, INSTANCES = 260, 20261123, 10_000


def main() -> None:
    """Every figure, the slow ones last."""
    for count in (1_000, 10_000, 100_000):
        _quotes(count)
    hot = [_hot(prepare(_book(count))) for count in (1_000, 100_000)]
    show("quote growth 1k to 100k", hot[1] / hot[0], "x")
    _update()
    _whole_book()
    _assessments()
    _agreement()
    _crew_agreement()


def show(name: str, value: float, unit: str) -> None:
    """One line; the name is one word so that lines split easily."""
    print(f"{name.replace(' ', '-'):<44} {value:>14,.4g} {unit}".replace(",", ""), flush=True)


def seconds(work: Callable[[], object], inner: int, repeats: int = 5) -> float:
    """The least CPU seconds of one call."""
    best = float("inf")
    for _ in range(repeats):
        begun = process_time()
        for _ in range(inner):
            work()
        best = min(best, (process_time() - begun) / inner)
    return best


def _rows(count: int, seed: int = SEED, days: int = DAYS, spread: int = 30) -> WorkRows:
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, days, count)
    dues = np.minimum(days - 1, starts + rng.integers(0, spread, count))
    return WorkRows.of(starts, dues, rng.integers(30, 960, count))


def _book(count: int, seed: int = SEED) -> PoolBook:
    """A book at 98 % of its tightest interval."""
    rows = _rows(count, seed)
    contained = -slack_of(np.zeros(DAYS, np.int64), rows)
    per_day = contained / np.maximum(1, np.arange(DAYS) - np.arange(DAYS)[:, None] + 1)
    capacity = np.full(DAYS, int(np.triu(per_day).max() * 1.02) + 1, np.int64)
    return PoolBook(1, capacity, rows.starts, rows.dues, rows.minutes)


def _grouped(book: PoolBook) -> PoolBook:
    """The book as one grouped query gives it: rows with equal windows summed."""
    keys, which = np.unique(book.starts * DAYS + book.dues, return_inverse=True)
    minutes = np.bincount(which, book.minutes).astype(np.int64)
    return PoolBook(1, book.capacity, keys // DAYS, keys % DAYS, minutes)


def _flow(capacity: Ints, rows: WorkRows, merge: bool = True) -> bool:
    """Whether maximum flow places everything; rows with equal windows merged, which helps it."""
    starts, dues, minutes, limits = rows.starts, rows.dues, rows.minutes, rows.limits
    days = len(capacity)
    if merge and not limits.any():
        keys, which = np.unique(starts * days + dues, return_inverse=True)
        minutes = np.bincount(which, minutes).astype(np.int64)
        starts, dues, limits = keys // days, keys % days, np.zeros(len(keys), np.int64)
    lengths = dues - starts + 1
    row = np.repeat(np.arange(len(starts)), lengths)
    day = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + starts[row]
    count = len(starts)
    source, sink = count + days, count + days + 1
    daily = np.where(limits > 0, np.minimum(limits, minutes), minutes)[row]
    tails = np.concatenate([np.full(count, source), row, count + np.arange(days)])
    heads = np.concatenate([np.arange(count), count + day, np.full(days, sink)])
    width = np.concatenate([minutes, daily, capacity]).astype(np.int32)
    graph = csr_matrix((width, (tails, heads)), shape=(sink + 1, sink + 1))
    return int(maximum_flow(graph, source, sink).flow_value) == int(minutes.sum())


def _hot(pool: object) -> float:
    table = pool.table  # type: ignore[attr-defined]
    return seconds(lambda: table.fits(40, 60, 500), 20_000)


def _quotes(count: int) -> None:
    book = _book(count)
    capacity = book.known_capacity()
    asked = book.rows().plus(WorkRows.of([40], [60], [500]))
    hot = _hot(prepare(book))
    cold = seconds(lambda: room_once(book, 40, 60) >= 500, 5)
    build = seconds(lambda: PromiseTable.of(book).rooms, 3)
    flow = seconds(lambda: _flow(capacity, asked), 1, 2)
    show(f"quotes per second hot {count}", 1 / hot, "1/s")
    show(f"flow over hot quote {count}", flow / hot, "x")
    show(f"cold quote {count}", cold * 1e3, "ms")
    show(f"flow over cold quote {count}", flow / cold, "x")
    show(f"table build {count}", build * 1e3, "ms")
    show(f"flow over table build {count}", flow / build, "x")
    grouped = _grouped(book)
    once = seconds(lambda: room_once(grouped, 40, 60) >= 500, 5)
    show(f"cold quote grouped {count}", once * 1e3, "ms")
    show(f"flow over cold quote grouped {count}", flow / once, "x")
    solver = _ortools(capacity, asked)
    if solver is not None:
        show(f"ortools over hot quote {count}", solver / hot, "x")
        show(f"ortools over cold quote {count}", solver / cold, "x")
        show(f"ortools over table build {count}", solver / build, "x")


def _ortools(capacity: Ints, rows: WorkRows) -> float | None:
    """Seconds of OR-Tools on the merged network, None where it is not installed."""
    try:
        from ortools.graph.python import max_flow
    except ImportError:
        return None
    days = len(capacity)

    def solve() -> int:
        keys, which = np.unique(rows.starts * days + rows.dues, return_inverse=True)
        minutes = np.bincount(which, rows.minutes).astype(np.int64)
        starts, dues = keys // days, keys % days
        lengths, count = dues - starts + 1, len(keys)
        row = np.repeat(np.arange(count), lengths)
        day = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + starts[row]
        source, sink = count + days, count + days + 1
        network = max_flow.SimpleMaxFlow()
        network.add_arcs_with_capacity(
            np.concatenate([np.full(count, source), row, count + np.arange(days)]),
            np.concatenate([np.arange(count), count + day, np.full(days, sink)]),
            np.concatenate([minutes, minutes[row], capacity]),
        )
        network.solve(source, sink)
        return int(network.optimal_flow())

    return seconds(solve, 1, 3)


def _update() -> None:
    table = PromiseTable.of(_book(10_000))
    table.room(40, 60)
    copy = seconds(table.rooms.copy, 200)
    add = seconds(lambda: table.with_work(40, 60, 500).rooms, 100)
    remove = seconds(lambda: table.without_work(40, 60, 500).rooms, 50)
    show("approve one table update", add * 1e3, "ms")
    show("cancel one table update", remove * 1e3, "ms")
    show("approve over a copy", add / copy, "x")
    show("cancel over a copy", remove / copy, "x")


def _whole_book() -> None:
    """Who is at risk among 100,000 commitments over 10 pools, tables held and tables rebuilt."""
    books = [_book(10_000, SEED + pool) for pool in range(10)]
    tables = [PromiseTable.of(book) for book in books]
    keys = np.random.default_rng(SEED).integers(0, 1 << 40, 100_000)
    sort = seconds(lambda: np.sort(keys), 3)
    pairs = list(zip(tables, books, strict=True))
    held = seconds(lambda: [table.at_risk(book.starts, book.dues) for table, book in pairs], 3)
    rebuilt = seconds(lambda: [PromiseTable.of(book).at_risk(book.starts, book.dues) for book in books], 1)
    show("whole book recheck 100k held", held * 1e3, "ms")
    show("whole book recheck held over sort", held / sort, "x")
    show("whole book recheck 100k rebuilt", rebuilt * 1e3, "ms")
    show("whole book recheck rebuilt over sort", rebuilt / sort, "x")


def _assessments() -> None:
    """A whole assessment with plan, tables held: what an HTTP check pays the engine."""
    books = {pool: prepare(_book(1_000, SEED + pool)) for pool in range(3)}
    one = Ask((Stage(0, 60, 30),), 8, 40, 60)
    three = Ask((Stage(0, 60, 30), Stage(1, 45, 0, 1), Stage(2, 30)), 8, 40, 80)
    show("assess one stage 1k rows", seconds(lambda: assess(one, books), 10) * 1e3, "ms")
    show("assess three stages 1k rows", seconds(lambda: assess(three, books), 10) * 1e3, "ms")


def _agreement() -> None:
    """Random instances of one pool: verdict at the border and beyond it against maximum flow."""
    wrong = once = 0
    for seed in range(INSTANCES):
        rng = np.random.default_rng([SEED, seed])
        days = int(rng.integers(3, 31))
        rows = _rows(int(rng.integers(0, 40)), seed, days, 9)
        need = -slack_of(np.zeros(days, np.int64), rows).diagonal().min(initial=0) if len(rows) else 0
        capacity = rng.integers(need, need + 1500, days)
        start, due = sorted(rng.integers(0, days, 2).tolist())
        table = PromiseTable.build(capacity, rows)
        if table.slack.min() < 0:
            capacity = capacity - int(table.slack.min())
            table = PromiseTable.build(capacity, rows)
        room = table.room(start, due)
        once += room != room_once(
            PoolBook(1, capacity, rows.starts, rows.dues, rows.minutes), int(start), int(due)
        )
        for minutes in (room, room + 1):
            asked = rows.plus(WorkRows.of([start], [due], [minutes]))
            wrong += table.fits(start, due, minutes) != _flow(capacity, asked)
    show("one pool instances", INSTANCES, "instances")
    show("one pool disagreements with flow", wrong, "instances")
    show("one pool disagreements of room once", once, "instances")


def _crew_agreement() -> None:
    """Random instances with daily limits: room and room + 1 minute against maximum flow."""
    wrong = by_table = 0
    for seed in range(INSTANCES):
        rng = np.random.default_rng([SEED, seed, 1])
        plain = _rows(int(rng.integers(4, 20)), seed, 14, 8)
        needed = -(-plain.minutes // (plain.dues - plain.starts + 1))
        limits = np.maximum(rng.choice([120, 240, 480], len(plain)), needed)
        rows = WorkRows.of(plain.starts, plain.dues, plain.minutes, limits)
        capacity = np.full(14, 400, np.int64) + rng.integers(0, 300, 14)
        while not _flow(capacity, rows):
            capacity = capacity * 11 // 10 + 1
        start, due = sorted(rng.integers(0, 14, 2).tolist())
        limit = int(rng.choice([0, 60, 240]))
        crew = CrewRoom(capacity, rows)
        room = crew.room_for(start, due, limit)
        for minutes in (room, room + 1):
            asked = rows.plus(WorkRows.of([start], [due], [minutes], [limit]))
            wrong += crew.holds(start, due, minutes, limit) != _flow(capacity, asked)
        by_table += PromiseTable.build(capacity, plain).room(start, due) > room
    show("crew limit instances", INSTANCES, "instances")
    show("crew limit disagreements with flow", wrong, "instances")
    show("crew limits ignored promise too much", by_table, "instances")


if __name__ == "__main__":
    main()
