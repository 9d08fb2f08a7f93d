"""Webhooks: verified, kept once, fetched; nothing in them is believed."""

import json
from typing import Any

import pytest
from django.test import Client

from commitments.models import Deal
from integrations.models import Connection, SyncRun, WebhookEvent
from integrations.services.syncing import leaving, subscribing
from integrations.services.syncing.credentials import unseal
from tenants.access import Actor
from tenants.scope import tenant_scope
from tests.integrations.syncing.conftest import Clock, fresh, work
from tests.integrations.syncing.plain import PlainServer


@pytest.fixture
def hooked(connected: Connection, server: PlainServer, clock: Clock, settings: Any) -> Connection:
    """A connection with its webhook, after the first import of one deal."""
    server.add("D1")
    settings.CRM_HOOKS_URL = "http://testserver"
    subscribing.renew_webhook(organization_id=connected.tenant, connection_id=connected.pk, clock=clock)
    work(connected.tenant, clock)
    return fresh(connected)


def send(server: PlainServer, *ids: str, event: str = "1", secret: str = "hush") -> int:
    body = json.dumps({"event": event, "ids": ids, "amount": "999999"})
    answer = Client().post(server.hook, body, content_type="application/json", headers={"X-Secret": secret})
    return answer.status_code


def amount(connection: Connection, deal_id: str) -> str:
    with tenant_scope(connection.tenant):
        return str(Deal.objects.get(external_id=deal_id).amount)


def test_a_hint_has_the_deal_fetched_at_once(hooked: Connection, server: PlainServer, clock: Clock) -> None:
    server.touch("D1", amount="250.00")
    assert send(server, "D1") == 200
    work(hooked.tenant, clock)
    assert amount(hooked, "D1") == "250.00"
    with tenant_scope(hooked.tenant):
        assert SyncRun.objects.order_by("pk").last().kind == "notified"
        assert WebhookEvent.objects.get().done_at == clock()


def test_a_delivery_seen_twice_is_fetched_once(hooked: Connection, server: PlainServer, clock: Clock) -> None:
    server.requests.clear()
    for _ in range(3):
        assert send(server, "D1") == 200
        work(hooked.tenant, clock)
    assert server.requests.count("GET /fetch") == 1


def test_many_deliveries_are_fetched_together(hooked: Connection, server: PlainServer, clock: Clock) -> None:
    for number in range(2, 30):
        server.add(f"D{number}")
        send(server, f"D{number}", event=str(number))
    server.requests.clear()
    work(hooked.tenant, clock)
    assert server.requests.count("GET /fetch") == 1
    with tenant_scope(hooked.tenant):
        assert Deal.objects.count() == 29


def test_a_forged_delivery_is_refused(hooked: Connection, server: PlainServer, clock: Clock) -> None:
    assert send(server, "D1", secret="guess") == 401
    with tenant_scope(hooked.tenant):
        assert not WebhookEvent.objects.exists()


def test_an_unknown_address_answers_404(hooked: Connection, server: PlainServer) -> None:
    server.hook = "http://testserver/hooks/crm/guess/"
    assert send(server, "D1") == 404


def test_a_body_that_is_too_large_is_refused(hooked: Connection, server: PlainServer) -> None:
    answer = Client().post(server.hook, b"x" * (1024 * 1024 + 1), content_type="application/json")
    assert answer.status_code == 413


def test_a_deleted_deal_leaves_and_an_unknown_one_does_no_harm(
    hooked: Connection, server: PlainServer, clock: Clock
) -> None:
    server.remove("D1")
    send(server, "D1", "D99")
    work(hooked.tenant, clock)
    with tenant_scope(hooked.tenant):
        assert list(Deal.objects.values_list("external_id", "status")) == [("D1", "lost")]


def test_the_address_is_as_secret_as_the_key(hooked: Connection, server: PlainServer) -> None:
    key = server.hook.rstrip("/").rpartition("/")[2]
    assert unseal(hooked)["hook_key"] == key
    stored: Any = hooked.__dict__
    assert key not in str({name: value for name, value in stored.items() if name != "subscription"})


def test_an_app_delivers_to_every_connection_of_the_account(
    hooked: Connection, server: PlainServer, clock: Clock, settings: Any
) -> None:
    settings.CRM_CLIENTS = {"plain": ("client", "app secret")}
    server.touch("D1", amount="300.00")
    body = json.dumps({"event": "app-1", "ids": ["D1"], "account": "42"})
    for secret, status in (("guess", 401), ("app secret", 200)):
        answer = Client().post(
            "/hooks/crm/app/plain/", body, content_type="application/json", headers={"X-Secret": secret}
        )
        assert answer.status_code == status
    work(hooked.tenant, clock)
    assert amount(hooked, "D1") == "300.00"


def test_disconnecting_removes_the_webhook_and_the_secrets(
    hooked: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    assert leaving.disconnect(connection=hooked, by=alice_of_acme, clock=clock, forget_deals=True) == []
    assert server.hook == ""
    work(hooked.tenant, clock)
    with tenant_scope(hooked.tenant):
        assert not Connection.objects.exists()
        assert not Deal.objects.exists()
