"""The demo's connection: made once, and found again where the sandbox and Concord moved to."""

from collections.abc import Callable

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from commitments.models import Deal
from dashboards.demo.sandbox import connect_sandbox
from integrations import registry
from integrations.models import Connection
from integrations.sandbox.provider import Sandbox
from integrations.sandbox.store import Store
from integrations.services.syncing import opening
from tenants.access import Actor
from tenants.models import User
from tenants.scope import tenant_scope
from tests.factories.tenants import Organizations
from tests.integrations.sandbox.conftest import answer
from tests.integrations.syncing.conftest import Clock, clock, work

__all__ = ["clock"]


@pytest.fixture
def _on_the_way(held: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reverse("crm-callback")  # loads the views: they keep the providers that are there when they are loaded
    monkeypatch.setattr(registry, "PROVIDERS", (Sandbox,))
    monkeypatch.setattr(opening, "through", lambda connection: httpx.MockTransport(answer))


@pytest.mark.django_db
@pytest.mark.usefixtures("_on_the_way")
def test_connected_once_and_found_again(
    organizations: Organizations,
    actor_of: Callable[[User], Actor],
    held: Store,
    clock: Clock,
    settings: pytest.FixtureRequest,
) -> None:
    settings.CRM_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.CRM_HOOKS_URL = "http://127.0.0.1:8000"
    alice, acme = actor_of(organizations.alice), organizations.acme.pk
    first = connect_sandbox(url="http://127.0.0.1:8001", by=alice, clock=clock)
    work(acme, clock)
    [before] = held.hooks.values()
    assert _found(acme, first) == ("active", "http://127.0.0.1:8001/contacts/", 40, True)

    settings.CRM_HOOKS_URL = "http://127.0.0.1:9000"
    clock.pass_time(minutes=10)
    again = connect_sandbox(url="http://127.0.0.1:9001", by=alice, clock=clock)
    work(acme, clock)
    [after] = held.hooks.values()
    assert again.pk == first.pk
    assert _found(acme, first) == ("active", "http://127.0.0.1:9001/contacts/", 40, True)
    assert after == {"url": before["url"].replace(":8000/", ":9000/"), "secret": before["secret"]}


def _found(organization_id: int, connection: Connection) -> tuple[str, str, int, bool]:
    """Return status, the beginning of all deals' addresses, their number, whether all are promised."""
    with tenant_scope(organization_id):
        [row] = Connection.objects.all()
        assert row.pk == connection.pk
        deals = list(Deal.objects.prefetch_related("lines"))
        [begins] = {deal.external_url.partition("7001")[0] for deal in deals}
        promised = all(line.promised_on for deal in deals for line in deal.lines.all())
        return row.status, begins, len(deals), promised


@pytest.mark.django_db
def test_command_says_what_is_missing(settings: pytest.FixtureRequest) -> None:
    with pytest.raises(CommandError, match="CRM_SANDBOX_URL is not set"):
        call_command("demo_connection")
    settings.CRM_SANDBOX_URL = "http://127.0.0.1:8001"
    call_command("demo_connection")  # no such organization: somebody's own data
