"""Certificates: an assessment's proof as plain data that the checker can recount without the engine."""

from collections.abc import Sequence
from typing import Any

from feasibility.ask import Ask
from feasibility.assessment import Assessment, Bottleneck, StageWindow
from feasibility.errors import BadAsk
from feasibility.plan import Plan
from feasibility.prepared import Books, PreparedPool, prepare
from feasibility.rows import WorkRows
from feasibility.schedule import joint_plan

Certificate = dict[str, Any]


def certify(ask: Ask, answer: Assessment, books: Books) -> Certificate:
    """The proof of `answer` from the same ask and books as JSON-able data; raises BadAsk after "unknown"."""
    pools = {stage.pool: prepare(books[stage.pool]) for stage in ask.stages if stage.pool in books}
    if answer.verdict.fits:
        return _fits(ask, answer.stages, pools)
    if answer.bottleneck is not None:
        return _short(answer.bottleneck, answer.proven, pools)
    if answer.missing_days:
        stages = [
            [minutes, stage.lag_days, stage.limit]
            for stage, minutes in zip(ask.stages, ask.efforts, strict=True)
        ]
        return {"kind": "order", "start": ask.start, "due": ask.due, "stages": stages}
    raise BadAsk("There is no proof for an ask that could not be answered.")


def _fits(ask: Ask, windows: Sequence[StageWindow], pools: dict[int, PreparedPool]) -> Certificate:
    proofs: dict[str, Certificate] = {}
    stages: list[Certificate] = [{} for _ in windows]
    for pool, held in pools.items():
        numbers = [number for number, window in enumerate(windows) if window.pool == pool]
        rows, plan, own = joint_plan([windows[number] for number in numbers], held, every_row=True)
        proofs[str(pool)] = _pool(held, rows, plan)
        for number, row in zip(numbers, own, strict=True):
            stages[number] = {
                "pool": str(pool),
                "row": row,
                "minutes": windows[number].minutes,
                "lag": ask.stages[number].lag_days,
            }
    return {"kind": "fits", "start": ask.start, "due": ask.due, "stages": stages, "pools": proofs}


def _pool(held: PreparedPool, rows: WorkRows, plan: Plan) -> Certificate:
    late = {str(row): int(plan.late[row]) for row in plan.late.nonzero()[0]}
    return {
        "capacity": held.book.known_capacity().tolist(),
        "rows": _listed(rows),
        "schedule": [
            [*triple]
            for triple in zip(plan.rows.tolist(), plan.days.tolist(), plan.minutes.tolist(), strict=True)
        ],
        "late": late,
        "overloads": [[*pair] for pair in held.overbooked()] if late else [],
    }


def _short(bottleneck: Bottleneck, proven: bool, pools: dict[int, PreparedPool]) -> Certificate:
    pool = bottleneck.parts[0].pool
    held = pools[pool]
    capacity = held.book.known_capacity()
    rows = held.wide_rows if proven else held.rows
    own = [[row.start, row.due, row.minutes, row.limit] for row in bottleneck.asked]
    return {
        "kind": "short",
        "pool": pool,
        "parts": [[part.start, part.end] for part in bottleneck.parts],
        "capacity": [capacity[part.start : part.end + 1].tolist() for part in bottleneck.parts],
        "rows": _listed(rows.touching(bottleneck.parts[0].start, bottleneck.parts[-1].end)) + own,
        "short": bottleneck.short_minutes,
        "proven": proven,
    }


def _listed(rows: WorkRows) -> list[list[int]]:
    columns = (rows.starts.tolist(), rows.dues.tolist(), rows.minutes.tolist(), rows.limits.tolist())
    return [[*row] for row in zip(*columns, strict=True)]
