"""Connections through the API: secrets go in and never come out."""

from collections.abc import Callable

import httpx
import pytest
from django.utils import timezone

from integrations import registry
from integrations.api import connections as face
from integrations.models import Connection
from integrations.services.syncing import opening
from integrations.services.syncing.credentials import unseal
from tenants.models import Membership, Organization, OutboxEntry
from tenants.scope import active_organization_id, tenant_scope
from tenants.services import outbox
from tests.api.conftest import Program
from tests.integrations.syncing.plain import PlainCrm, PlainServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> PlainServer:
    """The plain CRM on the way of every connection."""
    server = PlainServer()
    for place in (registry, face):
        monkeypatch.setattr(place, "PROVIDERS", (PlainCrm,))
    monkeypatch.setattr(opening, "through", lambda connection: httpx.MockTransport(server.handle))
    return server


@pytest.fixture
def alice_api(program_of: Callable[..., Program], organizations: object) -> Program:
    """The admin's program."""
    return program_of(organizations.alice)  # type: ignore[attr-defined]


def do_next(organization: Organization, kind: str) -> None:
    """Do what waits, as a worker would."""
    with tenant_scope(organization.pk):
        [entry] = OutboxEntry.objects.filter(kind=kind, done_at=None)
    outbox.run(organization_id=organization.pk, entry_id=entry.pk, at=timezone.now())


def test_a_connection_is_made_mapped_started_and_watched(
    alice_api: Program, server: PlainServer, acme: Organization
) -> None:
    made = alice_api.made("connections/", {"provider": "plain", "entries": {"token": "first"}})
    assert (made["status"], made["health"], made["account"]) == ("mapping", "Being set up", None)
    assert "first" not in str(made)
    with tenant_scope(acme.pk):
        assert unseal(Connection.objects.get())["token"] == "first"

    asked = alice_api.post(f"connections/{made['id']}/sync/")
    assert (asked.status_code, asked.json()["status"]) == (200, "mapping")
    assert server.requests == []  # a worker asks the CRM, not this request
    do_next(acme, "crm-start")
    started = alice_api.get(f"connections/{made['id']}/").json()
    assert started["status"] == "active"
    assert started["account"] == {"id": "42", "name": "Brightwater"}

    mapping = alice_api.get(f"connections/{made['id']}/mapping/").json()
    assert [stage["counts_as"] for stage in mapping["found_stages"]] == ["open", "won", "lost"]
    changed = alice_api.patch(f"connections/{made['id']}/mapping/", {"stages": {"1": "ignore"}})
    assert (changed.status_code, changed.json()["stages"]) == (200, {"1": "ignore"})
    assert alice_api.get(f"connections/{made['id']}/runs/").json() == {"results": [], "next": None}
    assert alice_api.delete(f"connections/{made['id']}/").status_code == 204
    assert alice_api.get(f"connections/{made['id']}/").status_code == 404


def test_trouble_of_the_crm_is_said_in_plain_words(
    alice_api: Program, server: PlainServer, acme: Organization
) -> None:
    made = alice_api.made("connections/", {"provider": "plain", "entries": {"token": "wrong"}})
    alice_api.post(f"connections/{made['id']}/sync/")
    do_next(acme, "crm-start")
    told = alice_api.get(f"connections/{made['id']}/").json()
    assert (told["status"], told["problem"]) == ("mapping", "Enter a new key.")
    server.tokens.append("wrong")
    assert alice_api.post(f"connections/{made['id']}/sync/").json()["problem"] == ""
    do_next(acme, "crm-start")
    assert alice_api.get(f"connections/{made['id']}/").json()["status"] == "active"


def test_a_product_is_said_to_be_none_of_ours(alice_api: Program, server: PlainServer) -> None:
    made = alice_api.made("connections/", {"provider": "plain", "entries": {"token": "first"}})
    answer = alice_api.patch(f"connections/{made['id']}/mapping/", {"products": {"Rewiring": None}})
    assert (answer.status_code, answer.json()["products"]) == (200, {"Rewiring": None})


def test_a_person_who_left_meanwhile_starts_nothing(
    alice_api: Program, server: PlainServer, acme: Organization
) -> None:
    made = alice_api.made("connections/", {"provider": "plain", "entries": {"token": "first"}})
    alice_api.post(f"connections/{made['id']}/sync/")
    with tenant_scope(acme.pk):
        Membership.objects.all().delete()
    do_next(acme, "crm-start")
    assert server.requests == []
    with tenant_scope(acme.pk):
        assert OutboxEntry.objects.get(kind="crm-start").last_error == ""
        assert Connection.objects.get().problem.startswith(
            "Whoever asked for the start is no longer a member"
        )


def test_disconnecting_asks_the_crm_after_the_request_is_committed(
    alice_api: Program, server: PlainServer, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = alice_api.made("connections/", {"provider": "plain", "entries": {"token": "first"}})
    with tenant_scope(acme.pk):
        Connection.objects.update(subscription={"url": "x"})
    scopes = []
    monkeypatch.setattr(PlainCrm, "drop_webhook", lambda *_: scopes.append(active_organization_id()))
    assert alice_api.delete(f"connections/{made['id']}/").status_code == 204
    assert scopes == [None]


@pytest.mark.parametrize(
    ("body", "field"),
    [({"provider": "nobody's"}, "provider"), ({"provider": "plain", "every_minutes": 0}, "every_minutes")],
)
def test_a_wrong_field_is_named(
    alice_api: Program, server: PlainServer, body: dict[str, object], field: str
) -> None:
    answer = alice_api.post("connections/", body)
    assert answer.status_code in (400, 422)
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("body", "field"),
    [({"products": {"Rewiring": 999}}, "products"), ({"pipelines": ["x"]}, "pipelines")],
)
def test_a_mapping_to_what_is_not_there_is_refused(
    alice_api: Program, server: PlainServer, body: dict[str, object], field: str
) -> None:
    made = alice_api.made("connections/", {"provider": "plain", "entries": {"token": "first"}})
    answer = alice_api.patch(f"connections/{made['id']}/mapping/", body)
    assert answer.status_code in (400, 422)
    assert [error["field"] for error in answer.json()["errors"]] == [field]
