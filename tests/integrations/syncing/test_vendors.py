"""Salesforce and Dynamics 365 connected whole: by a person's sign-in and by an app of the customer's own."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from commitments.models import Deal
from integrations.models import Connection
from integrations.services.syncing import connecting, opening, signing_in
from integrations.services.syncing.credentials import unseal
from tenants.access import Actor
from tenants.scope import tenant_scope
from tests.factories.tenants import Organizations
from tests.integrations.crm.fake import FakeCrm
from tests.integrations.providers.fake_dynamics import FakeDynamics
from tests.integrations.providers.fake_salesforce import FakeSalesforce
from tests.integrations.syncing.conftest import Clock, fresh, work

CALLBACK = "https://concord.example/crm/callback/"


@dataclass
class Vendor:
    """A vendor's fake on the way of every connection, and who connects it."""

    fake: Any
    clock: Clock
    alice: Actor
    organization: int

    def create(self, **entries: str) -> Connection:
        with tenant_scope(self.organization):
            return connecting.create_connection(
                provider=self.fake.provider.key, entries=entries, by=self.alice, at=self.clock()
            )

    def begin(self, connection: Connection) -> Connection:
        connecting.test_and_discover(connection=connection, by=self.alice, clock=self.clock)
        return connecting.start(connection=fresh(connection), by=self.alice, clock=self.clock)

    def names_after_a_while(self) -> set[str]:
        self.clock.pass_time(minutes=20)
        self.fake.now = self.clock()
        work(self.organization, self.clock)
        with tenant_scope(self.organization):
            return set(Deal.objects.values_list("name", flat=True))


@pytest.fixture(params=[FakeSalesforce, FakeDynamics])
def vendor(
    request: pytest.FixtureRequest,
    organizations: Organizations,
    alice_of_acme: Actor,
    clock: Clock,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Vendor:
    fake: FakeCrm = request.param(now=clock())
    monkeypatch.setattr(opening, "limiter", lambda connection_id, limits: lambda cost: None)
    monkeypatch.setattr(opening, "through", lambda connection: httpx.MockTransport(fake.handle))
    settings.CRM_CLIENTS = {"salesforce": ("concord-app", "its-secret"), "dynamics": ("app", "its-secret")}
    return Vendor(fake, clock, alice_of_acme, organizations.acme.pk)


def test_a_person_signs_in_and_the_rotating_token_is_kept(vendor: Vendor) -> None:
    fake = vendor.fake
    fake.add(name="First")
    entries = {name: text for name, text in fake.setup.entries.items() if name != "app_id"}
    connection = vendor.create(**entries)
    assert signing_in.needs_person(connection)
    address, verifier = signing_in.begin(connection, state="s", redirect_uri=CALLBACK)
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert "{" not in address
    with tenant_scope(vendor.organization):
        signing_in.finish(
            connection=connection,
            by=vendor.alice,
            code="good-code",
            verifier=verifier,
            redirect_uri=CALLBACK,
            at=vendor.clock(),
        )
    connection = vendor.begin(fresh(connection))
    assert vendor.names_after_a_while() == {"First"}
    first = unseal(fresh(connection))["refresh_token"]
    fake.access = "ended before its time"
    fake.add(name="Second")
    assert vendor.names_after_a_while() == {"First", "Second"}
    kept = unseal(fresh(connection))
    assert (kept["refresh_token"], kept["access_token"]) == (fake.refresh, fake.access)
    assert kept["refresh_token"] != first


def test_an_app_of_the_customers_own_needs_no_person(vendor: Vendor) -> None:
    fake = vendor.fake
    fake.add(name="First")
    connection = vendor.create(**fake.setup.entries, **fake.other_credentials)
    assert not signing_in.needs_person(connection)
    vendor.begin(connection)
    assert vendor.names_after_a_while() == {"First"}
    fake.access = "ended before its time"
    fake.add(name="Second")
    assert vendor.names_after_a_while() == {"First", "Second"}
    assert fresh(connection).status == Connection.Status.ACTIVE
