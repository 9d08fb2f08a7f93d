"""Pools, people and changes saved as rows, for tests that read; tests of writing call the services."""

from datetime import date
from typing import Any

from capacity.models import CapacityChange, Pool, PoolMembership, Resource

EIGHT_HOURS = [480, 480, 480, 480, 480, 0, 0]  # Monday first


def pool(name: str = "Electricians", **fields: Any) -> Pool:
    """Save a pool in the active organization, without resources."""
    return Pool.objects.create(name=name, **fields)


def resource(of: Pool, name: str = "Ana", **fields: Any) -> Resource:
    """Save a resource of a pool that works eight hours from Monday to Friday."""
    made = Resource.objects.create(name=name, **{"weekly_minutes": EIGHT_HOURS, **fields})
    PoolMembership.objects.create(pool=of, resource=made)
    return made


def pool_with_people(name: str = "Electricians", people: int = 1, **fields: Any) -> Pool:
    """Save a pool with as many eight-hour people."""
    made = pool(name, **fields)
    for number in range(people):
        resource(made, f"{name} {number + 1}")
    return made


def change(
    of: Pool | Resource, starts_on: date, ends_on: date, minutes: int, **fields: Any
) -> CapacityChange:
    """Save a change of a pool or a resource: time off when minutes are below zero, else overtime."""
    subject = {"pool": of} if isinstance(of, Pool) else {"resource": of}
    kind = CapacityChange.Kind.TIME_OFF if minutes < 0 else CapacityChange.Kind.OVERTIME
    return CapacityChange.objects.create(
        **{"kind": kind, **subject, **fields},
        starts_on=starts_on,
        ends_on=ends_on,
        minutes_per_day=minutes,
    )
