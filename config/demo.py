"""Runs the whole product here: services, migrations, a sample company, web, worker, beat, a sandbox CRM."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

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
        with _listen(host, port) as listener, _listen_beside(port) as beside:
            embedded.provide()
            with warden.watch() as guard:
                _prepare(stop, guard)
                if not stop.is_set():
                    status = _serve(listener, beside, stop, guard)
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


def _listen_beside(port: int) -> socket.socket:
    """Return a socket of this machine alone for the sandbox CRM: the next port, or any that is free."""
    try:
        return socket.create_server(("127.0.0.1", min(port + 1, 65535)))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


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


def _serve(listener: socket.socket, beside: socket.socket, stop: threading.Event, guard: Process) -> int:
    home = Path(os.environ.get("CONCORD_HOME", ".concord"))
    home.mkdir(parents=True, exist_ok=True)  # nobody has when every address was given
    address, sandbox = _address(listener), _address(beside)
    _tell_of_sandbox(address, sandbox)
    gunicorn = [sys.executable, *"-m gunicorn --threads 4 --log-level warning --bind".split()]
    celery = [sys.executable, *"-m celery --quiet -A config.celery".split()]
    beat = [*"beat --loglevel warning --pidfile".split(), "", "--schedule", str(home / "beat-schedule")]
    commands = {
        "web": [*gunicorn, f"fd://{listener.fileno()}", "--workers", "2", "config.wsgi"],
        "worker": [*celery, *"worker -c 2 --loglevel warning --without-gossip --without-mingle".split()],
        "beat": [*celery, *beat],
        "sandbox": [*gunicorn, f"fd://{beside.fileno()}", "integrations.sandbox.wsgi:alive(20)"],
    }
    keeps = {"web": (listener.fileno(),), "sandbox": (beside.fileno(),)}
    children = {
        name: _start(command, guard, env=_environment(), pass_fds=keeps.get(name, ()))
        for name, command in commands.items()
    }
    threading.Thread(target=_announce, args=(address, sandbox, stop, guard), daemon=True).start()
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


def _address(listener: socket.socket) -> str:
    """Return where people of this machine reach what listens there."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _tell_of_sandbox(address: str, sandbox: str) -> None:
    """Let all processes know the sandbox and reach it, and say where it reaches Concord."""
    allowed = [*env.words("CRM_ALLOWED_HOSTS"), "127.0.0.1"]
    os.environ["CRM_SANDBOX_URL"] = sandbox
    os.environ["CRM_ALLOWED_HOSTS"] = ",".join(dict.fromkeys(allowed))
    os.environ.setdefault("CRM_HOOKS_URL", address)


def _announce(address: str, sandbox: str, stop: threading.Event, guard: Process) -> None:
    """Connect the sandbox as soon as everything answers, and say where it runs."""
    _wait_for(f"{address}/healthz", stop)
    _wait_for(sandbox, stop)
    try:
        _manage(stop, guard, "demo_connection")
    except subprocess.CalledProcessError:
        print("The sandbox CRM is not connected; everything else works.", file=sys.stderr)
    if stop.is_set():
        return
    print(
        f"\nConcord runs at {address}\n\n"
        "  sales rep           maya@brightwater.example    brightwater-demo\n"
        "  operations manager  tomas@brightwater.example   brightwater-demo\n"
        "  admin               ines@brightwater.example    brightwater-demo\n\n"
        f"A sandbox CRM, connected already, runs at {sandbox}\n"
        "Change a deal there, and see what Concord says.\n\n"
        "Ctrl-C stops it; the data stays.",
        flush=True,
    )


def _wait_for(url: str, stop: threading.Event) -> None:
    """Return when the address answers well, or at the stop."""
    while not stop.is_set():
        try:
            if httpx.get(url, timeout=2, trust_env=False).status_code == HTTPStatus.OK:
                return
        except httpx.HTTPError:
            pass
        stop.wait(0.3)


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
