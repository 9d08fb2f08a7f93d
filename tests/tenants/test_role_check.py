"""The product refuses to run as a database role that could see every organization."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from django.core.checks import run_checks

from config import embedded
from tenants.role_check import unconfined_role
from tests import services

START = "import config.wsgi; print('started')"


def _address(role: str) -> str:
    return os.environ["DATABASE_URL"].replace(embedded.WEB, role, 1)


def _start(code: list[str], role: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DATABASE_URL": _address(role), "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(
        [sys.executable, *code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def bypassing(db: None) -> Iterator[str]:
    """A role that owns nothing and is no superuser, and still sees every row."""
    address = embedded.superuser_address(services.HOME)
    role = f"bypassing_{services.PROCESS}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN BYPASSRLS".encode())
        yield role
        connection.execute(f"DROP ROLE {role}".encode())


def test_web_role_passes(db: None) -> None:
    assert unconfined_role() == ""
    assert run_checks(databases=["default"]) == []


@pytest.mark.django_db(databases=["default", "owner"])
def test_owner_is_named() -> None:
    assert unconfined_role("owner") == (
        "DATABASE_URL signs in as 'concord_owner', which owns the tables: "
        "one organization could see another's data."
    )


@pytest.mark.parametrize(
    ("role", "reason"),
    [("concord_owner", "owns the tables"), ("postgres", "is a superuser and bypasses row-level security")],
)
def test_web_does_not_start(db: None, role: str, reason: str) -> None:
    ended = _start(["-c", START], role)
    assert ended.returncode == 3
    assert ended.stderr.strip().splitlines()[-1] == (
        f"DATABASE_URL signs in as '{role}', which {reason}: one organization could see another's data. "
        "Use a plain web role in DATABASE_URL and the owner in DATABASE_OWNER_URL."
    )


def test_web_does_not_start_past_the_policies(bypassing: str) -> None:
    ended = _start(["-c", START], bypassing)
    assert ended.returncode == 3
    assert "which bypasses row-level security" in ended.stderr


def test_gunicorn_gives_up_instead_of_starting_one_worker_after_another(db: None) -> None:
    command = [
        "-m",
        "gunicorn",
        "config.wsgi",
        "--bind",
        f"unix:{services.HOME / services.PROCESS / 'web.sock'}",
    ]
    ended = _start(command, embedded.OWNER)
    assert ended.returncode == 3
    assert ended.stderr.count("which owns the tables") == 1


def test_web_starts_as_the_web_role(db: None) -> None:
    assert _start(["-c", START], embedded.WEB).stdout == "started\n"


def test_worker_does_not_start_as_the_owner(db: None) -> None:
    ended = _start(["-m", "celery", "-A", "config.celery", "worker", "--pool", "solo"], embedded.OWNER)
    assert ended.returncode == 1
    assert "which owns the tables" in ended.stderr
