"""A connection to the plain CRM, and a worker's loop that does what is due until nothing is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from integrations import registry
from integrations.models import Connection
from integrations.services.syncing import connecting, hooks, opening
from tenants.access import Actor
from tenants.models import OutboxEntry, User
from tenants.scope import tenant_scope
from tenants.services import outbox
from tests.factories.commitments import NOW
from tests.factories.tenants import Organizations
from tests.integrations.syncing.plain import PlainCrm, PlainServer


@dataclass
class Clock:
    """A clock that tests move on."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def pass_time(self, **kind: float) -> None:
        self.at += timedelta(**kind)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of workers, too."""
    clock = Clock()
    monkeypatch.setattr("integrations.tasks.timezone.now", clock)
    return clock


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> PlainServer:
    """The plain CRM, on the way of every connection."""
    server = PlainServer()
    monkeypatch.setattr(registry, "PROVIDERS", (PlainCrm,))
    monkeypatch.setattr(hooks, "PROVIDERS", (PlainCrm,))
    monkeypatch.setattr(opening, "through", lambda connection: httpx.MockTransport(server.handle))
    return server


@pytest.fixture
def alice_of_acme(organizations: Organizations, actor_of: Callable[[User], Actor]) -> Actor:
    """The admin as an actor."""
    return actor_of(organizations.alice)


@pytest.fixture
def connected(
    organizations: Organizations, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> Connection:
    """A connection that was tested and started, before its first page."""
    with tenant_scope(organizations.acme.pk):
        made = connecting.create_connection(
            provider="plain", entries={"token": "first"}, by=alice_of_acme, at=clock()
        )
    connecting.test_and_discover(connection=made, by=alice_of_acme, clock=clock)
    return connecting.start(connection=fresh(made), by=alice_of_acme, clock=clock)


def fresh(connection: Connection) -> Connection:
    """Return the connection as it is now."""
    with tenant_scope(connection.tenant):
        found: Connection = Connection.objects.get(pk=connection.pk)
        return found


def work(organization_id: int, clock: Clock, most: int = 1000) -> int:
    """Do what is due, as workers would, until nothing is; return how many entries."""
    for done in range(most):
        with tenant_scope(organization_id):
            waiting = OutboxEntry.objects.filter(done_at=None, dead_at=None, next_at__lte=clock())
            entry: Any = waiting.order_by("next_at", "pk").first()
        if entry is None:
            return done
        outbox.run(organization_id=organization_id, entry_id=entry.pk, at=clock())
    raise AssertionError("The work does not end.")
