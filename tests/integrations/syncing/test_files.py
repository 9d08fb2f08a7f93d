"""A file through the machine: nothing is ever written back, and the pages say so."""

import httpx
import pytest
from django.test import Client

from integrations.models import Connection, WriteBack
from integrations.providers.files import FileFeed
from integrations.services.syncing import connecting, mapping, opening
from integrations.services.syncing.writing_back import collect_wishes
from tenants.access import Actor
from tenants.scope import tenant_scope
from tests.factories import commitments as of_commitments
from tests.factories.tenants import Organizations, signed_in_client
from tests.integrations.providers.fake_spreadsheet import FakeSpreadsheet
from tests.integrations.syncing.conftest import Clock, fresh, work
from tests.integrations.syncing.plain import PlainServer

NEVER = "can only be read"


@pytest.fixture
def fake(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> FakeSpreadsheet:
    fake = FakeSpreadsheet()
    fake.now = clock()
    monkeypatch.setattr(opening, "through", lambda connection: httpx.MockTransport(fake.handle))
    return fake


@pytest.fixture
def feed(
    fake: FakeSpreadsheet, organizations: Organizations, alice_of_acme: Actor, clock: Clock
) -> Connection:
    """A started connection to the file, of an organization that can judge rewirings."""
    fake.add(product="Rewiring", quantity=2)
    with tenant_scope(organizations.acme.pk):
        pool = of_commitments.staffed_pool(alice_of_acme)
        of_commitments.offering(alice_of_acme, {pool: 120})
        made = connecting.create_connection(
            provider=FileFeed.key,
            entries={**fake.setup.entries, **fake.credentials},
            by=alice_of_acme,
            at=clock(),
        )
    connecting.test_and_discover(connection=made, by=alice_of_acme, clock=clock)
    with tenant_scope(organizations.acme.pk):
        mapping.save_mapping(
            connection=fresh(made),
            by=alice_of_acme,
            at=clock(),
            fields=dict(fake.setup.fields),
            writes_back=True,
        )
    return connecting.start(connection=fresh(made), by=alice_of_acme, clock=clock)


def test_nothing_is_written_back(feed: Connection, fake: FakeSpreadsheet, clock: Clock) -> None:
    work(feed.tenant, clock)
    assert not fresh(feed).writes_back
    with tenant_scope(feed.tenant):
        assert WriteBack.objects.count() == 0
        Connection.objects.update(writes_back=True)
    # The control: the deal was judged, and its verdict would be written if the file could take it.
    assert collect_wishes(organization_id=feed.tenant, at=clock()) == 1


def test_the_pages_say_so(feed: Connection, organizations: Organizations) -> None:
    client: Client = signed_in_client(organizations.alice)
    base = f"/o/acme/connections/{feed.pk}/"
    assert NEVER in client.get(f"{base}written/").content.decode()
    assert "writes_back" not in client.get(f"{base}mapping/").content.decode()
    overview = client.get(base).content.decode()
    assert "Verdicts w" not in overview
    assert "notes stay" not in overview
    assert (
        "Nothing can be written back into a file."
        in client.get("/o/acme/connections/new/files/").content.decode()
    )


def test_pages_of_a_crm_that_can_be_written_to_do_not(
    connected: Connection, server: PlainServer, organizations: Organizations
) -> None:
    client: Client = signed_in_client(organizations.alice)
    base = f"/o/acme/connections/{connected.pk}/"
    assert NEVER not in client.get(f"{base}written/").content.decode()
    assert "writes_back" in client.get(f"{base}mapping/").content.decode()
