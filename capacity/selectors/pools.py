"""Pools as the pages show them."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet

from capacity.calendars import Minutes
from capacity.models import CapacityChange, CapacityRevision, Pool, Resource
from capacity.selectors.calendars import daily_capacity
from capacity.selectors.keyset import Page, page_of

WEEKS_AHEAD = 12


@dataclass(frozen=True)
class PoolRow:
    """A pool with its people and what it has this week; week_minutes None is missing."""

    pool: Pool
    people: int
    without_pattern: int
    week_minutes: int | None


def monday_of(day: date) -> date:
    """Return the first day of the week."""
    return day - timedelta(days=day.weekday())


def open_pools() -> QuerySet[Pool]:
    """Return the pools that have not been put away, by name."""
    return Pool.objects.filter(archived_at=None).order_by("name", "location", "pk")


def pool_page(*, today: date, cursor: str = "", archived: bool = False) -> Page[PoolRow]:
    """Return a page of pools by name with this week's minutes; at most four queries."""
    pools = Pool.objects.filter(archived_at__isnull=not archived).annotate(
        people=Count("memberships"),
        without_pattern=Count("memberships", filter=Q(memberships__resource__weekly_minutes=None)),
    )
    page = page_of(pools, by="name", cursor=cursor)
    minutes = daily_capacity([pool.pk for pool in page.items], monday_of(today), 7)
    rows = [_row(pool, minutes[pool.pk]) for pool in page.items]
    return Page(rows, page.previous, page.next)


def _row(pool: Pool, minutes: Minutes | None) -> PoolRow:
    week = None if minutes is None else int(minutes.sum())
    # Both counts were annotated by pool_page.
    return PoolRow(pool, pool.people, pool.without_pattern, week)  # type: ignore[attr-defined]


def weeks_ahead(pool_id: int, *, today: date, weeks: int = WEEKS_AHEAD) -> list[tuple[date, int]] | None:
    """Return (Monday, minutes) of this week and those that follow, None when capacity is missing."""
    first_on = monday_of(today)
    minutes = daily_capacity([pool_id], first_on, weeks * 7)[pool_id]
    if minutes is None:
        return None
    sums = minutes.reshape(weeks, 7).sum(axis=1)
    return [(first_on + timedelta(weeks=number), int(total)) for number, total in enumerate(sums)]


def people_of(pool: Pool) -> QuerySet[Resource]:
    """Return the resources that work in the pool."""
    return Resource.objects.filter(memberships__pool=pool)


def people_page(pool: Pool, *, cursor: str = "") -> Page[Resource]:
    """Return a page of a pool's resources by name."""
    return page_of(people_of(pool), by="name", cursor=cursor)


def changes_of_pool(pool: Pool) -> QuerySet[CapacityChange]:
    """Return the changes of the pool itself and of its resources."""
    of_people = people_of(pool).values("pk")
    return CapacityChange.objects.filter(Q(pool=pool) | Q(resource__in=of_people)).select_related(
        "resource", "pool"
    )


def upcoming_changes(pool: Pool, *, today: date, cursor: str = "") -> Page[CapacityChange]:
    """Return a page of the changes that have not ended, by first day."""
    return page_of(changes_of_pool(pool).filter(ends_on__gte=today), by="starts_on", cursor=cursor)


def history_of(pool: Pool, *, cursor: str = "", size: int = 10) -> Page[CapacityRevision]:
    """Return a page of what was changed in the pool, newest first."""
    revisions = CapacityRevision.objects.filter(pool_ids__contains=[pool.pk]).select_related("by")
    return page_of(revisions, by="pk", cursor=cursor, descending=True, size=size)
