"""Fills an organization with a believable company of any size."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from dashboards.demo.filling import fill
from dashboards.demo.stage import Size
from tenants.errors import DomainError
from tenants.models import Organization
from tenants.scope import tenant_scope
from tenants.tenant_lookup import organization_id_of_slug


class Command(BaseCommand):
    """Print one JSON object with what was made."""

    help = "Fills an empty organization with a made-up installer of heat pumps and solar roofs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        default = Size()
        parser.add_argument("--organization", required=True, help="its slug")
        for name in ("deals", "commitments", "pools", "seed"):
            parser.add_argument(f"--{name}", type=int, default=getattr(default, name))

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; raise CommandError naming what is wrong."""
        for name in ("deals", "commitments", "pools"):
            if options[name] < (1 if name == "pools" else 0):
                raise CommandError(f"--{name}: give a larger number than {options[name]}.")
        organization_id = organization_id_of_slug(options["organization"])
        if organization_id is None:
            raise CommandError(f"--organization: there is no organization {options['organization']!r}.")
        size = Size(options["deals"], options["commitments"], options["pools"], options["seed"])
        try:
            with tenant_scope(organization_id):
                organization = Organization.objects.get(pk=organization_id)
                made = fill(organization=organization, size=size, at=timezone.now())
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(json.dumps(made))
