from django.apps import AppConfig
from django.core import checks


class TenantsConfig(AppConfig):
    """Registers the check that refuses to start as a database role that could see every tenant."""

    name = "tenants"

    def ready(self) -> None:
        """Register the start-up check of the database role."""
        from tenants.role_check import database_role_is_confined

        checks.register(database_role_is_confined, checks.Tags.database)
