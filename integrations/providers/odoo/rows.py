"""Reads rows of crm.lead into deals. Odoo writes False for whatever is empty."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from integrations.crm import DealRecord, LineRecord, Status
from integrations.readings import date_of, decimal_of, instant_of, share_of, text_of

Row = Mapping[str, Any]
STANDARD = (
    *("name", "active", "stage_id", "team_id", "user_id", "partner_id", "partner_name"),
    *("expected_revenue", "company_currency", "probability", "won_status", "date_deadline"),
    *("create_date", "write_date", "order_ids"),
)
KINDS = {
    **dict.fromkeys(("date", "datetime"), "date"),
    **dict.fromkeys(("integer", "float", "monetary"), "number"),
    **dict.fromkeys(("char", "text"), "text"),
    **dict.fromkeys(("selection", "many2one"), "choice"),
}


def id_in(value: Any) -> str:
    """Return the id of a many2one value, [7, "Name"]; "" for none."""
    return str(value[0]) if isinstance(value, list) and value else ""


def name_in(value: Any) -> str:
    """Return the name of a many2one value, [7, "Name"]; "" for none."""
    return text_of(value[1]) if isinstance(value, list) and len(value) > 1 else ""


def day_in(value: Any, zone: ZoneInfo) -> date | None:
    """Return a date as written; an instant (a datetime field, in UTC) as the day it is for the user."""
    moment = instant_of(value) if len(str(value)) > 10 else None
    return moment.astimezone(zone).date() if moment else date_of(value)


class Reader:
    """Makes deals of rows, with what was read for the whole page: types, companies, e-mails, lines."""

    def __init__(
        self,
        *,
        base: str,
        zone: ZoneInfo,
        mapped: Mapping[str, str],
        types: Mapping[str, Row],
        companies: Mapping[str, str],
        emails: Mapping[str, str],
        lines: Mapping[str, tuple[LineRecord, ...]],
    ) -> None:
        self._base, self._zone, self._mapped, self._types = base, zone, mapped, types
        self._companies, self._emails, self._lines = companies, emails, lines

    def deal(self, row: Row) -> DealRecord:
        """Return the deal; raise ValueError with the reason for a row that cannot be read."""
        changed_at = instant_of(row.get("write_date")) or instant_of(row.get("create_date"))
        if changed_at is None:
            raise ValueError("Odoo gives no readable time of its last change.")
        deal_id, partner, owner = str(row["id"]), row.get("partner_id"), row.get("user_id")
        created = instant_of(row.get("create_date"))
        return DealRecord(
            id=deal_id,
            name=text_of(row.get("name")),
            changed_at=changed_at,
            stage_id=id_in(row.get("stage_id")),
            pipeline_id=id_in(row.get("team_id")),
            status=status_of(row),
            probability=share_of(row.get("probability"), of=100),
            amount=decimal_of(row.get("expected_revenue")) or None,  # never entered is 0.0 in Odoo
            currency=name_in(row.get("company_currency")),
            close_on=date_of(row.get("date_deadline")),
            company=self._companies.get(id_in(partner))
            or text_of(row.get("partner_name"))
            or name_in(partner),
            owner_id=id_in(owner),
            owner_name=name_in(owner),
            owner_email=self._emails.get(id_in(owner), ""),
            product=self._text(row, "product"),
            quantity=decimal_of(self._value(row, "quantity")),
            promised_on=day_in(self._value(row, "promised_on"), self._zone),
            earliest_start=day_in(self._value(row, "earliest_start"), self._zone),
            lines=self._lines.get(deal_id),
            url=f"{self._base}/mail/view?model=crm.lead&res_id={deal_id}",
            created_on=created.astimezone(self._zone).date() if created else None,
            archived=row.get("active") is False,
        )

    def _value(self, row: Row, ours: str) -> Any:
        return row.get(self._mapped.get(ours, ""))

    def _text(self, row: Row, ours: str) -> str:
        """Return a mapped value as people see it: a choice by its label, a record by its name."""
        value = self._value(row, ours)
        if isinstance(value, list):
            return name_in(value)
        labels = self._types.get(self._mapped.get(ours, ""), {}).get("selection") or ()
        return text_of(dict(labels).get(value, value))


def status_of(row: Row) -> Status | None:
    """Return lost for what was archived before it was won; None: the stage says it.

    From version 19 Odoo says it itself. Before, marking as lost is archiving, and the stage stays.
    """
    said = {"won": Status.WON, "lost": Status.LOST}.get(str(row.get("won_status")))
    if said or row.get("active") is not False:
        return said
    return None if share_of(row.get("probability"), of=100) == Decimal(1) else Status.LOST
