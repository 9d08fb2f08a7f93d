"""Which promises a change of capacity would break, before it is saved."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from django.utils import timezone

from capacity.selectors.calendars import daily_capacity
from capacity.unsaved import Unsaved
from commitments.models import Commitment, CommitmentStage
from commitments.selectors.book import LOOK_BACK_DAYS, Book, book_of
from feasibility import PreparedPool
from tenants.models import Organization
from tenants.scope import current_organization_id


@dataclass(frozen=True)
class BrokenPromise:
    """A commitment that fits now and would be short after the change."""

    pk: int
    reference: str
    title: str
    promised_on: date
    short_minutes: int
    url_name: str = "commitments:commitment-detail"


def blast_radius(pool_ids: Collection[int], extra_changes: Sequence[Unsaved]) -> list[BrokenPromise]:
    """Return the commitments that these unsaved changes would break, soonest first; writes nothing."""
    organization = Organization.objects.get(pk=current_organization_id())
    today = timezone.now().astimezone(organization.zone).date()
    horizon = organization.horizon_days
    before = book_of(pool_ids=pool_ids, today=today, horizon_days=horizon)
    first_on = today - timedelta(days=LOOK_BACK_DAYS)
    changed = daily_capacity(sorted(pool_ids), first_on, LOOK_BACK_DAYS + horizon + 1, extra_changes)
    after = book_of(pool_ids=pool_ids, today=today, horizon_days=horizon, capacity=changed)
    shorts: dict[int, int] = {}
    for pool_id in pool_ids:
        for commitment_id, short in _newly_short(pool_id, before, after).items():
            shorts[commitment_id] = max(short, shorts.get(commitment_id, 0))
    return _promises(shorts)


def _newly_short(pool_id: int, before: Book, after: Book) -> dict[int, int]:
    """Return commitment -> minutes short after the change, for those not short before."""
    if before.books[pool_id].capacity is None:
        return {}
    stages = CommitmentStage.objects.filter(is_hard=True, pool_id=pool_id, due_on__gte=before.today)
    rows = list(stages.order_by().values_list("commitment_id", "starts_on", "due_on"))
    if not rows:
        return {}
    if after.books[pool_id].capacity is None:
        return dict.fromkeys((row[0] for row in rows), 0)
    axis = before.axis
    starts = np.array([max(0, axis.offset(row[1])) for row in rows])
    dues = np.array([min(axis.offset(row[2]), axis.days - 1) for row in rows])
    starts = np.minimum(starts, dues)
    was = PreparedPool(before.books[pool_id]).table.rooms[starts, dues]
    now = PreparedPool(after.books[pool_id]).table.rooms[starts, dues]
    broken = np.flatnonzero((now < 0) & (was >= 0))
    shorts: dict[int, int] = {}
    for row in broken.tolist():
        shorts[rows[row][0]] = max(shorts.get(rows[row][0], 0), -int(now[row]))
    return shorts


def _promises(shorts: dict[int, int]) -> list[BrokenPromise]:
    found = Commitment.objects.filter(pk__in=shorts).select_related("offering", "company")
    promises = [
        BrokenPromise(each.pk, each.reference, each.title, each.promised_on, shorts[each.pk])
        for each in found
    ]
    return sorted(promises, key=lambda each: (each.promised_on, each.pk))
