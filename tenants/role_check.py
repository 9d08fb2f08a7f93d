"""Refuses to start as a database role that row-level security does not bind."""

from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connections


def database_role_is_confined(
    app_configs: Any = None, databases: list[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return an error when the default connection is a superuser, bypasses RLS or owns tables."""
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolbypassrls, EXISTS (SELECT 1 FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relowner = r.oid AND c.relkind = 'r' "
            "AND n.nspname = 'public') FROM pg_roles r WHERE rolname = current_user"
        )
        role, is_superuser, bypasses, owns = cursor.fetchone()
    reasons = [
        reason
        for applies, reason in (
            (is_superuser, "is a superuser"),
            (bypasses, "bypasses row-level security"),
            (owns, "owns the tables"),
        )
        if applies
    ]
    if not reasons:
        return []
    return [
        Error(
            f"DATABASE_URL signs in as {role!r}, which {' and '.join(reasons)}: "
            "one organization could see another's data.",
            hint="Use a plain web role in DATABASE_URL and the owner in DATABASE_OWNER_URL.",
            id="tenants.E001",
        )
    ]
