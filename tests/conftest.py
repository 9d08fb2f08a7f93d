"""The test database: made by its owner, used as the web role."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from django.test import TransactionTestCase
from psycopg import sql

from config import celery as workers
from config import embedded
from tests import services
from tests.factories.tenants import (  # noqa: F401  (fixtures)
    acme,
    actor_of,
    alice,
    bob,
    carol,
    charlie,
    client_of,
    dave,
    in_acme,
    organizations,
    other,
)
from tests.house.statements import watched

assert workers.app is not None  # tasks are published through this application


def _as_superuser(statement: sql.Composed, database: str | None = None) -> None:
    address = embedded.superuser_address(services.HOME)
    with psycopg.connect(
        address, autocommit=True, **({"dbname": database} if database else {})
    ) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """Make this process's database as its owner; everything after runs as the web role."""
    name = sql.Identifier(services.DATABASE)
    _as_superuser(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
    _as_superuser(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(embedded.OWNER)))
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
        connections["owner"].close()
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    _as_superuser(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def _truncate(self: TransactionTestCase) -> None:
    """Empty every table after a test that really commits: the web role may not, the superuser does."""
    connections["default"].close()
    keep = ("django_migrations", "django_content_type", "auth_permission")
    for _ in range(20):
        try:
            _as_superuser(
                sql.SQL(
                    "DO $$ DECLARE names text; BEGIN "
                    "SELECT string_agg(format('%I', tablename), ', ') INTO names "
                    "FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL ({}); "
                    "EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY CASCADE'; END $$"
                ).format(sql.Literal(list(keep))),
                services.DATABASE,
            )
            return
        except psycopg.errors.DeadlockDetected:
            time.sleep(0.2)  # a worker of a browser test was reading
    raise AssertionError("the tables could not be emptied")


TransactionTestCase._fixture_teardown = _truncate  # type: ignore[method-assign]


def pytest_unconfigure() -> None:
    """Stop the services when the last process leaves."""
    embedded.release(services.HOME)


@pytest.fixture
def unwatched() -> None:
    """Let a test forget the organization on purpose, to see what row-level security does alone."""


@pytest.fixture(autouse=True)
def _watched(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail at every statement on a tenant's table that forgets the organization."""
    with nullcontext() if "unwatched" in request.fixturenames else watched():
        yield


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
