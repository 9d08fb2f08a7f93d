"""Reads rows of Opportunity into deals, and what its fields are."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from integrations.crm import DealRecord
from integrations.providers.espocrm.wire import Row
from integrations.readings import date_of, decimal_of, instant_of, share_of, text_of

STANDARD = (
    *("id", "name", "stage", "probability", "amount", "amountCurrency", "closeDate"),
    *("accountId", "accountName", "assignedUserId", "assignedUserName", "createdAt", "modifiedAt"),
)
KINDS = {
    **dict.fromkeys(("date", "datetime", "datetimeOptional"), "date"),
    **dict.fromkeys(("int", "float", "currency", "decimal", "autoincrement"), "number"),
    **dict.fromkeys(("varchar", "text", "url", "number"), "text"),
    **dict.fromkeys(("enum", "link"), "choice"),
}


def attributes_of(definitions: Row) -> dict[str, tuple[str, str]]:
    """Return the attributes that values come in, each with its field and the field's type.

    A link's value is read by its name: the field product comes as productId and productName.
    """
    fields = definitions.get("fields") or {}
    found = {}
    for name, field in fields.items():
        kind = str(field.get("type"))
        if kind in KINDS and not field.get("disabled"):
            found[f"{name}Name" if kind == "link" else name] = (name, kind)
    return found


def day_in(value: Any, zone: ZoneInfo) -> date | None:
    """Return a date as written; an instant (a datetime field, in UTC) as the day it is in EspoCRM's zone."""
    moment = instant_of(value) if len(str(value)) > 10 else None
    return moment.astimezone(zone).date() if moment else date_of(value)


def deal_of(
    row: Row, *, site: str, mapped: Mapping[str, str], zone: ZoneInfo, emails: Mapping[str, str]
) -> DealRecord:
    """Return the deal; raise ValueError with the reason for a row that cannot be read."""
    changed_at = instant_of(row.get("modifiedAt")) or instant_of(row.get("createdAt"))
    if changed_at is None:
        raise ValueError("EspoCRM gives no readable time of its last change.")

    def value(ours: str) -> Any:
        return row.get(mapped.get(ours, ""))

    deal_id, owner = str(row["id"]), text_of(row.get("assignedUserId"))
    amount = decimal_of(row.get("amount"))
    return DealRecord(
        id=deal_id,
        name=text_of(row.get("name")),
        changed_at=changed_at,
        stage_id=text_of(row.get("stage")),
        probability=share_of(row.get("probability"), of=100),
        amount=amount,
        currency=text_of(row.get("amountCurrency")),
        close_on=date_of(row.get("closeDate")),
        company=text_of(row.get("accountName")),  # of an account that was deleted the id alone is left
        owner_id=owner,
        owner_name=text_of(row.get("assignedUserName")),
        owner_email=emails.get(owner, ""),
        product=text_of(value("product")),
        quantity=decimal_of(value("quantity")),
        promised_on=day_in(value("promised_on"), zone),
        earliest_start=day_in(value("earliest_start"), zone),
        url=f"{site}/#Opportunity/view/{deal_id}",
        created_on=day_in(row.get("createdAt"), zone),
    )
