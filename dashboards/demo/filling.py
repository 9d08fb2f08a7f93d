"""Fills an organization with the demo company."""

import random
from datetime import datetime

from django.db import transaction

from capacity.models import Pool
from commitments.models import Commitment, Deal, Flag, Offering
from commitments.services.assessing import reassess
from dashboards.demo.operations import make_operations
from dashboards.demo.pipeline import make_pipeline
from dashboards.demo.promises import make_promises
from dashboards.demo.stage import Scene, Size
from dashboards.demo.waiting import make_waiting
from tenants.access import actor_of
from tenants.errors import Conflict, DomainError
from tenants.models import Membership, Organization
from tenants.roles import Permission


@transaction.atomic
def fill(*, organization: Organization, size: Size, at: datetime) -> dict[str, int]:
    """Make pools, offerings, deals and promises in the active organization and judge them; return counts.

    The same size, seed and day give the same company. Raises Conflict when there are pools already and
    DomainError when nobody there may decide or propose.
    """
    if Pool.objects.exists():
        raise Conflict(
            f"{organization.name} has pools already: the demo company needs an empty organization."
        )
    people = list(Membership.objects.select_related("person", "organization").order_by("pk"))
    actors = [actor_of(each) for each in people]
    deciders = [each for each in actors if each.may(Permission.OVERRIDE)]
    sellers = [each for each in actors if each.may(Permission.PROPOSE)]
    if not deciders:
        raise DomainError("Nobody in the organization may decide: add an operations manager or admin first.")
    deciders.sort(key=lambda each: each.may(Permission.MANAGE))
    only_sellers = [each for each in sellers if not each.may(Permission.DECIDE)]
    scene = Scene(size, random.Random(size.seed), at, deciders[0], only_sellers or sellers)
    make_operations(scene)
    make_pipeline(scene)
    make_promises(scene)
    make_waiting(scene)
    flags = reassess(organization=organization, at=at)
    return {
        "pools": len(scene.pools),
        "offerings": Offering.objects.count(),
        "deals": Deal.objects.count(),
        "commitments": Commitment.objects.count(),
        "flags": min(flags, Flag.objects.count()),
    }
