"""One cell of the board: who works there in that week, how it came to this, and what would not fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from capacity.models import CapacityRevision, Pool
from capacity.selectors.calendars import daily_capacity
from commitments.models import Commitment, CommitmentStage, LedgerEvent
from commitments.selectors.book import LOOK_BACK_DAYS
from dashboards.selectors.board import Board, Cell
from feasibility import PoolBook, PreparedPool, WorkRows, edf_plan
from tenants.models import Organization

MOST_EVENTS, MOST_CHANGES = 4, 2
#: What moves the book; drafts and comments do not.
TELLING = {
    "approved": "approved",
    "delivered": "delivered",
    "cancelled": "cancelled",
    "imported": "imported",
    "import_changed": "changed by an import",
}


@dataclass(frozen=True)
class Work:
    """A commitment with the minutes of it that the plan puts into the week, and those that found no place."""

    commitment: Commitment
    minutes: int
    short_minutes: int


@dataclass(frozen=True)
class Turn:
    """Something that changed the book of the pool: of a commitment, or of the capacity itself."""

    at: datetime
    title: str
    words: str
    kind: str
    commitment: Commitment | None = None


@dataclass(frozen=True)
class CellStory:
    """The opened cell."""

    pool: Pool
    cell: Cell
    last_on: date
    works: list[Work]
    turns: list[Turn]
    proposals: list[Commitment]


def cell_story(*, shown: Board, organization: Organization, pool: Pool, week: date) -> CellStory | None:
    """Return the story of a pool's week; None when the board has no such cell. At most seven queries."""
    row = next((row for row in shown.rows if row.pool == pool), None)
    cell = next((cell for cell in row.cells if cell.starts_on == week), None) if row else None
    if cell is None:
        return None
    works = _works(pool, cell, shown.today, organization.horizon_days)
    first = max(0, (cell.starts_on - shown.today).days)
    last = (cell.starts_on - shown.today).days + 6
    proposals = [
        misfit.commitment
        for misfit in shown.misfits
        if any(part[0] == pool.pk and part[1] <= last and part[2] >= first for part in misfit.parts)
    ]
    last_on = min(cell.starts_on + timedelta(days=6), shown.last_on)
    return CellStory(pool, cell, last_on, works, _turns(pool, [work.commitment for work in works]), proposals)


def _works(pool: Pool, cell: Cell, today: date, horizon_days: int) -> list[Work]:
    """Return who works in the week, most minutes first, as the late plan of the whole book has it.

    The reckoning is that of commitments.selectors.book, with one row for each stage instead of one for each
    window, so that every minute has a name; a test holds the sums together.
    """
    first_on = today - timedelta(days=LOOK_BACK_DAYS)
    capacity = daily_capacity([pool.pk], first_on, LOOK_BACK_DAYS + horizon_days + 1)[pool.pk]
    stages = list(
        CommitmentStage.objects.filter(is_hard=True, pool=pool, due_on__gte=first_on)
        .order_by("starts_on", "due_on", "pk")
        .values_list("commitment_id", "starts_on", "due_on", "minutes", "max_minutes_per_day")
    )
    if capacity is None or not stages:
        return []
    begin = first_on.toordinal()
    starts = np.array([row[1].toordinal() - begin for row in stages])
    dues = np.array([row[2].toordinal() - begin for row in stages])
    minutes = np.array([row[3] for row in stages])
    limits = np.array([row[4] or 0 for row in stages])
    left = edf_plan(capacity[:LOOK_BACK_DAYS], starts, dues, minutes, limits).late
    kept = np.flatnonzero((dues >= LOOK_BACK_DAYS) & (left > 0) & (starts < len(capacity)))
    held = PreparedPool(
        PoolBook(
            pool.pk,
            capacity[LOOK_BACK_DAYS:],
            np.maximum(starts[kept] - LOOK_BACK_DAYS, 0),
            dues[kept] - LOOK_BACK_DAYS,
            left[kept],
            caps=limits[kept],
        )
    )
    _, plan = held.plan(WorkRows.none(), late=True)
    first = max(0, (cell.starts_on - today).days)
    last = min((cell.starts_on - today).days + 6, held.days - 1)
    inside = (plan.days >= first) & (plan.days <= last)
    here = np.bincount(plan.rows[inside], plan.minutes[inside], len(kept)).astype(np.int64)
    due = np.minimum(dues[kept] - LOOK_BACK_DAYS, held.days - 1)
    missed = np.where((due >= first) & (due <= last), plan.late, 0)
    sums: dict[int, tuple[int, int]] = {}
    for row in np.flatnonzero(here + missed).tolist():
        commitment_id = stages[kept[row]][0]
        before = sums.get(commitment_id, (0, 0))
        sums[commitment_id] = (before[0] + int(here[row]), before[1] + int(missed[row]))
    found = Commitment.objects.filter(pk__in=sums).select_related("offering", "company")
    works = [Work(commitment, *sums[commitment.pk]) for commitment in found]
    return sorted(works, key=lambda work: (-work.minutes - work.short_minutes, work.commitment.pk))


def _turns(pool: Pool, commitments: Sequence[Commitment]) -> list[Turn]:
    """Return what changed the book of this week lately, newest first; two queries."""
    events = (
        LedgerEvent.objects.filter(commitment__in=commitments, kind__in=list(TELLING))
        .select_related("commitment__offering", "commitment__company")
        .order_by("-at", "-pk")[:MOST_EVENTS]
    )
    changes = CapacityRevision.objects.filter(pool_ids__contains=[pool.pk]).select_related("by")
    turns = [_turn_of_event(event) for event in events]
    turns += [
        Turn(change.at, "Capacity changed", _change_words(change), "capacity")
        for change in changes.order_by("-pk")[:MOST_CHANGES]
    ]
    return sorted(turns, key=lambda turn: turn.at, reverse=True)


def _turn_of_event(event: LedgerEvent) -> Turn:
    commitment = event.commitment
    assert commitment is not None
    who = f", by {event.by_name}" if event.by_name else ""
    knowing = ", knowing that it does not fit" if event.details.get("override") else ""
    why = event.reason.strip().rstrip(".")
    reason = f": “{why}”" if why else ""
    return Turn(
        event.at,
        f"{commitment.reference} {TELLING[event.kind]}",
        f"{commitment.title}{who}{knowing}{reason}.",
        event.kind,
        commitment,
    )


def _change_words(change: CapacityRevision) -> str:
    return f"{change.change.rstrip('.')}{f', by {change.by.display_name}' if change.by else ''}."
