"""Negative controls: a superuser's transaction in which a guard may be removed; it is always rolled back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from psycopg import sql

from config import embedded
from tests import services

Connection = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def superuser() -> Iterator[Connection]:
    """Open a transaction on the test database that may do everything and leaves nothing behind."""
    address = embedded.superuser_address(services.HOME)
    with psycopg.connect(address, dbname=services.DATABASE) as connection:
        connection.execute("SET lock_timeout = '5s'")
        try:
            yield connection
        finally:
            connection.rollback()


@contextmanager
def as_web(connection: Connection, *, tenant: int | None = None) -> Iterator[Connection]:
    """Go on as the web role, for one tenant, until the block ends."""
    role = sql.Identifier(settings.DATABASES["default"]["USER"])
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(role))
    connection.execute(f"SET LOCAL app.tenant = '{'' if tenant is None else int(tenant)}'".encode())
    yield connection
    connection.execute("RESET ROLE")


def new_organization(connection: Connection, name: str) -> int:
    """Save an organization past every policy and return its id."""
    row = connection.execute(
        "INSERT INTO tenants_organization"
        " (name, slug, time_zone, currency, horizon_days, answer_hours, bypass_days)"
        " VALUES (%s, %s, 'UTC', 'EUR', 365, 24, 90) RETURNING id",
        [name, name.lower()],
    ).fetchone()
    assert row is not None
    return int(row[0])


def new_pool(connection: Connection, organization: int, name: str = "Electricians") -> int:
    """Save a pool and return its id."""
    row = connection.execute(
        "INSERT INTO capacity_pool (organization_id, name, location, safety_buffer_percent,"
        " overtime_minutes_per_day) VALUES (%s, %s, '', 0, 0) RETURNING id",
        [organization, name],
    ).fetchone()
    assert row is not None
    return int(row[0])


def new_resource(connection: Connection, organization: int) -> int:
    """Save a resource and return its id."""
    row = connection.execute(
        "INSERT INTO capacity_resource (organization_id, name, time_zone, holidays)"
        " VALUES (%s, 'Ana', '', '') RETURNING id",
        [organization],
    ).fetchone()
    assert row is not None
    return int(row[0])
