"""Rows of a query as records, in exact values."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.crm import CrmField, DealRecord, LineRecord, Skipped, Stage, Status
from integrations.providers.salesforce.calls import Description, Row
from integrations.readings import date_of, decimal_of, instant_of, share_of, text_of

KINDS = {
    "date": "date",
    "double": "number",
    "int": "number",
    "currency": "number",
    "percent": "number",
    "string": "text",
    "textarea": "text",
    "picklist": "choice",
}
Lines = Mapping[str, Sequence[LineRecord]]


def stamp_of(row: Row) -> datetime | None:
    """Return when a row last changed by Salesforce's clock."""
    return instant_of(row.get("SystemModstamp"))


def deal_of(row: Row, *, fields: Mapping[str, str], base: str, lines: Lines | None) -> DealRecord | Skipped:
    """Return an opportunity; `lines` None where the person sees no line items."""
    changed_at, found = stamp_of(row), text_of(row.get("Id"))
    if not found or changed_at is None:
        return Skipped(found, "Salesforce gave no id or no time of change.")
    account, owner = row.get("Account") or {}, row.get("Owner") or {}

    def mapped(name: str) -> Any:
        return row.get(fields.get(name, ""))

    return DealRecord(
        id=found,
        name=text_of(row.get("Name"), 250),
        changed_at=changed_at,
        stage_id=text_of(row.get("StageName")),
        status=status_of(row),
        probability=share_of(row.get("Probability"), of=100),
        amount=decimal_of(row.get("Amount")),
        currency=text_of(row.get("CurrencyIsoCode"), 3),
        close_on=date_of(row.get("CloseDate")),
        company=text_of(account.get("Name")),
        owner_id=text_of(row.get("OwnerId")),
        owner_name=text_of(owner.get("Name"), 150),
        owner_email=text_of(owner.get("Email")),
        product=text_of(mapped("product")),
        quantity=decimal_of(mapped("quantity")),
        promised_on=date_of(mapped("promised_on")),
        earliest_start=date_of(mapped("earliest_start")),
        lines=None if lines is None else tuple(lines.get(found, ())),
        url=f"{base}/{found}",
        created_on=date_of(row.get("CreatedDate")),
    )


def status_of(row: Row) -> Status | None:
    """Return what Salesforce says of a deal or a stage; None where the person may not see it."""
    if row.get("IsClosed") is None or row.get("IsWon") is None:
        return None
    if row["IsWon"]:
        return Status.WON
    return Status.LOST if row["IsClosed"] else Status.OPEN


def lines_of(rows: Iterable[Row]) -> Lines:
    """Return line items by their opportunity."""
    found: dict[str, list[LineRecord]] = defaultdict(list)
    for row in rows:
        product = row.get("Product2") or {}
        found[text_of(row.get("OpportunityId"))].append(
            LineRecord(
                product=text_of(product.get("Name")),
                quantity=decimal_of(row.get("Quantity")),
                promised_on=date_of(row.get("ServiceDate")),
            )
        )
    return found


def stage_of(row: Row) -> Stage:
    """Return a stage; all stages are in the one pipeline without an id."""
    return Stage(
        id=text_of(row.get("ApiName")),
        name=text_of(row.get("MasterLabel")),
        pipeline_id="",
        position=int(row.get("SortOrder") or 0),
        probability=share_of(row.get("DefaultProbability"), of=100),
        status=status_of(row) or Status.OPEN,
    )


def fields_of(seen: Description) -> tuple[CrmField, ...]:
    """Return the fields for the mapping page. Moments are no dates: their day depends on a zone."""
    return tuple(
        CrmField(name, text_of(field.get("label")) or name, KINDS.get(str(field.get("type")), "other"))
        for name, field in seen.items()
    )
