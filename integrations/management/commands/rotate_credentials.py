"""Encrypts every stored secret of connections anew with the first of CREDENTIAL_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.services.syncing.rotating import rotate


class Command(BaseCommand):
    """Run it after a new key was put in front; afterwards the old one can be taken away."""

    help = "Encrypt the secrets of all connections with the first of CREDENTIAL_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print how many were encrypted anew; fail when a secret cannot be read by any key."""
        rotated, unreadable = rotate()
        self.stdout.write(f"Encrypted anew: {rotated}. Unreadable: {len(unreadable)}.")
        if unreadable:
            raise CommandError("Unreadable, to be signed in anew: " + ", ".join(unreadable))
