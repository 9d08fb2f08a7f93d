"""The deal's page says what its CRM said and was told."""

from commitments.models import Deal
from integrations.models import Connection
from integrations.selectors.origins import origin_of
from integrations.services.syncing import upkeep
from tenants.models import User
from tenants.scope import tenant_scope
from tests.factories.tenants import signed_in_client
from tests.integrations.syncing.conftest import (  # noqa: F401  (fixtures)
    Clock,
    alice_of_acme,
    clock,
    connected,
    server,
    work,
)
from tests.integrations.syncing.plain import PlainServer


def test_a_deals_page_says_what_came_and_what_went_back(
    connected: Connection,  # noqa: F811
    server: PlainServer,  # noqa: F811
    clock: Clock,  # noqa: F811
    alice: User,
) -> None:
    server.add("D1")
    server.fail("PUT", 422)
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        deal = Deal.objects.get()
        rows = dict(origin_of(deal))
    assert rows["Changed there"] == "Tue 9 February 2027, 08:00"
    assert rows["Read here"] == "Tue 9 February 2027, 09:00"
    assert rows["Not written back"] == "A required field is empty."
    page = signed_in_client(alice).get(f"/o/acme/deals/{deal.pk}/").content.decode()
    assert "A required field is empty." in page
    clock.pass_time(days=1, seconds=1)
    upkeep.keep_going(organization_id=connected.tenant, clock=clock)
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        rows = dict(origin_of(deal))
        assert rows["Written back"].startswith("Unknown, Wed 10 February 2027")
        assert origin_of(Deal(external_source="file", external_id="7")) == []


def test_a_deal_that_is_gone_says_so(
    connected: Connection,  # noqa: F811
    server: PlainServer,  # noqa: F811
    clock: Clock,  # noqa: F811
) -> None:
    server.add("D1")
    work(connected.tenant, clock)
    server.remove("D1")
    clock.pass_time(minutes=6)
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        assert dict(origin_of(Deal.objects.get()))["Gone there since"] == "Tue 9 February 2027"
