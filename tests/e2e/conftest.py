"""The product as people meet it: web server, worker, beat and a sandbox CRM as processes, a real browser."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tenants.models import WorkerHeartbeat

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")  # the browser's driver keeps an event loop


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all browser tests in one process; without a browser skip them, but never in CI."""
    for item in items:
        if "tests/e2e" not in str(item.fspath):
            continue
        item.add_marker(pytest.mark.e2e)
        item.add_marker(pytest.mark.xdist_group("e2e"))
        if CHROMIUM is None and os.environ.get("CI") != "true":
            item.add_marker(pytest.mark.skip(reason="no chromium on this machine"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Use the machine's own browser."""
    assert CHROMIUM, "install chromium: a browser is required in CI"
    flags = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    return {
        "executable_path": CHROMIUM,
        "args": [*flags.split(), "--disable-component-update", "--disable-sync"],
    }


@pytest.fixture(autouse=True)
def _passwords_of_the_server(_quick_passwords: None, settings: Any) -> None:
    """Hash as the web server does, which knows nothing of the tests' quick passwords."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]


@dataclass(frozen=True)
class Site:
    """A running installation, and the sandbox CRM that it may connect."""

    url: str
    sandbox: str
    environment: dict[str, str]

    def manage(self, *command: str) -> None:
        """Run a command of manage.py as the installation's processes run."""
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=self.environment, check=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(url: str, sandbox: str) -> dict[str, str]:
    return os.environ | {
        "PYTHONWARNINGS": "ignore",
        "SITE_URL": url,
        "CRM_HOOKS_URL": url,
        "CRM_SANDBOX_URL": sandbox,
        "CRM_ALLOWED_HOSTS": "127.0.0.1",
    }


def _start(environment: dict[str, str], *command: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, start_new_session=True, env=environment
    )


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="package")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    """Web, worker, beat and a sandbox whose deals keep still, on this process's database and folder.

    They stop with the last browser test of the process: the tests that follow it on the same database and
    queues must not meet a worker that takes their tasks and writes heartbeats.
    """
    port, sandbox_port = _free_port(), _free_port()
    url, sandbox = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}"
    environment = _environment(url, sandbox)
    gunicorn = ("gunicorn", "--threads", "4", "--log-level", "error", "--bind")
    celery = ("celery", "--quiet", "-A", "config.celery")
    processes = [
        _start(environment, *command)
        for command in (
            (*gunicorn, f"127.0.0.1:{port}", "config.wsgi"),
            (*celery, "worker", "-c", "1", "--loglevel", "error"),
            (*celery, "beat", "--loglevel", "error", "--pidfile", ""),
            (*gunicorn, f"127.0.0.1:{sandbox_port}", "integrations.sandbox.wsgi:alive(0)"),
        )
    ]
    try:
        _wait_for(port, "/readyz")
        _wait_for(sandbox_port, "/")
        yield Site(url, sandbox, environment)
    finally:
        for process in processes:
            _stop(process)
        with django_db_blocker.unblock():  # written after the last test's rows were removed
            WorkerHeartbeat.objects.all().delete()


def _wait_for(port: int, path: str) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.2)
    raise TimeoutError(f"what listens on {port} did not become ready in three minutes")


@dataclass
class Visitor:
    """A person's browser; every console error is kept."""

    page: Page
    url: str
    errors: list[str]

    def open(self, path: str) -> None:
        """Go to a path of the site."""
        self.page.goto(f"{self.url}{path}")

    def sign_in(self, email: str, password: str) -> None:
        """Sign in through the page."""
        self.open("/accounts/login/")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/accounts/login" not in url)


@pytest.fixture
def visit(transactional_db: None, site: Site, browser: Browser) -> Iterator[Any]:
    """Return a function that opens a new person's browser window."""
    opened: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        context = browser.new_context(**options)
        page = context.new_page()
        visitor = Visitor(page, site.url, [])

        def note(message: ConsoleMessage) -> None:
            # htmx says so when a newer question replaces one that is still under way.
            if message.type == "error" and not message.text.startswith(
                ("htmx:sendAbort", "htmx:afterRequest")
            ):
                visitor.errors.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: visitor.errors.append(str(error)))
        opened.append(visitor)
        return visitor

    yield make
    for visitor in opened:
        visitor.page.context.close()
