"""What an unsaved change would do to the hours of the pools it touches."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from capacity.calendars import Minutes
from capacity.models import Pool
from capacity.selectors.calendars import daily_capacity
from capacity.unsaved import Unsaved

LONGEST_DAYS = 366


@dataclass(frozen=True)
class Effect:
    """A pool's minutes between two days as they are and as they would be; None is missing."""

    pool: Pool
    first_on: date
    last_on: date
    before_minutes: int | None
    after_minutes: int | None


def effects(
    pool_ids: Collection[int], unsaved: Sequence[Unsaved], *, first_on: date, last_on: date
) -> list[Effect]:
    """Return one effect per pool, by name; a span of more than a year is cut to its first year."""
    days = min((last_on - first_on).days + 1, LONGEST_DAYS)
    before = daily_capacity(pool_ids, first_on, days)
    after = daily_capacity(pool_ids, first_on, days, extra_changes=unsaved)
    end = first_on + timedelta(days=days - 1)
    pools = Pool.objects.filter(pk__in=pool_ids).order_by("name", "pk")
    return [Effect(pool, first_on, end, _sum(before[pool.pk]), _sum(after[pool.pk])) for pool in pools]


def _sum(minutes: Minutes | None) -> int | None:
    return None if minutes is None else int(minutes.sum())
