"""Time off, overtime, outages and extra capacity: added and removed."""

from datetime import date, datetime

from django.db import transaction

from capacity.calendars import WHOLE_DAY_MINUTES
from capacity.models import CapacityChange, Pool, Resource
from capacity.services.locking import lock_pools
from capacity.services.resources import lock_pools_of
from capacity.services.revisions import record_revision
from capacity.services.validating import validate
from capacity.wording import change_words
from tenants.errors import Conflict, DomainError
from tenants.models import User


@transaction.atomic
def add_capacity_change(
    *,
    kind: str,
    starts_on: date,
    ends_on: date,
    minutes_per_day: int,
    resource_id: int | None = None,
    pool_id: int | None = None,
    reason: str = "",
    by: User | None,
    at: datetime,
) -> CapacityChange:
    """Save a change of one resource or one pool; minutes_per_day is signed (time off takes away).

    Raises NoSuchPool, DomainError for an unknown resource, Busy, Stale, and ValidationError by field.
    """
    _check_bounds(minutes_per_day)
    resource, pool, pool_ids = _subject(resource_id, pool_id)
    change = CapacityChange(
        kind=kind,
        resource=resource,
        pool=pool,
        starts_on=starts_on,
        ends_on=ends_on,
        minutes_per_day=minutes_per_day,
        reason=reason.strip(),
        created_by=by,
        created_at=at,
    )
    validate(change)
    change.save(force_insert=True)
    record_revision(change=f"Added: {change_words(change)}.", pool_ids=pool_ids, by=by, at=at)
    return change


@transaction.atomic
def remove_capacity_change(*, change: CapacityChange, by: User | None, at: datetime) -> None:
    """Remove a change; raises Conflict when somebody has removed it already, and Busy."""
    _, _, pool_ids = _subject(change.resource_id, change.pool_id)
    known = CapacityChange.objects.select_related("resource", "pool")
    saved = known.filter(pk=change.pk or 0).first()
    if saved is None:
        raise Conflict("This change has been removed already.")
    words = change_words(saved)
    saved.delete()
    record_revision(change=f"Removed: {words}.", pool_ids=pool_ids, by=by, at=at)


def _subject(resource_id: int | None, pool_id: int | None) -> tuple[Resource | None, Pool | None, list[int]]:
    """Lock the pools concerned and return the resource or the pool that is changed."""
    if (resource_id is None) == (pool_id is None):
        raise DomainError("Name either a resource or a pool.", field="resource")
    if pool_id is not None:
        (pool,) = lock_pools([pool_id])
        return None, pool, [pool.pk]
    assert resource_id is not None
    resource = Resource.objects.filter(pk=resource_id).first()
    if resource is None:
        raise DomainError(f"There is no resource {resource_id}.", field="resource")
    return resource, None, lock_pools_of(resource)


def _check_bounds(minutes_per_day: int) -> None:
    if abs(minutes_per_day) > WHOLE_DAY_MINUTES:
        raise DomainError(
            f"At most {WHOLE_DAY_MINUTES} minutes a day can be added or taken away.", field="minutes_per_day"
        )
