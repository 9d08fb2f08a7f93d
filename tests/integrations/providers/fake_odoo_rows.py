"""What the fake Odoo keeps, and how its records look from inside: records within records."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import httpx

from integrations.crm import OwnField, Setup
from tests.integrations.crm.fake import START, FakeDeal, Fault

BASE = "https://odoo.brightwater.example"
KEY = "3d5f0a-the-key"
OWN = {field: f"x_{field}" for field in OwnField}
Row = dict[str, Any]


class OdooRows:
    """The tables of a little Odoo."""

    version: ClassVar[int]

    def __init__(self) -> None:
        self.setup = Setup(
            entries={"base_url": BASE, "database": "brightwater", "login": "concord@brightwater.example"},
            fields={"promised_on": "x_promised_on", "product": "x_product", "quantity": "x_quantity"},
        )
        self.credentials: dict[str, Any] = {"key": KEY}
        self.now = START
        self.last = 0
        self.deals: dict[str, FakeDeal] = {}
        self.stages = [("1", False, False), ("2", False, False), ("4", True, False)]
        self.requests: list[httpx.Request] = []
        self.calls: list[tuple[str, str]] = []
        self.made: set[str] = set()  # our fields on crm.lead
        self.sells = True  # the Sales app is there
        self.me = {"lang": "en_US", "tz": "Europe/Berlin", "uid": 7}
        self.hidden: set[str] = set()  # by record rules
        self.denied: set[tuple[str, str]] = set()  # (model, operation)
        self.sees_all = True
        self.more: dict[str, Row] = {}  # deal id: further values of its row
        self.orders: dict[str, list[Row]] = {}  # deal id: quotations instead of the one of its lines
        self.moved: dict[str, datetime] = {}  # deal id: when its quotation was changed
        self.partners: dict[str, datetime] = {}  # company: when it was changed
        self.renamed: dict[str, str] = {}
        self.people: list[Row] = []  # partners that are persons of a company
        self._faults: list[tuple[Fault, str]] = []

    def add(self, **values: Any) -> FakeDeal:
        self.last += 1
        deal_id = str(self.last)
        standard = {"name": f"Deal {deal_id}", "changed_at": self.now, "stage_id": "1", "owner_id": "7"}
        deal = FakeDeal(id=deal_id, **(standard | values))
        self.deals[deal_id] = deal
        return deal

    def change(self, deal_id: str, **values: Any) -> None:
        """Change a deal; its quotation's lines alone leave the deal's own time as it was."""
        moved = self.deals[deal_id].changed_at if set(values) == {"lines"} else self.now
        self.deals[deal_id] = replace(self.deals[deal_id], **({"changed_at": moved} | values))
        if "lines" in values:
            self.moved[deal_id] = self.now

    def delete(self, deal_id: str) -> None:
        self.deals[deal_id].deleted = True

    def merge(self, loser: str, survivor: str) -> None:
        raise LookupError("Odoo deletes the merged ones and says nothing of it")

    def drop_stage(self, stage_id: str) -> None:
        raise LookupError("Odoo keeps a stage that deals are in")

    def rename_company(self, old: str, new: str) -> None:
        self.renamed[old] = new
        self.partners[old] = self.now

    def _rows(self, model: str, first: int) -> Iterable[Row]:
        if model == "crm.lead":
            return self._leads(first)
        rows: Iterable[Row] = getattr(self, "_rows_of_" + model.replace(".", "_"))()
        return sorted(rows, key=lambda row: row["id"])

    def _leads(self, first: int) -> Iterable[Row]:
        for deal in self.deals.values():
            if int(deal.id) >= first and not deal.deleted and deal.id not in self.hidden:
                yield self._lead(deal)

    def _lead(self, deal: FakeDeal) -> Row:
        won = any(stage[0] == deal.stage_id and stage[1] for stage in self.stages)
        person = {"id": int(deal.owner_id), "display_name": "Maya Ortiz"} if deal.owner_id else None
        lost = deal.archived and not won
        row = {
            "id": int(deal.id),
            "name": deal.name,
            "type": "opportunity",
            "active": not deal.archived,
            "stage_id": {"id": int(deal.stage_id), "display_name": f"Stage {deal.stage_id}"},
            "team_id": {"id": 3, "display_name": "Sales"},
            "user_id": person,
            "partner_id": self._partner(deal.company) if deal.company else None,
            "partner_name": None,
            "expected_revenue": deal.amount,
            "company_currency": {"id": 1, "display_name": deal.currency} if deal.currency else None,
            "probability": self._percent(deal, won=won, lost=lost),
            "won_status": "won" if won else "lost" if lost else "pending",
            "date_deadline": deal.close_on,
            "create_date": deal.changed_at + timedelta(seconds=2),  # seen: later than write_date
            "write_date": self._exact(deal.changed_at, int(deal.id)),
            "order_ids": self._orders(deal),
            "x_promised_on": deal.promised_on,
            "x_product": deal.product,
            "x_quantity": deal.quantity,
            "x_at": None,
            "x_family": None,
            "x_offering": None,
            **{key: deal.own.get(key) for key in self.made},
        }
        return row | self.more.get(deal.id, {})

    @staticmethod
    def _percent(deal: FakeDeal, *, won: bool, lost: bool) -> Decimal | None:
        if won or lost:
            return Decimal(100 if won else 0)
        return None if deal.probability is None else deal.probability * 100

    @staticmethod
    def _exact(moment: datetime, number: int) -> datetime:
        """Return the stored time: with microseconds, in no order that the ids would have."""
        return moment.replace(microsecond=moment.microsecond or number * 7919 % 1_000_000 or 1)

    def _partner(self, company: str) -> Row:
        name = self.renamed.get(company, company)
        company_row = {"id": 100 + sum(company.encode()), "display_name": name}
        changed = self.partners.get(company, START - timedelta(days=90))
        company_row["write_date"] = self._exact(changed, 5)
        return company_row | {"commercial_partner_id": company_row}

    def person(self, name: str, company: str) -> Row:
        """Return a person of a company, who does not change with it."""
        of, long_ago = self._partner(company), START - timedelta(days=90)
        named = {"id": 7000, "display_name": f"{company}, {name}", "write_date": long_ago}
        return named | {"commercial_partner_id": of["commercial_partner_id"]}

    def _orders(self, deal: FakeDeal) -> list[Row]:
        if deal.id in self.orders:
            return self.orders[deal.id]
        if not deal.lines:
            return []
        changed = self._exact(self.moved.get(deal.id, deal.changed_at), 3)
        return [self.order(deal.id, int(deal.id) * 10, deal.lines, write_date=changed)]

    def order(self, deal_id: str, order_id: int, lines: list[tuple[str, int]], **values: Any) -> Row:
        """Return a quotation of a deal with its lines: (product, quantity)."""
        order = {
            "id": order_id,
            "display_name": f"S{order_id:05}",
            "state": "draft",
            "commitment_date": None,
            "opportunity_id": {"id": int(deal_id)},
            "write_date": START,
            "order_line": [],
            **values,
        }
        for number, (product, quantity) in enumerate(lines):
            line = {
                "id": order_id * 100 + number,
                "order_id": {"id": order_id},
                "sequence": 10 + number,
                "product_id": {"id": 1 + number, "display_name": product},
                "name": product,
                "product_uom_qty": Decimal(quantity),
                "display_type": None,
                "is_downpayment": False,
                "write_date": order["write_date"],
            }
            order["order_line"].append(line)
        return order

    def _rows_of_sale_order(self) -> Iterable[Row]:
        for deal in self.deals.values():
            if not deal.deleted:
                yield from self._orders(deal)

    def _rows_of_sale_order_line(self) -> Iterable[Row]:
        for order in self._rows_of_sale_order():
            yield from order["order_line"]

    def _rows_of_crm_stage(self) -> Iterable[Row]:
        for number, (stage_id, won, _lost) in enumerate(self.stages):
            stage = {"id": int(stage_id), "name": f"Stage {stage_id}", "is_won": won, "sequence": number}
            yield stage | {"team_ids": []}

    def _rows_of_crm_team(self) -> Iterable[Row]:
        yield {"id": 3, "name": "Sales"}

    def _rows_of_res_partner(self) -> Iterable[Row]:
        seen = {deal.company for deal in self.deals.values() if deal.company}
        yield from (self._partner(company) for company in sorted(seen))
        yield from self.people

    def _rows_of_res_users(self) -> Iterable[Row]:
        company = {"id": 1, "display_name": "Brightwater Energy"}
        for number, name in ((7, "Maya Ortiz"), (1, "Tomas Reyes")):
            email = f"{name.split()[0].lower()}@brightwater.example"
            yield {"id": number, "name": name, "email": email, "company_id": company, "share": False}

    def _rows_of_res_company(self) -> Iterable[Row]:
        yield {"id": 1, "currency_id": {"id": 1, "display_name": "EUR"}}

    def _rows_of_product_product(self) -> Iterable[Row]:
        yield {"id": 1, "display_name": "Heat pump", "sale_ok": True}

    def _rows_of_mail_message(self) -> Iterable[Row]:
        for deal in self.deals.values():
            for note_id, body in deal.notes.items() if not deal.deleted else ():
                yield {"id": int(note_id), "model": "crm.lead", "res_id": int(deal.id), "body": body}

    def _rows_of_ir_model(self) -> Iterable[Row]:
        yield {"id": 85, "model": "crm.lead"}
