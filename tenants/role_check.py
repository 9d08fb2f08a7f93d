"""Refuses to start as a database role that row-level security does not bind."""

import logging
import sys
from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import OperationalError, connections

log = logging.getLogger(__name__)


def unconfined_role(alias: str = "default") -> str:
    """Return why the connection's role must not serve requests, "" when it may.

    A superuser, a role with BYPASSRLS and an owner of tables see every organization's rows.
    """
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolbypassrls, EXISTS ("
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p') AND n.nspname = 'public') "
            "FROM pg_roles r WHERE rolname = current_user"
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
        return ""
    return (
        f"DATABASE_URL signs in as {role!r}, which {' and '.join(reasons)}: "
        "one organization could see another's data."
    )


def database_role_is_confined(
    app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return an error when the default connection is a superuser, bypasses RLS or owns tables."""
    if not databases or "default" not in databases:
        return []
    if not (sentence := unconfined_role()):
        return []
    hint = "Use a plain web role in DATABASE_URL and the owner in DATABASE_OWNER_URL."
    return [Error(sentence, hint=hint, id="tenants.E001")]


def exit_unless_confined(status: int = 1) -> None:
    """End the process with one sentence when its database role could see every organization.

    A database that does not answer yet ends nothing: /readyz asks again and stays at 503 until it is good.
    """
    try:
        sentence = unconfined_role()
    except OperationalError as error:
        log.warning("The database does not answer yet, so its role is not checked: %s", error)
        return
    finally:
        connections["default"].close()  # the processes forked from this one must not share it
    if sentence:
        hint = "Use a plain web role in DATABASE_URL and the owner in DATABASE_OWNER_URL."
        sys.stderr.write(f"{sentence} {hint}\n")
        sys.exit(status)
