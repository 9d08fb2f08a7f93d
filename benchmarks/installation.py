"""An installation of its own for one run: services, an organization, a connection to the vendor, workers."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def report(name: str, value: float, unit: str) -> None:
    """Print one figure."""
    print(f"{name} {value:.3f} {unit}", flush=True)


@contextmanager
def installation(vendor_port: int) -> Iterator[Path]:
    """Start services and set Django up on them; the sandbox's provider reaches the vendor."""
    from config import embedded

    with tempfile.TemporaryDirectory(prefix="concord-run-") as folder:
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY"):
            os.environ.pop(name, None)
        os.environ |= {
            "CONCORD_HOME": folder,
            "LOG_LEVEL": "ERROR",
            "CRM_SANDBOX_URL": f"http://127.0.0.1:{vendor_port}",
            "CRM_ALLOWED_HOSTS": "127.0.0.1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        embedded.provide(Path(folder))
        try:
            subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
            import django

            django.setup()
            yield Path(folder)
        finally:
            embedded.release(Path(folder))


def clock() -> datetime:
    """Return the moment."""
    return datetime.now(UTC)


def connected(vendor_port: int, name: str = "Faults", *, starts: bool = True) -> Any:
    """Make an organization that can judge heat pumps, with a started connection; return the connection."""
    from commitments.models import Offering, OfferingStage
    from integrations.services.syncing import connecting, mapping
    from tenants.access import Actor
    from tenants.models import Membership, User
    from tenants.scope import tenant_scope
    from tenants.services.organizations import create_organization
    from tests.factories.capacity import pool_with_people

    person, _ = User.objects.get_or_create(email="faults@example.com", defaults={"name": "Faults"})
    organization = create_organization(name=name, by=person, at=clock())
    with tenant_scope(organization.pk):
        role = Membership.objects.get(person=person)
        by = Actor(person, organization, role.role, role.permissions)
        offering = Offering.objects.create(name="Heat pump")
        OfferingStage.objects.create(
            offering=offering, position=0, pool=pool_with_people("Fitters", 3), minutes_per_unit=60
        )
        entries = {"base_url": f"http://127.0.0.1:{vendor_port}", "token": "bench-token"}
        made = connecting.create_connection(provider="sandbox", entries=entries, by=by, at=clock())
    connecting.test_and_discover(connection=made, by=by, clock=clock)
    with tenant_scope(organization.pk):
        fields = {"promised_on": "promised_date", "quantity": "units", "product": "product_name"}
        made = mapping.save_mapping(connection=made, by=by, at=clock(), fields=fields)
    return connecting.start(connection=made, by=by, clock=clock) if starts else made


@contextmanager
def celery(role: str, home: Path, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker or beat until the block ends; it is killed, not asked."""
    with (home / f"{role}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "celery", "-A", "config.celery", role, *arguments],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            kill(process)


def worker(home: Path, *, processes: int = 1) -> Any:
    """Run a worker until the block ends."""
    return celery("worker", home, "-c", str(processes), "--without-gossip", "--without-mingle")


def beat(home: Path) -> Any:
    """Run beat until the block ends: it sweeps every ten seconds."""
    return celery("beat", home, "--pidfile", "", "--schedule", str(home / "beat"))


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its children as a power cut would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


def wait(what: Callable[[], Any], *, seconds: float = 600, pause: float = 0.2) -> Any:
    """Return what the function returns as soon as it is true; a database that is away is asked again."""
    from django.db import InterfaceError, OperationalError, connection

    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            found = what()
        except (OperationalError, InterfaceError):
            connection.close()
            found = None
        if found:
            return found
        time.sleep(pause)
    raise SystemExit("It did not come that far in time.")
