"""What approving a promise would do to the promises approved before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commitments.models import Commitment, CommitmentStage
from commitments.selectors.checks import Check

MOST_SHOWN = 10


@dataclass(frozen=True)
class Impact:
    """An approved commitment that would become short, or shorter; minutes on the pool where it is worst."""

    commitment: Commitment
    pool_name: str
    before_minutes: int
    after_minutes: int


@dataclass(frozen=True)
class ImpactReport:
    """The worst hit first; `count` is of all of them."""

    rows: list[Impact]
    count: int


def impact_of(check: Check) -> ImpactReport:
    """Return who would be short or shorter once the asked work is in the book.

    Two queries when it does not fit, none when it does.

    A commitment is as short as the interval around its window that is overbooked the most.
    """
    if check.ask is None or check.verdict.fits or not check.assessment.stages:
        return ImpactReport([], 0)
    worst: dict[int, tuple[int, int, int]] = {}
    for pool_id, commitment_id, before, after in _shortages(check):
        if after > before and after - before > _growth(worst.get(commitment_id)):
            worst[commitment_id] = (pool_id, before, after)
    shown = sorted(worst, key=lambda pk: (-worst[pk][2], pk))[:MOST_SHOWN]
    found = Commitment.objects.select_related("offering", "company").in_bulk(shown)
    rows = [
        Impact(found[pk], check.book.pools[worst[pk][0]].name, *worst[pk][1:]) for pk in shown if pk in found
    ]
    return ImpactReport(rows, len(worst))


def _growth(held: tuple[int, int, int] | None) -> int:
    return held[2] - held[1] if held else 0


def _shortages(check: Check) -> list[tuple[int, int, int, int]]:
    """Return (pool, commitment, minutes short before, after) for all approved work on the asked pools."""
    axis, today = check.book.axis, check.book.today
    pools = {stage.pool for stage in check.assessment.stages}
    hard = CommitmentStage.objects.filter(
        is_hard=True, pool_id__in=pools, due_on__gte=today, starts_on__lte=axis.last_on
    )
    rows: dict[int, list[tuple[int, int, int]]] = {}
    for pool_id, commitment_id, start, due in hard.order_by().values_list(
        "pool_id", "commitment_id", "starts_on", "due_on"
    ):
        window = (max(0, axis.offset(start)), min(axis.offset(due), axis.days - 1))
        rows.setdefault(pool_id, []).append((commitment_id, *window))
    found = []
    for pool_id, windows in rows.items():
        starts, dues = (np.array([window[place] for window in windows]) for place in (1, 2))
        before, after = _short_before_and_after(check, pool_id, starts, dues)
        ids = [window[0] for window in windows]
        found += [(pool_id, *row) for row in zip(ids, before.tolist(), after.tolist(), strict=True)]
    return found


def _short_before_and_after(
    check: Check, pool_id: int, starts: NDArray[np.int64], dues: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    held = check.prepared[pool_id]
    own = [stage for stage in check.assessment.stages if stage.pool == pool_id]
    before, after = held.table.rooms[starts, dues], held.with_stages(own).table.rooms[starts, dues]
    return np.maximum(0, -before), np.maximum(0, -after)
