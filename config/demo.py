"""Runs the whole product on this machine: services, migrations, a sample company, web, worker and beat."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from config import embedded, env

GRACE_SECONDS = 12


def main() -> int:
    """Start everything, wait for Ctrl-C or SIGTERM, stop what was started; return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        host, port = env.text("HOST", "127.0.0.1"), env.number("PORT", 8000, least=1, most=65535)
        _require_free(host, port)
        embedded.provide()
        _prepare(stop)
    except (
        env.SettingError,
        PortTaken,
        embedded.EmbeddedServiceError,
        subprocess.CalledProcessError,
    ) as error:
        print(error, file=sys.stderr)
        embedded.release()
        return 1
    status = 0
    if not stop.is_set():
        status = _serve(host, port, stop)
    embedded.release()
    return status


class PortTaken(Exception):
    """Nothing can listen there; the message says what to do."""


def _require_free(host: str, port: int) -> None:
    """Raise PortTaken when the address cannot be listened on, before anything is started."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return
    except OSError as error:
        raise PortTaken(
            f"Concord cannot listen on {host}:{port} ({os.strerror(error.errno or 0).lower()}). "
            "Set PORT to another one, as in: PORT=8001 make demo"
        ) from error


def _prepare(stop: threading.Event) -> None:
    """Migrate and fill an empty database; the child processes use the services that run already."""
    os.environ.setdefault("ALLOWED_HOSTS", "*" if env.text("HOST", "127.0.0.1") == "0.0.0.0" else "")
    if not os.environ["ALLOWED_HOSTS"]:
        del os.environ["ALLOWED_HOSTS"]
    _manage(stop, "migrate", "--verbosity", "0")
    _manage(stop, "demo_company")


def _manage(stop: threading.Event, *arguments: str) -> None:
    """Run a command to its end or until `stop`; each writes in transactions, so that ending it is safe."""
    if stop.is_set():
        return
    command = [sys.executable, "manage.py", *arguments]
    child = subprocess.Popen(command, cwd=_root(), start_new_session=True)
    while child.poll() is None:
        if stop.wait(0.1):
            _stop({"command": child})
            return
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)


def _root() -> Path:
    return Path(__file__).resolve().parent.parent


def _serve(host: str, port: int, stop: threading.Event) -> int:
    home = os.environ.get("CONCORD_HOME", ".concord")
    python = [sys.executable, "-m"]
    commands = {
        "web": [
            *python,
            "gunicorn",
            "config.wsgi",
            "--bind",
            f"{host}:{port}",
            "--workers",
            "2",
            "--threads",
            "4",
            "--log-level",
            "warning",
        ],
        "worker": [
            *python,
            "celery",
            "--quiet",
            "-A",
            "config.celery",
            "worker",
            "--concurrency",
            "2",
            "--loglevel",
            "warning",
            "--without-gossip",
            "--without-mingle",
        ],
        "beat": [
            *python,
            "celery",
            "--quiet",
            "-A",
            "config.celery",
            "beat",
            "--loglevel",
            "warning",
            "--pidfile",
            "",
            "--schedule",
            str(Path(home) / "beat-schedule"),
        ],
    }
    children = {
        name: subprocess.Popen(command, cwd=_root(), start_new_session=True, env=_environment())
        for name, command in commands.items()
    }
    threading.Thread(target=_announce, args=(host, port, stop), daemon=True).start()
    status = 0
    while not stop.wait(0.5):
        ended = [name for name, child in children.items() if child.poll() is not None]
        if ended:
            print(f"{ended[0]} ended by itself; stopping.", file=sys.stderr)
            status = 1
            stop.set()
    _stop(children)
    return status


def _environment() -> dict[str, str]:
    # Celery warns every root user; a demo in a container is one.
    return os.environ | {"PYTHONWARNINGS": "ignore:You're running the worker,ignore::RuntimeWarning"}


def _announce(host: str, port: int, stop: threading.Event) -> None:
    """Say where it runs as soon as it answers."""
    shown = "127.0.0.1" if host == "0.0.0.0" else host
    while not stop.is_set():
        connection = HTTPConnection(shown, port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == HTTPStatus.OK:
                break
        except OSError:
            time.sleep(0.3)
        finally:
            connection.close()
    if stop.is_set():
        return
    print(
        f"\nConcord runs at http://{shown}:{port}\n\n"
        "  sales rep           maya@brightwater.example    brightwater-demo\n"
        "  operations manager  tomas@brightwater.example   brightwater-demo\n"
        "  admin               ines@brightwater.example    brightwater-demo\n\n"
        "Ctrl-C stops it; the data stays.",
        flush=True,
    )


def _stop(children: dict[str, "subprocess.Popen[bytes]"]) -> None:
    """Ask every child to end its work, then end it."""
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for child in children.values():
        try:
            child.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


if __name__ == "__main__":
    sys.exit(main())
