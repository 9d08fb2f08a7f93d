"""Makes the organization and people of the demo when the database has no organization yet."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from dashboards.demo.filling import fill
from dashboards.demo.stage import Size
from dashboards.demo.words import LOGINS, ORGANIZATION, PASSWORD
from tenants.scope import tenant_scope
from tenants.services.bootstrapping import ensure_person
from tenants.services.organizations import add_member, create_organization
from tenants.tenant_lookup import organization_ids


class Command(BaseCommand):
    """Do nothing when there is an organization: the demo never touches somebody's data."""

    help = "Makes the demo company in an empty database."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Make organization, people and company in one transaction."""
        if organization_ids():
            return
        at = timezone.now()
        people = [
            (ensure_person(email=email, password=PASSWORD, name=name), role) for email, name, role in LOGINS
        ]
        organization = create_organization(
            name=ORGANIZATION, by=people[0][0], at=at, time_zone="Europe/Dublin", currency="EUR"
        )
        with tenant_scope(organization.pk):
            for person, role in people:
                add_member(person=person, role=role, at=at)
            made = fill(organization=organization, size=Size(), at=at)
        counts = ", ".join(f"{count} {name}" for name, count in made.items())
        self.stdout.write(f"Made the sample company: {counts}.")
