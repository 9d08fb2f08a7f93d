"""One HubSpot account: its records, and what people there do with them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from integrations.crm import OwnField, RawRequest, Setup
from integrations.providers.hubspot.webhooks import sign
from tests.integrations.crm.fake import START, FakeDeal

KINDS = {
    "dealname": "string", "dealstage": "enumeration", "pipeline": "enumeration", "amount": "number",
    "deal_currency_code": "enumeration", "closedate": "datetime", "hubspot_owner_id": "enumeration",
    "promised_date": "date", "units": "number", "product_name": "string",
}  # fmt: skip
Body = dict[str, Any]


class Account:
    """One account with one pipeline."""

    def __init__(self) -> None:
        self.setup = Setup(
            fields={"promised_on": "promised_date", "quantity": "units", "product": "product_name"},
            account_id="7001",
        )
        self.credentials: dict[str, Any] = {"token": "pat-eu1-5ecre7-key"}
        self.other_credentials: dict[str, Any] = {"access_token": "CLjK5ecre7oken", "oauth": True}
        self.now = START
        self.deals: dict[str, FakeDeal] = {}
        self.stages = [
            ("appointment", False, False), ("contractsent", False, False),
            ("closedwon", True, False), ("closedlost", False, True),
        ]  # fmt: skip
        self.properties: dict[str, Body] = {
            name: {"name": name, "label": name, "type": kind} for name, kind in KINDS.items()
        }
        self.groups = {"dealinformation"}
        self.companies: dict[str, str] = {}  # id by name
        self.owners = [
            {
                "id": "1",
                "email": "erin@kestrel.example",
                "firstName": "Erin",
                "lastName": "Vale",
                "archived": False,
            },
            {
                "id": "2",
                "email": "omar@kestrel.example",
                "firstName": "Omar",
                "lastName": "",
                "archived": True,
            },
        ]
        self.touched: dict[str, datetime] = {}  # when a deal's lines changed
        self.merges: dict[str, list[str]] = {}
        self._last = 1000

    # What people do at HubSpot

    def add(self, **values: Any) -> FakeDeal:
        values = {"name": "Deal", "changed_at": self.now, "stage_id": self.stages[0][0], **values}
        deal = FakeDeal(id=values.pop("id", "") or self.next_id(), **values)
        self.deals[deal.id] = deal
        self.touched[deal.id] = deal.changed_at
        if deal.company:
            self.companies.setdefault(deal.company, self.next_id())
        return deal

    def change(self, deal_id: str, **values: Any) -> None:
        deal = replace(self.deals[deal_id], **{"changed_at": self.now, **values})
        self.deals[deal_id] = deal
        if deal.company:
            self.companies.setdefault(deal.company, self.next_id())
        if "lines" in values:
            self.touched[deal_id] = self.now

    def change_lines_only(self, deal_id: str, lines: list[tuple[str, int]]) -> None:
        """Change the lines without the deal's own time of change."""
        self.deals[deal_id].lines = lines
        self.touched[deal_id] = self.now

    def delete(self, deal_id: str) -> None:
        self.change(deal_id, deleted=True)

    def merge(self, loser: str, survivor: str) -> None:
        """Make a third deal of the two, as HubSpot does; both are read as that one from then on."""
        made = self.add(**{**vars(self.deals[survivor]), "id": "", "changed_at": self.now})
        for old in (loser, survivor):
            self.change(old, merged_into=made.id, deleted=True)
        self.merges[made.id] = [loser, survivor]

    def drop_stage(self, stage_id: str) -> None:
        self.stages = [stage for stage in self.stages if stage[0] != stage_id]

    def written(self, deal_id: str) -> Mapping[OwnField, str]:
        own = self.deals[deal_id].own
        return {name: own[name] for name in OwnField if own.get(name)}

    def webhook(self, *deal_ids: str) -> tuple[RawRequest, str, dict[str, Any]]:
        events = [self.event(id) for id in deal_ids]
        return self.signed(json.dumps(events).encode()), "app-5ecre7", {}

    def event(self, deal_id: str, **more: Any) -> Body:
        return {
            "eventId": 1, "subscriptionId": 77, "portalId": 7001, "appId": 5, "attemptNumber": 0,
            "occurredAt": millis(self.now), "subscriptionType": "deal.propertyChange",
            "objectId": int(deal_id), "propertyName": "amount", "propertyValue": "1",
            "changeSource": "CRM_UI",
        } | more  # fmt: skip

    def link_event(self, source: str, target: str, **more: Any) -> Body:
        """Tell of an association: such an event has no objectId and no property."""
        event = self.event("0", subscriptionType="deal.associationChange", changeSource="USER")
        for name in ("objectId", "propertyName", "propertyValue"):
            del event[name]
        ends = {"fromObjectId": int(source), "toObjectId": int(target), "associationRemoved": False}
        return event | ends | more

    def signed(self, body: bytes) -> RawRequest:
        stamp = str(millis(self.now))
        bare = RawRequest("POST", "https://concord.example/hooks/crm/hubspot/", {}, body)
        return replace(
            bare,
            headers={
                "x-hubspot-request-timestamp": stamp,
                "x-hubspot-signature-v3": sign(bare, stamp, "app-5ecre7").decode(),
            },
        )

    def next_id(self) -> str:
        self._last += 1
        return str(self._last)


def millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
