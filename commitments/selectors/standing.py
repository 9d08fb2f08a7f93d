"""How an approved promise stands today, pool by pool, beside how it stood when it was approved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from commitments.models import Commitment, CommitmentStage, StoredVerdict
from commitments.selectors.book import Book, book_of
from feasibility import Verdict, WorkRows
from feasibility.prepared import PreparedPool
from tenants.models import Organization
from ui.formatting import hours, weekday_date


@dataclass(frozen=True)
class PoolStanding:
    """One pool's part: its minutes of work, to spare then and now.

    None: not known then; nothing to compare with now (its days have passed).
    """

    pool_name: str
    minutes: int
    starts_on: date
    due_on: date
    spare_then: int | None
    spare_now: int | None
    is_tight: bool

    @property
    def then_words(self) -> str:
        """Return what was to spare when it was promised."""
        return spare_words(self.spare_then)

    @property
    def now_words(self) -> str:
        """Return what is to spare now."""
        return spare_words(self.spare_now)

    @property
    def verdict(self) -> str:
        """Return the verdict on this pool now."""
        if self.spare_now is None:
            return str(Verdict.UNKNOWN)
        if self.spare_now < 0:
            return str(Verdict.INFEASIBLE)
        return str(Verdict.TIGHT if self.is_tight else Verdict.FEASIBLE)


@dataclass(frozen=True)
class Standing:
    """The whole promise: the verdict of its worst pool in words, and the pools."""

    verdict: str
    heading: str
    sentence: str
    pools: list[PoolStanding]


def spare_words(spare: int | None) -> str:
    """Return minutes to spare, or short when below zero, in words; a dash for what is not known."""
    if spare is None:
        return "–"
    return f"{hours(spare)} to spare" if spare >= 0 else f"{hours(-spare)} short"


def standing_of(
    commitment: Commitment, *, then: StoredVerdict | None, organization: Organization, at: datetime
) -> Standing:
    """Return how the approved commitment stands; its own work is in the book."""
    today = at.astimezone(organization.zone).date()
    stages = list(CommitmentStage.objects.filter(commitment=commitment).select_related("pool"))
    book = book_of(
        pool_ids={stage.pool_id for stage in stages}, today=today, horizon_days=organization.horizon_days
    )
    spare_then = {picture["pool"]: picture["spare_minutes"] for picture in (then.picture if then else [])}
    pools = [_pool(stage, book, spare_then) for stage in stages]
    return _in_words(commitment, pools, today)


def _pool(stage: CommitmentStage, book: Book, spare_then: Mapping[int, Any]) -> PoolStanding:
    now, is_tight = None, False
    held = PreparedPool(book.books[stage.pool_id])
    if stage.due_on >= book.today and stage.starts_on <= book.axis.last_on and held.book.capacity is not None:
        window = (
            max(0, book.axis.offset(stage.starts_on)),
            min(book.axis.offset(stage.due_on), book.axis.days - 1),
        )
        limit = stage.max_minutes_per_day or 0
        left = book.limited_left.get(stage.pk, 0) if limit else stage.minutes
        own = WorkRows.of([window[0]], [window[1]], [left], [limit]).possible()
        short = int(held.short_minutes(own)[0])
        now = -short if short else held.room(bool(limit)).room_for(*window, limit)
        is_tight = held.buffered_room(bool(limit)).room_for(*window, limit) < 0
    return PoolStanding(
        pool_name=stage.pool.name,
        minutes=stage.minutes,
        starts_on=stage.starts_on,
        due_on=stage.due_on,
        spare_then=spare_then.get(stage.pool_id),
        spare_now=now,
        is_tight=is_tight,
    )


def _in_words(commitment: Commitment, pools: list[PoolStanding], today: date) -> Standing:
    due = weekday_date(commitment.promised_on, today)
    if commitment.promised_on < today:
        late = (today - commitment.promised_on).days
        days = f"{late} day{'s' if late > 1 else ''}"
        return Standing(
            "infeasible",
            f"Was due {due}",
            f"It is {days} late, or nobody has said that it was delivered.",
            pools,
        )
    known = [pool for pool in pools if pool.spare_now is not None]
    if not known:
        return Standing(
            "unknown", f"Promised for {due}", "None of its pools has hours to compare with.", pools
        )
    worst = min(known, key=lambda pool: pool.spare_now or 0)
    spare = worst.spare_now or 0
    if spare < 0:
        why = f"{worst.pool_name}: {hours(-spare)} short for what is promised until then."
        return Standing("infeasible", f"At risk for {due}", why, pools)
    tight = any(pool.is_tight for pool in known)
    why = f"{worst.pool_name} has the least left: {hours(spare)} to spare."
    words = "Tight" if tight else "On course"
    return Standing("tight" if tight else "feasible", f"{words} for {due}", why, pools)
