"""Requests and fakes held against the OpenAPI descriptions that vendors publish, where these are at hand."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from integrations.crm import OwnField
from integrations.http import Door
from tests.integrations.crm import specs
from tests.integrations.crm.fake import FakeCrm, pass_time, provider_of
from tests.integrations.crm.proving import op_of, ready_to_write, run
from tests.integrations.providers.fake_pipedrive import HOST as PIPEDRIVE
from tests.integrations.providers.fake_pipedrive import FakePipedrive
from tests.integrations.providers.fake_zoho import HOST as ZOHO
from tests.integrations.providers.fake_zoho import FakeZoho

pytestmark = specs.needs_specs
HOOK = "https://concord.example/hooks/crm/1/"


def described(make: Callable[[], FakeCrm]) -> FakeCrm:
    """Return a fake whose whole traffic is checked."""
    fake = make()
    fake.handle = specs.checked(fake.handle, vendor=fake.provider.key)  # type: ignore[method-assign]
    return fake


def everything(fake: FakeCrm) -> None:
    """Send every kind of request that there is."""
    deal = fake.add(lines=[("Boiler", 2)])
    bare, deleted = fake.add(amount=None, company="", probability=None, close_on=None), fake.add()
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    fake.change(bare.id, archived=True)
    fake.delete(deleted.id)
    assert deleted.id in run(fake, cursor).gone
    provider_of(fake).fetch([deal.id, bare.id, deleted.id])
    listed = provider_of(fake).list_ids(None)
    provider_of(fake).list_ids(listed.cursor)
    provider_of(fake).check()
    provider_of(fake).discover()
    ready_to_write(fake)
    written = provider_of(fake).write(
        op_of(deal.id, values={OwnField.VERDICT: "Late", OwnField.EARLIEST: None})
    )
    provider_of(fake).write(op_of(deal.id, note_id=written.note_id))
    provider_of(fake).write(op_of(deal.id, note_may_exist=True))
    held = provider_of(fake).ensure_webhook(HOOK, provider_of(fake).ensure_webhook(HOOK, None))
    assert held is not None
    provider_of(fake).drop_webhook(held)


@pytest.mark.parametrize("make", [FakePipedrive, FakeZoho])
def test_all_traffic_is_as_described(make: Callable[[], FakeCrm]) -> None:
    fake = described(make)
    everything(fake)
    assert len(fake.requests) > 30


def test_every_request_is_counted_at_its_price(monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[int] = []
    sound = Door.send

    def send(self: Door, *said: Any, cost: int = 1, **more: Any) -> Any:
        costs.append(cost)
        return sound(self, *said, cost=cost, **more)

    monkeypatch.setattr(Door, "send", send)
    fake = described(FakePipedrive)
    everything(fake)
    assert costs == [specs.cost_of("pipedrive", request) for request in fake.requests]
    assert len(set(costs)) > 4


@pytest.mark.parametrize(
    ("vendor", "method", "address", "body"),
    [
        ("pipedrive", "GET", f"{PIPEDRIVE}/api/v2/deals?sort_by=bogus", None),
        ("pipedrive", "GET", f"{PIPEDRIVE}/api/v2/deals/archived?include_option_labels=true", None),
        ("pipedrive", "GET", f"{PIPEDRIVE}/api/v2/deals/products", None),
        ("pipedrive", "GET", f"{PIPEDRIVE}/api/v1/deals", None),
        ("pipedrive", "PATCH", f"{PIPEDRIVE}/api/v2/deals/5", {"title": 5}),
        ("pipedrive", "POST", f"{PIPEDRIVE}/api/v1/notes", {"deal_id": 5}),
        ("zoho", "GET", f"{ZOHO}/crm/v8/users?type=AllUsers", None),
        ("zoho", "GET", f"{ZOHO}/crm/v8/settings/fields", None),
        ("zoho", "GET", f"{ZOHO}/crm/v8/Deals?field=Stage", None),
        ("zoho", "PUT", f"{ZOHO}/crm/v8/Deals", {"data": {}}),
        ("zoho", "POST", f"{ZOHO}/crm/v8/coql", {"query": "select id"}),
        ("zoho", "POST", f"{ZOHO}/crm/v8/Notes", {"data": [{"Note_Title": 5}]}),
    ],
)
def test_wrong_requests_are_found(vendor: str, method: str, address: str, body: Any) -> None:
    handle = specs.checked(lambda request: httpx.Response(204), vendor=vendor)
    with pytest.raises(specs.BreaksSpec):
        handle(httpx.Request(method, f"https://{address}", json=body))


DEALS = {
    "pipedrive": f"https://{PIPEDRIVE}/api/v2/deals",
    "zoho": f"https://{ZOHO}/crm/v8/Deals?ids=5&fields=Stage",
}
RIGHT: dict[str, Any] = {
    "pipedrive": {"success": True, "data": [{"id": 5}], "additional_data": {"next_cursor": None}},
    "zoho": {"data": [{"id": "5", "Stage": "Proposal"}], "info": {"more_records": False}},
}


@pytest.mark.parametrize(
    ("vendor", "wrong"),
    [
        ("pipedrive", {"data": [{"id": "5"}]}),
        ("pipedrive", {"data": {"id": 5}}),
        ("pipedrive", {"data": [{"id": 5, "owner_id": None}]}),
        ("zoho", {"data": [{"id": 5}]}),
        ("zoho", {"data": {"id": "5"}}),
        ("zoho", {"code": "MADE_UP", "status": "error"}),
        ("zoho", {}),
    ],
)
def test_wrong_answers_are_found(vendor: str, wrong: dict[str, Any]) -> None:
    request = httpx.Request("GET", DEALS[vendor])
    specs.checked(lambda request: httpx.Response(200, json=RIGHT[vendor]), vendor=vendor)(request)
    with pytest.raises(specs.BreaksSpec):
        specs.checked(lambda request: httpx.Response(200, json=wrong), vendor=vendor)(request)
