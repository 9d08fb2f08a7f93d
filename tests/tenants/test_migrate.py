"""The first migration of an installation: an empty database, an owner, and no web role yet."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from config import embedded
from tests import services

DATABASE, ROLE = f"fresh_{services.PROCESS}", f"fresh_web_{services.PROCESS}"


@pytest.fixture
def fresh() -> Iterator[dict[str, str]]:
    """Addresses of a new database by a web role that does not exist and by one who may create it."""
    address = embedded.superuser_address(services.HOME)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        web = os.environ["DATABASE_URL"].replace(embedded.WEB, ROLE, 1)
        web = web.replace(f"/{services.DATABASE}?", f"/{DATABASE}?")
        yield {"DATABASE_URL": web, "DATABASE_OWNER_URL": web.replace(ROLE, "postgres", 1)}
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(ROLE)))


def _manage(addresses: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_OWNER_URL"} | addresses
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_migrate_makes_the_web_role_and_what_it_needs(fresh: dict[str, str]) -> None:
    assert _manage(fresh, "migrate", "--verbosity", "0").stderr == ""
    web = {"DATABASE_URL": fresh["DATABASE_URL"]}
    made = _manage(web, "bootstrap", "--organization", "New Co", "--email", "a@b.example", "--password", "x")
    assert json.loads(made.stdout)["organization"] == "new-co"


def test_migrate_without_an_owner_says_what_is_missing(fresh: dict[str, str]) -> None:
    ended = _manage({"DATABASE_URL": fresh["DATABASE_URL"]}, "migrate")
    assert ended.returncode == 1
    assert (
        ended.stderr == "CommandError: Set DATABASE_OWNER_URL: migrations run as the owner of the tables.\n"
    )


def test_owner_that_may_not_create_roles_says_what_to_run(fresh: dict[str, str]) -> None:
    owner = fresh["DATABASE_URL"].replace(ROLE, embedded.OWNER, 1)
    ended = _manage({**fresh, "DATABASE_OWNER_URL": owner}, "migrate")
    assert ended.returncode == 1
    assert f"DATABASE_OWNER_URL may not create the role '{ROLE}'" in ended.stderr
    assert f"CREATE ROLE \"{ROLE}\" LOGIN PASSWORD '...'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_database_that_does_not_answer_is_named(fresh: dict[str, str]) -> None:
    ended = _manage(fresh, "bootstrap", "--organization", "x", "--email", "a@b.example", "--password", "x")
    assert ended.returncode == 1
    assert ended.stderr.startswith("The database of DATABASE_URL says: ")
    assert "Traceback" not in ended.stderr
