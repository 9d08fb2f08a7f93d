"""Connects the demo company to the sandbox CRM at CRM_SANDBOX_URL."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from dashboards.demo.sandbox import connect_sandbox
from dashboards.demo.words import ORGANIZATION
from integrations.services.syncing.failing import TROUBLE
from tenants.access import actor_of
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.services.organizations import slug_of
from tenants.tenant_lookup import organization_id_of_slug


class Command(BaseCommand):
    """Do nothing when the organization is not there: the demo never touches somebody's data."""

    help = "Connects the demo company to the sandbox CRM, or brings its connection up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--organization", default=slug_of(ORGANIZATION), help="its slug")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it as the organization's first admin; raise CommandError naming what is wrong."""
        if not settings.CRM_SANDBOX_URL:
            raise CommandError("CRM_SANDBOX_URL is not set: there is no sandbox to connect.")
        organization_id = organization_id_of_slug(options["organization"])
        if organization_id is None:
            return
        with tenant_scope(organization_id):
            members = Membership.objects.select_related("person", "organization").filter(role=Role.ADMIN)
            admin = members.earliest("pk")
        by = actor_of(admin)
        try:
            connect_sandbox(url=settings.CRM_SANDBOX_URL, by=by, clock=timezone.now)
        except (*TROUBLE, DomainError) as error:
            raise CommandError(f"The sandbox is not connected: {error}") from error
