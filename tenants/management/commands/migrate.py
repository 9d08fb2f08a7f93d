"""Migrates as the owner, makes the web role when it is missing and gives it its rights."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import DEFAULT_DB_ALIAS, ProgrammingError, connections
from psycopg import sql

from tenants.models import OrganizationOwned
from tenants.tenant_functions import NAMES

OWNER = "owner"


class Command(MigrateCommand):
    """Run migrations through DATABASE_OWNER_URL and grant the web role of DATABASE_URL what it needs."""

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        """Leave the web role's database out of the checks: the role may be missing still."""
        usual: Any = super().get_check_kwargs(options)
        return {**usual, "databases": [OWNER] if OWNER in settings.DATABASES else []}

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the role, migrate, grant; raise CommandError when no owner address is set."""
        if options["database"] == DEFAULT_DB_ALIAS:
            if OWNER not in settings.DATABASES:
                raise CommandError("Set DATABASE_OWNER_URL: migrations run as the owner of the tables.")
            options["database"] = OWNER
        web = settings.DATABASES[DEFAULT_DB_ALIAS]
        ensure_web_role(str(web["USER"]), str(web["PASSWORD"]))
        super().handle(*args, **options)
        grant_web_role(str(web["USER"]))


def ensure_web_role(role: str, password: str) -> None:
    """Create the web role when it is missing: it may sign in and nothing more.

    Raises CommandError when the owner has no right to create roles.
    """
    with connections[OWNER].cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone():
            return
        create = "CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}"
        statement = sql.SQL(create).format(sql.Identifier(role), sql.Literal(password))
        try:
            cursor.execute(statement.as_string(cursor.connection))
        except ProgrammingError as error:
            raise CommandError(
                f"DATABASE_OWNER_URL may not create the role {role!r} of DATABASE_URL ({error}). "
                f"Run CREATE ROLE \"{role}\" LOGIN PASSWORD '...' as somebody who may, then migrate again."
            ) from error


def grant_web_role(role: str) -> None:
    """Give the web role rows but no tables; the ledger's tables only take additions. May be run again."""
    append_only = [
        model._meta.db_table
        for model in apps.get_models()
        if issubclass(model, OrganizationOwned) and model.append_only
    ]
    statements = [
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
        *(f'REVOKE UPDATE, DELETE ON "{table}" FROM {{role}}' for table in append_only),
        *(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC" for name in NAMES),
        *(f"GRANT EXECUTE ON FUNCTION {name} TO {{role}}" for name in NAMES),
    ]
    with connections[OWNER].cursor() as cursor:
        quoted = sql.Identifier(role).as_string(cursor.connection)
        for statement in statements:
            cursor.execute(statement.replace("{role}", quoted))
