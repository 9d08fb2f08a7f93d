"""A real Odoo with the CRM app, from 14 on: runs where LIVE_ODOO_URL, _DB, _USER and _KEY say which.

The user needs Sales: Administrator and Administration: Settings; LIVE_ODOO_KEY may be its password up to
Odoo 18. What the tests make is removed at their end.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from integrations.crm import Cursor, DealRecord, Gone, OwnField, Setup, Status, WriteOp
from integrations.http import Door, Rules
from integrations.providers.odoo import Odoo
from integrations.providers.odoo.wire import Wire, connect

NAMES = ("LIVE_ODOO_URL", "LIVE_ODOO_DB", "LIVE_ODOO_USER", "LIVE_ODOO_KEY")
MISSING = [name for name in NAMES if not os.environ.get(name)]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"No live Odoo: {', '.join(MISSING)} not set"),
    pytest.mark.xdist_group("live_odoo"),
]


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Live:
    """The server, and a hand in it to do what its people do."""

    door: Door
    hand: Wire
    setup: Setup
    key: str

    @property
    def provider(self) -> Odoo:
        return Odoo(door=self.door, credentials={"key": self.key}, setup=self.setup, now=now)

    def run(self, cursor: Cursor | None) -> tuple[dict[str, DealRecord], list[Gone], Cursor]:
        deals: dict[str, DealRecord] = {}
        gone: list[Gone] = []
        while True:
            page = self.provider.pull(cursor)
            deals |= {deal.id: deal for deal in page.deals}
            for start in range(0, len(page.touched), 100):
                found = self.provider.fetch(page.touched[start : start + 100])
                deals |= {deal.id: deal for deal in found.deals}
            gone += page.gone
            cursor = page.cursor
            if page.done:
                return deals, gone, cursor

    def ids(self) -> set[str]:
        ids: set[str] = set()
        page = self.provider.list_ids(None)
        while page.cursor:
            ids |= set(page.ids)
            page = self.provider.list_ids(page.cursor)
        return ids | set(page.ids)

    @property
    def sells(self) -> bool:
        return bool(self.hand.call("crm.lead", "fields_get", allfields=["order_ids"], attributes=["type"]))

    def one(self, model: str, domain: list[Any], *fields: str) -> dict[str, Any]:
        (row,) = self.hand.call(model, "search_read", domain=domain, fields=list(fields), limit=1)
        return dict(row)


@pytest.fixture
def live() -> Iterator[Live]:
    url, database, login, key = (os.environ[name] for name in NAMES)
    door = Door(Rules(own=Odoo.hosts({"base_url": url}).own, allowed=_allowed(url)))
    hand = connect(door, url.rstrip("/"), database=database, login=login, key=key, now=now)
    entries = {"base_url": url, "database": database, "login": login}
    yield Live(door, hand, Setup(entries=entries), key)
    door.close()


def _allowed(url: str) -> tuple[str, ...]:
    """Return what an installation with its Odoo in the same network would allow."""
    return (urlsplit(url).hostname or "", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


@pytest.fixture
def leads(live: Live) -> Iterator[list[int]]:
    """Three opportunities of our own."""
    mark = f"Concord live test {uuid4().hex[:8]}"
    rows = [
        {"name": f"{mark} {number}", "type": "opportunity", "expected_revenue": 1000.5 * number}
        for number in (1, 2, 3)
    ]
    rows[0]["date_deadline"] = "2027-12-31"
    made = live.hand.call("crm.lead", "create", vals_list=rows)
    yield made
    asked = {"domain": [["id", "in", made]], "fields": ["id"], "context": {"active_test": False}}
    left = [row["id"] for row in live.hand.call("crm.lead", "search_read", **asked)]
    live.hand.call("crm.lead", "unlink", left)


@pytest.fixture
def own_fields(live: Live) -> Iterator[None]:
    """Our fields, made by the provider and mapped; removed again where they were not there before."""
    names = [f"x_{field}" for field in OwnField]
    asked = {"domain": [["model", "=", "crm.lead"], ["name", "in", names]], "fields": ["name"]}
    before = {row["id"] for row in live.hand.call("ir.model.fields", "search_read", **asked)}
    try:
        own = live.provider.ensure_fields()
        assert live.provider.ensure_fields() == own
        live.setup = replace(live.setup, own_fields={str(field): key for field, key in own.items()})
        yield
    finally:
        made = {row["id"] for row in live.hand.call("ir.model.fields", "search_read", **asked)} - before
        if made:
            live.hand.call("ir.model.fields", "unlink", sorted(made))


@pytest.fixture
def product(live: Live) -> Iterator[int]:
    """Something that is sold: what is there, or else one of our own; 0 without the Sales app."""
    if not live.sells:
        yield 0
        return
    asked: dict[str, Any] = {"domain": [["sale_ok", "=", True]], "fields": ["display_name"], "limit": 1}
    there = [row["id"] for row in live.hand.call("product.product", "search_read", **asked)]
    made = (
        []
        if there
        else live.hand.call("product.product", "create", vals_list=[{"name": "Concord live test"}])
    )
    yield (there or made)[0]
    if made:
        live.hand.call("product.product", "unlink", made)


def test_check_and_discover(live: Live) -> None:
    account = live.provider.check()
    assert account.id.endswith(f"/{os.environ['LIVE_ODOO_DB']}")
    assert account.name
    assert account.person
    assert len(account.currency) == 3
    found = live.provider.discover()
    assert Status.WON in {stage.status for stage in found.stages}
    assert {stage.pipeline_id for stage in found.stages} <= {pipeline.id for pipeline in found.pipelines}
    assert found.owners
    assert {"date_deadline", "expected_revenue"} <= {known.key for known in found.fields}


def test_reading_from_the_first_import_to_the_deletion(live: Live, leads: list[int]) -> None:
    first, second, third = map(str, leads)
    deals, gone, cursor = live.run(None)
    assert gone == []
    opportunities = [["type", "=", "opportunity"]]
    counted = live.hand.call("crm.lead", "search_count", domain=opportunities, context={"active_test": False})
    assert len(deals) == counted
    assert live.ids() == set(deals)
    deal = deals[first]
    assert (deal.amount, deal.close_on, deal.archived) == (Decimal("1000.5"), date(2027, 12, 31), False)
    assert deal.stage_id in {stage.id for stage in live.provider.discover().stages}

    live.hand.call("crm.lead", "write", [leads[0]], vals={"expected_revenue": 77, "date_deadline": False})
    live.hand.call("crm.lead", "action_set_lost", [leads[1]])  # over JSON-RPC it answers nothing at all
    changed, gone, cursor = live.run(cursor)
    assert gone == []
    assert (changed[first].amount, changed[first].close_on) == (Decimal(77), None)
    lost = changed[second]
    assert (lost.archived, lost.status, lost.stage_id) == (True, Status.LOST, deals[second].stage_id)

    live.hand.call("crm.lead", "unlink", [leads[2]])
    later, gone, _ = live.run(cursor)
    assert third not in later
    assert gone == []
    assert live.ids() == set(deals) - {third}
    assert [found.id for found in live.provider.fetch([first, third]).deals] == [first]


def test_line_items_of_a_quotation(live: Live, leads: list[int], product: int) -> None:
    if not live.sells:
        (deal,) = live.provider.fetch([str(leads[0])]).deals
        assert deal.lines is None
        assert live.provider.discover().products == ()
        return
    partner = live.one("res.partner", [["is_company", "=", True]], "name")
    assert live.provider.discover().products
    line = {"product_id": product, "product_uom_qty": 3}
    order = {"partner_id": partner["id"], "opportunity_id": leads[0], "order_line": [[0, 0, line]]}
    _, _, cursor = live.run(None)
    (order_id,) = live.hand.call("sale.order", "create", vals_list=[order])
    try:
        deals, _, _ = live.run(cursor)
        deal = deals[str(leads[0])]
        (read,) = deal.lines or ()
        assert (bool(read.product), read.quantity) == (True, Decimal(3))
    finally:
        live.hand.call("sale.order", "unlink", [order_id])


def test_writing_back(live: Live, leads: list[int], own_fields: None) -> None:
    lead, marker = leads[0], f"[concord:{uuid4().hex[:12]}]"
    values: dict[OwnField, Any] = {
        OwnField.VERDICT: "Feasible",
        OwnField.EARLIEST: date(2027, 3, 28),
        OwnField.CHECKED_AT: datetime(2027, 2, 9, 9, 30, tzinfo=UTC),
    }
    op = WriteOp(str(lead), values, f"Crew <A> & B are free.\n{marker}", marker)
    before = live.provider.fetch([str(lead)]).deals
    written = live.provider.write(op)
    row = live.one("crm.lead", [["id", "=", lead]], *live.setup.own_fields.values())
    assert row["x_concord_verdict"] == "Feasible"
    assert row["x_concord_earliest_date"] == "2027-03-28"
    assert row["x_concord_checked_at"] == "2027-02-09 09:30:00"
    assert row["x_concord_reason"] is False

    live.provider.write(replace(op, note=f"No longer.\n{marker}", note_id=written.note_id))
    live.provider.write(replace(op, note=f"No longer.\n{marker}", note_may_exist=True))
    ours = [["model", "=", "crm.lead"], ["res_id", "=", lead], ["body", "ilike", marker]]
    notes = live.hand.call("mail.message", "search_read", domain=ours, fields=["body"])
    assert [str(note["id"]) for note in notes] == [written.note_id]
    assert "No longer." in notes[0]["body"]
    after = live.provider.fetch([str(lead)]).deals
    assert replace(after[0], changed_at=before[0].changed_at) == before[0]

    live.hand.call("mail.message", "unlink", [int(written.note_id)])
    anew = live.provider.write(replace(op, note_id=written.note_id))
    assert anew.note_id != written.note_id
    (note,) = live.hand.call("mail.message", "search_read", domain=ours, fields=["body"])
    assert "Crew &lt;A&gt; &amp; B are free." in note["body"]
