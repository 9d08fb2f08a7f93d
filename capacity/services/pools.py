"""Pools: added, changed, put away and brought back."""

from datetime import datetime
from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import transaction

from capacity.models import Pool
from capacity.services.locking import lock_pools
from capacity.services.revisions import record_revision
from capacity.services.validating import validate
from tenants.models import User


class PoolFields(TypedDict, total=False):
    """What of a pool can be changed."""

    name: str
    location: str
    safety_buffer_percent: int
    overtime_minutes_per_day: int
    overtime_cost_per_hour: Decimal | None


WORDS = {
    "name": "name",
    "location": "location",
    "safety_buffer_percent": "safety buffer",
    "overtime_minutes_per_day": "overtime limit",
    "overtime_cost_per_hour": "overtime cost",
}


@transaction.atomic
def create_pool(
    *,
    name: str,
    location: str = "",
    safety_buffer_percent: int = 0,
    overtime_minutes_per_day: int = 0,
    overtime_cost_per_hour: Decimal | None = None,
    by: User | None,
    at: datetime,
) -> Pool:
    """Save a new pool; raises ValidationError by field. Without resources its capacity is missing."""
    pool = Pool(
        name=name.strip(),
        location=location.strip(),
        safety_buffer_percent=safety_buffer_percent,
        overtime_minutes_per_day=overtime_minutes_per_day,
        overtime_cost_per_hour=overtime_cost_per_hour,
        created_at=at,
    )
    validate(pool)
    pool.save(force_insert=True)
    record_revision(change=f"Pool {pool} was added.", pool_ids=[pool.pk], by=by, at=at)
    return pool


@transaction.atomic
def change_pool(*, pool: Pool, by: User | None, at: datetime, **fields: Unpack[PoolFields]) -> Pool:
    """Save what differs and return the pool; raises ValidationError by field, Busy, NoSuchPool.

    When nothing differs nothing is written.
    """
    (locked,) = lock_pools([pool.pk])
    changed = [name for name, value in fields.items() if getattr(locked, name) != value]
    if not changed:
        return locked
    for name in changed:
        setattr(locked, name, fields[name])  # type: ignore[literal-required]
    validate(locked)
    locked.save(update_fields=changed)
    words = ", ".join(WORDS[name] for name in changed)
    record_revision(change=f"Pool {locked}: {words} changed.", pool_ids=[locked.pk], by=by, at=at)
    return locked


@transaction.atomic
def archive_pool(*, pool: Pool, by: User | None, at: datetime) -> Pool:
    """Put a pool away: it is offered no more, promises already on it are still judged by it."""
    (locked,) = lock_pools([pool.pk])
    if locked.archived_at is None:
        locked.archived_at = at
        locked.save(update_fields=["archived_at"])
        record_revision(change=f"Pool {locked} was put away.", pool_ids=[locked.pk], by=by, at=at)
    return locked


@transaction.atomic
def restore_pool(*, pool: Pool, by: User | None, at: datetime) -> Pool:
    """Bring a pool back; raises ValidationError when another has taken its name and place."""
    (locked,) = lock_pools([pool.pk])
    if locked.archived_at is not None:
        locked.archived_at = None
        validate(locked)
        locked.save(update_fields=["archived_at"])
        record_revision(change=f"Pool {locked} was brought back.", pool_ids=[locked.pk], by=by, at=at)
    return locked
