"""Every vendor through the whole machine: connected, mapped, read, changed, deleted."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from commitments.models import Deal
from integrations.models import Connection
from integrations.services.syncing import connecting, mapping, opening
from integrations.services.syncing.credentials import seal
from tenants.access import Actor
from tenants.models import Organization
from tenants.scope import tenant_scope
from tests.integrations.crm.fake import FakeCrm
from tests.integrations.crm.fakes import FAKES
from tests.integrations.syncing.conftest import Clock, fresh, work


@pytest.fixture(params=[pytest.param(one.fake, id=one.fake().provider.key) for one in FAKES])
def vendor(
    request: pytest.FixtureRequest, clock: Clock, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> FakeCrm:
    """A vendor's fake on the way of every connection; its clock is ours."""
    make: Callable[[], FakeCrm] = request.param
    fake = make()
    fake.now = clock()
    monkeypatch.setattr(opening, "through", lambda connection: httpx.MockTransport(fake.handle))
    monkeypatch.setattr(fake.provider, "limits", ())  # they count real seconds, and this clock stands still
    settings.CRM_CLIENTS = {fake.provider.key: ("app", "secret")}
    return fake


def connect(vendor: FakeCrm, acme: Organization, alice_of_acme: Actor, clock: Clock) -> Connection:
    """Return a connection to the vendor that was tested, mapped and started."""
    secrets = {entry.name for entry in vendor.provider.entries if entry.secret}
    entries = vendor.setup.entries | {k: v for k, v in vendor.credentials.items() if k in secrets}
    with tenant_scope(acme.pk):
        made = connecting.create_connection(
            provider=vendor.provider.key, entries=entries, by=alice_of_acme, at=clock()
        )
        made.secret = seal(made, vendor.credentials)  # as after a sign-in, for those who have one
        made.save(update_fields=["secret"])
    connecting.test_and_discover(connection=made, by=alice_of_acme, clock=clock)
    with tenant_scope(acme.pk):
        mapping.save_mapping(
            connection=fresh(made), by=alice_of_acme, at=clock(), fields=dict(vendor.setup.fields)
        )
    return connecting.start(connection=fresh(made), by=alice_of_acme, clock=clock)


def test_deals_come_in_change_and_go(
    vendor: FakeCrm, acme: Organization, alice_of_acme: Actor, clock: Clock
) -> None:
    kept, deleted = vendor.add(name="Roof", amount=Decimal("1234.50")), vendor.add(name="Wall")
    connection = connect(vendor, acme, alice_of_acme, clock)
    work(acme.pk, clock)
    with tenant_scope(acme.pk):
        deal = Deal.objects.get(name="Roof")
        assert (deal.amount, deal.currency, deal.close_on) == (Decimal("1234.50"), "EUR", kept.close_on)
        assert (deal.company.name, deal.status) == ("Kestrel Housing", "open")
        assert Deal.objects.count() == 2
    clock.pass_time(hours=1)
    vendor.now = clock()
    vendor.change(kept.id, name="Roof and wall")
    vendor.delete(deleted.id)
    work(acme.pk, clock)
    with tenant_scope(acme.pk):
        assert Deal.objects.filter(name="Roof and wall").exists()
        if vendor.provider.capabilities.tombstones:
            assert Deal.objects.get(name="Wall").status == "lost"
    assert (fresh(connection).status, fresh(connection).problem) == ("active", "")
