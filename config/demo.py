"""Runs the whole product on this machine: services, migrations, a sample company, web, worker and beat."""

import errno
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
from typing import Any

from config import embedded, env, warden

Process = subprocess.Popen[bytes]
LET_GO_SECONDS = 3


def main() -> int:
    """Start everything, wait for Ctrl-C or SIGTERM, stop what was started; return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    status = 0
    try:
        host, port = env.text("HOST", "127.0.0.1"), env.number("PORT", 8000, least=1, most=65535)
        with _listen(host, port) as listener:
            embedded.provide()
            with warden.watch() as guard:
                _prepare(stop, guard)
                if not stop.is_set():
                    status = _serve(listener, stop, guard)
                warden.tell(guard, warden.ALL_IS_WELL)
    except (
        env.SettingError,
        PortTaken,
        embedded.EmbeddedServiceError,
        subprocess.CalledProcessError,
    ) as error:
        print(error, file=sys.stderr)
        status = 1
    embedded.release()
    return status


class PortTaken(Exception):
    """Nothing can listen there; the message says what to do."""


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there, so that nobody can take the port while the demo prepares.

    A demo that was killed a moment ago may still be letting go of it. Raises PortTaken.
    """
    deadline = time.monotonic() + LET_GO_SECONDS
    while True:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, port), family=family, backlog=2048)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            hint = "Set PORT to another one, as in: PORT=8001 make demo"
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                hint = "Set HOST to an address of this machine, as in: HOST=127.0.0.1 make demo"
            reason = (error.strerror or str(error)).partition(" (while")[0].lower()
            raise PortTaken(f"Concord cannot listen on {host}:{port} ({reason}). {hint}") from error


def _prepare(stop: threading.Event, guard: Process) -> None:
    """Migrate and fill an empty database; the child processes use the services that run already."""
    os.environ.setdefault("ALLOWED_HOSTS", "*" if env.text("HOST", "127.0.0.1") == "0.0.0.0" else "")
    if not os.environ["ALLOWED_HOSTS"]:
        del os.environ["ALLOWED_HOSTS"]
    _manage(stop, guard, "migrate", "--verbosity", "0")
    _manage(stop, guard, "demo_company")


def _manage(stop: threading.Event, guard: Process, *arguments: str) -> None:
    """Run a command to its end or until `stop`; each writes in transactions, so that ending it is safe."""
    if stop.is_set():
        return
    command = [sys.executable, "manage.py", *arguments]
    child = _start(command, guard)
    while child.poll() is None:
        if stop.wait(0.1):
            _stop({"command": child})
            return
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)


def _root() -> Path:
    return Path(__file__).resolve().parent.parent


def _start(command: list[str], guard: Process, **options: Any) -> Process:
    child = subprocess.Popen(command, cwd=_root(), start_new_session=True, **options)
    warden.tell(guard, str(child.pid))
    return child


def _serve(listener: socket.socket, stop: threading.Event, guard: Process) -> int:
    home = Path(os.environ.get("CONCORD_HOME", ".concord"))
    home.mkdir(parents=True, exist_ok=True)  # nobody has when every address was given
    python = [sys.executable, "-m"]
    commands = {
        "web": [
            *python,
            "gunicorn",
            "config.wsgi",
            "--bind",
            f"fd://{listener.fileno()}",
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
            str(home / "beat-schedule"),
        ],
    }
    keeps = {"web": (listener.fileno(),)}
    children = {
        name: _start(command, guard, env=_environment(), pass_fds=keeps.get(name, ()))
        for name, command in commands.items()
    }
    threading.Thread(target=_announce, args=(*listener.getsockname()[:2], stop), daemon=True).start()
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


def _stop(children: dict[str, Process]) -> None:
    """Ask every child to end its work, then end it."""
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + warden.GRACE_SECONDS
    for child in children.values():
        try:
            child.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


if __name__ == "__main__":
    sys.exit(main())
