"""What an organization has already, looked up by the names that a file uses."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Self

from capacity.models import Pool, PoolMembership, Resource


@dataclass(frozen=True)
class KnownResource:
    """A resource with the id of its pool."""

    resource: Resource
    pool_id: int


@dataclass(frozen=True)
class Known:
    """Pools and resources by name, without regard to case."""

    pools: dict[str, list[Pool]]
    resources: dict[str, list[KnownResource]]

    @classmethod
    def read(cls) -> Self:
        """Read all of them; two queries."""
        pools: dict[str, list[Pool]] = defaultdict(list)
        for pool in Pool.objects.filter(archived_at=None).order_by("pk"):
            pools[pool.name.casefold()].append(pool)
        resources: dict[str, list[KnownResource]] = defaultdict(list)
        memberships = PoolMembership.objects.select_related("resource").order_by("resource_id", "pool_id")
        for each in memberships:
            resources[each.resource.name.casefold()].append(KnownResource(each.resource, each.pool_id))
        return cls(dict(pools), dict(resources))

    def pools_called(self, name: str, location: str = "") -> list[Pool]:
        """Return the pools of this name, in this place when one is given."""
        found = self.pools.get(name.casefold(), [])
        return (
            [pool for pool in found if pool.location.casefold() == location.casefold()] if location else found
        )

    def resources_called(self, name: str, pool_id: int | None = None) -> list[KnownResource]:
        """Return the resources of this name; those of the pool alone when it has any."""
        found = self.resources.get(name.casefold(), [])
        here = [each for each in found if each.pool_id == pool_id]
        return here or found
