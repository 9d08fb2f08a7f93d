"""Makes an organization, a person in it and an API token; may be run again."""

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone

from tenants.roles import Role
from tenants.services.bootstrapping import bootstrap


class Command(BaseCommand):
    """Print one JSON object with the organization's slug, the person and a fresh token."""

    help = "Makes an organization, a person in it and an API token; prints them as one JSON object."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--organization", required=True)
        parser.add_argument("--email", required=True)
        parser.add_argument("--password", required=True)
        parser.add_argument("--role", choices=Role.values, default=Role.ADMIN)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; raise CommandError for an address that is none."""
        try:
            validate_email(options["email"])
        except ValidationError as error:
            raise CommandError(f"--email: {error.messages[0]}") from error
        if not options["organization"].strip():
            raise CommandError("--organization: give a name.")
        made = bootstrap(
            organization_name=options["organization"].strip(),
            email=options["email"],
            password=options["password"],
            role=options["role"],
            at=timezone.now(),
        )
        self.stdout.write(json.dumps(made))
