"""The embedded services, started and killed for real in a home of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded
from tests import services

# A process that uses the services of its home until it is killed; it says where they are.
USER = """
import json, os, sys
from pathlib import Path
from config import embedded
embedded.provide(Path(sys.argv[1]))
print(json.dumps({name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")}))
sys.stdout.flush()
sys.stdin.read()
"""


def _start(home: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
    user = subprocess.Popen(
        [sys.executable, "-c", USER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert user.stdout is not None
    return user, json.loads(user.stdout.readline())


def _roles(urls: dict[str, str]) -> list[tuple[bool, bool]]:
    with psycopg.connect(urls["DATABASE_OWNER_URL"]) as connection:
        return connection.execute(
            "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname IN ('concord_owner', 'concord_web')"
        ).fetchall()


def _are_up(urls: dict[str, str]) -> tuple[bool, bool]:
    try:
        psycopg.connect(urls["DATABASE_URL"]).close()
        has_postgres = True
    except psycopg.OperationalError:
        has_postgres = False
    try:
        with redis.Redis.from_url(urls["REDIS_URL"]) as client:
            return has_postgres, bool(client.ping())
    except redis.ConnectionError:
        return has_postgres, False


@pytest.mark.xdist_group("embedded")
def test_services_of_a_home_live_as_long_as_somebody_uses_them(tmp_path: Path) -> None:
    killed, urls = _start(tmp_path)
    assert _roles(urls) == [(False, False)] * 2
    with psycopg.connect(urls["DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    killed.kill()
    killed.communicate()
    assert _are_up(urls) == (True, True)  # a killed process stops nothing

    second, again = _start(tmp_path)  # and the next one finds what it left
    assert again == urls
    embedded.abandon(tmp_path)
    assert _are_up(urls) == (True, True)  # in use
    second.communicate()
    assert _are_up(urls) == (False, False)  # the last one to leave stopped them

    third, later = _start(tmp_path)
    with psycopg.connect(later["DATABASE_OWNER_URL"]) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    third.kill()
    third.communicate()
    embedded.abandon(tmp_path)
    assert _are_up(later) == (False, False)
    with psycopg.connect(embedded.superuser_address(services.HOME)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)  # another home's are untouched
