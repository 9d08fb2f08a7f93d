"""Resources: the people, crews and machines of a pool, with their weekly pattern and holidays."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction

from capacity.errors import OnePoolOnly
from capacity.models import PoolMembership, Resource
from capacity.public_holidays import check_code
from capacity.services.locking import lock_pools
from capacity.services.revisions import record_revision
from capacity.services.time_zones import check_time_zone
from capacity.services.validating import validate
from tenants.errors import Stale
from tenants.models import User


class ResourceFields(TypedDict, total=False):
    """What of a resource can be changed."""

    name: str
    pool_ids: Collection[int]
    weekly_minutes: Sequence[int] | None
    time_zone: str
    holidays: str
    active_from: date | None
    active_until: date | None


WORDS = {
    "name": "name",
    "pool_ids": "pool",
    "weekly_minutes": "weekly pattern",
    "time_zone": "time zone",
    "holidays": "public holidays",
    "active_from": "first day",
    "active_until": "last day",
}


@transaction.atomic
def create_resource(
    *,
    name: str,
    pool_ids: Collection[int],
    weekly_minutes: Sequence[int] | None = None,
    time_zone: str = "",
    holidays: str = "",
    active_from: date | None = None,
    active_until: date | None = None,
    by: User | None,
    at: datetime,
) -> Resource:
    """Save a new resource in its pool. weekly_minutes is seven numbers, Monday first; None is missing.

    Raises OnePoolOnly, NoSuchPool, UnknownHolidays, Busy, and ValidationError by field.
    """
    (pool,) = lock_pools(_one(pool_ids))
    resource = Resource(
        name=name.strip(),
        weekly_minutes=_seven(weekly_minutes),
        time_zone=time_zone,
        holidays=holidays,
        active_from=active_from,
        active_until=active_until,
        created_at=at,
    )
    check_resource(resource)
    resource.save(force_insert=True)
    PoolMembership.objects.create(pool=pool, resource=resource)
    record_revision(change=f"{resource} was added to {pool}.", pool_ids=[pool.pk], by=by, at=at)
    return resource


@transaction.atomic
def change_resource(
    *, resource: Resource, by: User | None, at: datetime, **fields: Unpack[ResourceFields]
) -> Resource:
    """Save what differs and return the resource; when nothing differs nothing is written.

    Raises as create_resource does, and Stale when it was moved to another pool meanwhile.
    """
    wanted: dict[str, Any] = dict(fields)
    old_pools = pool_ids_of(resource)
    new_pools = _one(wanted.pop("pool_ids")) if "pool_ids" in wanted else old_pools
    touched = lock_pools_of(resource, and_also=new_pools)
    locked = Resource.objects.select_for_update(no_key=True).get(pk=resource.pk)
    changed = _apply(locked, wanted)
    if new_pools != old_pools:
        _move(locked, new_pools[0])
        changed.append("pool_ids")
    if changed:
        words = ", ".join(WORDS[name] for name in changed)
        record_revision(change=f"{locked}: {words} changed.", pool_ids=touched, by=by, at=at)
    return locked


def check_resource(resource: Resource) -> None:
    """Raise unless the resource may be saved: UnknownHolidays, DomainError, ValidationError by field."""
    if resource.holidays:
        check_code(resource.holidays)
    check_time_zone(resource.time_zone)
    validate(resource)


def lock_pools_of(resource: Resource, and_also: Collection[int] = ()) -> list[int]:
    """Lock the pools in which a resource works, and others; return their ids.

    Raises Stale when it was moved to another pool while waiting for the lock.
    """
    works_in = pool_ids_of(resource)
    locked = lock_pools({*works_in, *and_also})
    if pool_ids_of(resource) != works_in:
        raise Stale(f"{resource} was moved to another pool meanwhile. Look again before you change it.")
    return [pool.pk for pool in locked]


def pool_ids_of(resource: Resource) -> list[int]:
    """Return the ids of the pools in which the resource works, in order."""
    memberships = PoolMembership.objects.filter(resource_id=resource.pk)
    return list(memberships.order_by("pool_id").values_list("pool_id", flat=True))


def _apply(resource: Resource, wanted: dict[str, Any]) -> list[str]:
    """Set and save the fields that differ; return their names."""
    if "weekly_minutes" in wanted:
        wanted["weekly_minutes"] = _seven(wanted["weekly_minutes"])
    changed = [name for name, value in wanted.items() if getattr(resource, name) != value]
    if changed:
        for name in changed:
            setattr(resource, name, wanted[name])
        check_resource(resource)
        resource.save(update_fields=changed)
    return changed


def _move(resource: Resource, pool_id: int) -> None:
    PoolMembership.objects.filter(resource=resource).delete()
    PoolMembership.objects.create(pool_id=pool_id, resource=resource)


def _one(pool_ids: Collection[int]) -> list[int]:
    """Return the one pool's id in a list; raise OnePoolOnly for none or several."""
    wanted = sorted(set(pool_ids))
    if len(wanted) > 1:
        raise OnePoolOnly("For now each resource works in one pool. Choose one.", field="pools")
    if not wanted:
        raise OnePoolOnly("Choose the pool in which it works.", field="pools")
    return wanted


def _seven(weekly_minutes: Sequence[int] | None) -> list[int] | None:
    if weekly_minutes is not None and len(weekly_minutes) != 7:
        raise ValidationError(
            {"weekly_minutes": f"Give seven numbers, Monday first, not {len(weekly_minutes)}."}
        )
    return None if weekly_minutes is None else list(weekly_minutes)
