"""Rows turned into minutes a day, pool by pool."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from django.db.models import Max, Q
from numpy.typing import NDArray

from capacity.calendars import Change, Minutes, Span, is_active, resource_minutes, with_changes
from capacity.models import CapacityChange, CapacityRevision, PoolMembership
from capacity.unsaved import ChangedResource, NewChange, Unsaved, WithoutChange

Key = tuple[str, int]  # ("pool" or "resource", id)


def current_revision() -> int:
    """Return the newest revision of the capacity, 0 before the first write."""
    return CapacityRevision.objects.aggregate(newest=Max("id"))["newest"] or 0


def daily_capacity(
    pool_ids: Collection[int], first_on: date, days: int, extra_changes: Iterable[Unsaved] = ()
) -> dict[int, NDArray[np.int64] | None]:
    """Return minutes on each of `days` days from first_on for every pool asked; two queries.

    None means missing: the pool has no resources, or one that is active in the span has no weekly
    pattern. `extra_changes` are reckoned in as if they were saved. Raises ValueError for no days.
    """
    if days < 1:
        raise ValueError(f"Capacity needs at least one day, not {days}.")
    span, extra = Span(first_on, days), tuple(extra_changes)
    working = _resources(pool_ids, extra)
    changes = _changes(pool_ids, {row.key for rows in working.values() for row in rows}, span, extra)
    return {pool_id: _of_pool(pool_id, working.get(pool_id, []), changes, span) for pool_id in pool_ids}


def without_a_pattern(pool_ids: Collection[int], first_on: date, days: int) -> dict[int, list[str]]:
    """Return by pool the names of its resources active in the span that have no weekly pattern; one query."""
    span, found = Span(first_on, days), defaultdict(list)
    rows = PoolMembership.objects.filter(pool_id__in=pool_ids, resource__weekly_minutes=None)
    for pool_id, name, active_from, active_until in rows.order_by("resource__name").values_list(
        "pool_id", "resource__name", "resource__active_from", "resource__active_until"
    ):
        if is_active(span, active_from, active_until):
            found[pool_id].append(name)
    return found


def resource_daily_minutes(resource_id: int, first_on: date, days: int) -> NDArray[np.int64] | None:
    """Return a resource's minutes on each day, None when it has no weekly pattern; two queries."""
    span = Span(first_on, days)
    row = PoolMembership.objects.filter(resource_id=resource_id).values_list(*FIELDS).first()
    if row is None or row[2] is None:
        return None
    resource = _Resource(*row[1:])
    return resource.minutes(span, _changes([], {resource.key}, span, ())[resource.key])


FIELDS = (
    "pool_id",
    "resource_id",
    "resource__weekly_minutes",
    "resource__holidays",
    "resource__active_from",
    "resource__active_until",
)


@dataclass(frozen=True, slots=True)
class _Resource:
    id: int
    weekly_minutes: Sequence[int] | None
    holidays: str
    active_from: date | None
    active_until: date | None
    key: Key = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", ("resource", self.id))

    def is_missing(self, span: Span) -> bool:
        return self.weekly_minutes is None and is_active(span, self.active_from, self.active_until)

    def minutes(self, span: Span, changes: Iterable[Change]) -> Minutes:
        return resource_minutes(
            span,
            weekly_minutes=self.weekly_minutes or [0] * 7,
            holidays=self.holidays,
            active_from=self.active_from,
            active_until=self.active_until,
            changes=changes,
        )


def _of_pool(
    pool_id: int, resources: list[_Resource], changes: dict[Key, list[Change]], span: Span
) -> Minutes | None:
    if not resources or any(resource.is_missing(span) for resource in resources):
        return None
    total = np.zeros(span.days, np.int64)
    for resource in resources:
        total += resource.minutes(span, changes.get(resource.key, ()))
    return with_changes(span, total, changes.get(("pool", pool_id), ()))


def _resources(pool_ids: Collection[int], extra: Sequence[Unsaved]) -> dict[int, list[_Resource]]:
    working: dict[int, list[_Resource]] = defaultdict(list)
    changed = [each for each in extra if isinstance(each, ChangedResource)]
    replaced = {each.resource_id for each in changed}
    for pool_id, resource_id, *rest in PoolMembership.objects.filter(pool_id__in=pool_ids).values_list(
        *FIELDS
    ):
        if resource_id not in replaced:
            working[pool_id].append(_Resource(resource_id, *rest))
    for number, each in enumerate(changed, start=1):
        resource_id = -number if each.resource_id is None else each.resource_id
        row = _Resource(resource_id, each.weekly_minutes, each.holidays, each.active_from, each.active_until)
        for pool_id in each.pool_ids:
            working[pool_id].append(row)
    return working


def _changes(
    pool_ids: Collection[int], keys: Collection[Key], span: Span, extra: Sequence[Unsaved]
) -> dict[Key, list[Change]]:
    """Return the changes that touch the span, by what they change."""
    resource_ids = [resource_id for _, resource_id in keys]
    removed = [each.change_id for each in extra if isinstance(each, WithoutChange)]
    rows = (
        CapacityChange.objects.filter(starts_on__lte=span.last_on, ends_on__gte=span.first_on)
        .filter(Q(pool_id__in=pool_ids) | Q(resource_id__in=resource_ids))
        .exclude(pk__in=removed)
        .values_list("pool_id", "resource_id", "kind", "starts_on", "ends_on", "minutes_per_day")
    )
    changes: dict[Key, list[Change]] = defaultdict(list)
    for row in rows:
        _add(changes, *row)
    for each in extra:
        if isinstance(each, NewChange):
            _add(
                changes,
                each.pool_id,
                each.resource_id,
                each.kind,
                each.starts_on,
                each.ends_on,
                each.minutes_per_day,
            )
    return changes


def _add(
    changes: dict[Key, list[Change]],
    pool_id: int | None,
    resource_id: int | None,
    kind: str,
    starts_on: date,
    ends_on: date,
    minutes_per_day: int,
) -> None:
    key: Key = ("pool", pool_id) if pool_id is not None else ("resource", resource_id or 0)
    is_time_off = kind == CapacityChange.Kind.TIME_OFF
    changes[key].append(Change(starts_on, ends_on, minutes_per_day, only_working_days=is_time_off))
