"""A small company for the browser: two electricians and one offering, two weeks ahead of today."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from capacity.services.pools import create_pool
from capacity.services.resources import create_resource
from commitments.services.offerings import StageTerms, create_offering
from tenants.scope import tenant_scope
from tests.factories.tenants import Organizations, actor, two_organizations


@dataclass(frozen=True)
class Company:
    """Who and what there is."""

    people: Organizations
    pool_id: int
    offering_id: int
    due_on: date


def small_company() -> Company:
    """Save it: ten working days of sixteen hours until the Friday after next."""
    people, at = two_organizations(), timezone.now()
    ops = actor(people.acme, people.bob)
    with tenant_scope(people.acme.pk):
        pool = create_pool(name="Electricians", by=people.bob, at=at)
        for name in ("Ada", "Ben"):
            create_resource(
                name=name, pool_ids=[pool.pk], weekly_minutes=[480] * 5 + [0, 0], by=people.bob, at=at
            )
        offering = create_offering(
            name="Rewiring", unit="house", stages=[StageTerms(pool.pk, 240)], by=ops, at=at
        )
    today = at.date()
    due_on = today - timedelta(days=today.weekday()) + timedelta(days=18)
    return Company(people, pool.pk, offering.pk, due_on)


def houses_until(company: Company) -> int:
    """Return how many houses fit until the due day: four a working day."""
    today = timezone.now().date()
    days = (today + timedelta(days=number) for number in range((company.due_on - today).days + 1))
    return 4 * sum(day.weekday() < 5 for day in days)
