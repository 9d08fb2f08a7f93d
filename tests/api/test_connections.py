"""Connections through the API: secrets go in and never come out."""

from collections.abc import Callable

import httpx
import pytest

from integrations import registry
from integrations.api import connections as face
from integrations.models import Connection
from integrations.services.syncing import opening
from integrations.services.syncing.credentials import seal, unseal
from tenants.models import Organization
from tenants.scope import tenant_scope
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


def test_a_connection_is_made_mapped_started_and_watched(
    alice_api: Program, server: PlainServer, acme: Organization
) -> None:
    made = alice_api.made("connections/", {"provider": "plain", "entries": {"token": "first"}})
    assert (made["status"], made["health"], made["account"]) == ("mapping", "Being set up", None)
    assert "first" not in str(made)
    with tenant_scope(acme.pk):
        assert unseal(Connection.objects.get())["token"] == "first"

    started = alice_api.post(f"connections/{made['id']}/sync/")
    assert (started.status_code, started.json()["status"]) == (200, "active")
    assert started.json()["account"] == {"id": "42", "name": "Brightwater"}

    mapping = alice_api.get(f"connections/{made['id']}/mapping/").json()
    assert [stage["counts_as"] for stage in mapping["found_stages"]] == ["open", "won", "lost"]
    changed = alice_api.patch(f"connections/{made['id']}/mapping/", {"stages": {"1": "ignore"}})
    assert (changed.status_code, changed.json()["stages"]) == (200, {"1": "ignore"})
    assert alice_api.get(f"connections/{made['id']}/runs/").json() == {"results": [], "next": None}
    assert alice_api.delete(f"connections/{made['id']}/").status_code == 204
    assert alice_api.get(f"connections/{made['id']}/").status_code == 404


def test_trouble_of_the_crm_is_said_in_plain_words(alice_api: Program, server: PlainServer) -> None:
    made = alice_api.made("connections/", {"provider": "plain", "entries": {"token": "wrong"}})
    answer = alice_api.post(f"connections/{made['id']}/sync/")
    assert (answer.status_code, answer.json()["detail"]) == (409, "Enter a new key.")


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


def test_a_token_that_was_refreshed_is_kept_although_the_answer_is_a_refusal(
    alice_api: Program, server: PlainServer, acme: Organization
) -> None:
    made = alice_api.made("connections/", {"provider": "plain", "entries": {"token": "first"}})
    with tenant_scope(acme.pk):
        row = Connection.objects.get()
        values = {"oauth": True, "access_token": "access-0", "refresh_token": "refresh-0"}
        row.secret, row.token_expires_at = seal(row, values), row.created_at
        row.save()
    server.fail("GET /me", 403)
    assert alice_api.post(f"connections/{made['id']}/sync/").status_code == 409
    with tenant_scope(acme.pk):
        assert unseal(Connection.objects.get())["refresh_token"] == "refresh-1"
