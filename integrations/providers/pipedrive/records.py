"""Reads Pipedrive's rows into records."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.crm import (
    FIELD_LABELS,
    CrmField,
    DealRecord,
    Gone,
    LineRecord,
    Owner,
    Pipeline,
    Skipped,
    Stage,
    Status,
)
from integrations.readings import date_of, decimal_of, instant_of, share_of, text_of

STATUSES = {"open": Status.OPEN, "won": Status.WON, "lost": Status.LOST}
KINDS = {
    "date": "date",
    "int": "number",
    "double": "number",
    "varchar": "text",
    "varchar_auto": "text",
    "text": "text",
    "enum": "choice",
    "set": "choice",
}


def is_custom(code: str) -> bool:
    """Return whether this is the code of a field that people made: 40 hexadecimal digits."""
    return len(code) == 40 and all(sign in "0123456789abcdef" for sign in code)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a page of deals refers to by id; lines are kept by their deal, labels by a choice's field."""

    companies: Mapping[str, str]
    owners: Mapping[str, Owner]
    lines: Mapping[str, list[LineRecord]]
    labels: Mapping[str, Mapping[str, str]]


def deal_of(
    row: Mapping[str, Any], *, near: Neighbours, fields: Mapping[str, str], base: str
) -> DealRecord | Skipped:
    """Return the deal, or why it cannot be read."""
    deal_id = text_of(row.get("id"))
    changed_at = instant_of(row.get("update_time"))
    if not deal_id or changed_at is None:
        return Skipped(deal_id, "Pipedrive gave no id or no time of the last change.")
    owner_id = text_of(row.get("owner_id"))
    owner = near.owners.get(owner_id, Owner(owner_id, ""))
    mapped = {name: _value(row, code, near.labels.get(code, {})) for name, code in fields.items()}
    return DealRecord(
        id=deal_id,
        name=text_of(row.get("title")),
        changed_at=changed_at,
        stage_id=text_of(row.get("stage_id")),
        pipeline_id=text_of(row.get("pipeline_id")),
        status=STATUSES.get(text_of(row.get("status"))),
        probability=share_of(row.get("probability"), of=100),
        amount=decimal_of(row.get("value")),
        currency=text_of(row.get("currency")),
        close_on=date_of(row.get("expected_close_date")),
        company=near.companies.get(text_of(row.get("org_id")), ""),
        owner_id=owner_id,
        owner_name=owner.name,
        owner_email=owner.email,
        product=text_of(mapped.get("product")),
        quantity=decimal_of(mapped.get("quantity")),
        promised_on=date_of(mapped.get("promised_on")),
        earliest_start=date_of(mapped.get("earliest_start")),
        lines=tuple(near.lines.get(deal_id, ())),
        url=f"{base}/deal/{deal_id}",
        created_on=date_of(row.get("add_time")),
        archived=bool(row.get("is_archived")),
    )


def _value(row: Mapping[str, Any], code: str, labels: Mapping[str, str]) -> Any:
    """Return the plain value of a field that an admin mapped; choices by their labels."""
    value = (row.get("custom_fields") or {}).get(code) if is_custom(code) else row.get(code)
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, list):
        return ", ".join(labels.get(text_of(one), text_of(one)) for one in value)
    return labels.get(text_of(value), value)


def is_gone(row: Mapping[str, Any]) -> bool:
    """Return whether the deal was deleted, which Pipedrive shows for 30 days."""
    return bool(row.get("is_deleted")) or row.get("status") == "deleted"


def gone_of(row: Mapping[str, Any]) -> Gone:
    """Return a deleted deal. A merged one looks alike here: only the webhook names the survivor."""
    return Gone(text_of(row.get("id")))


def line_of(row: Mapping[str, Any]) -> LineRecord:
    """Return a product attached to a deal."""
    return LineRecord(product=text_of(row.get("name")), quantity=decimal_of(row.get("quantity")))


def owner_of(row: Mapping[str, Any]) -> Owner:
    """Return a person who uses Pipedrive, former ones too: their deals are still there."""
    return Owner(text_of(row.get("id")), text_of(row.get("name")), text_of(row.get("email")))


def pipeline_of(row: Mapping[str, Any]) -> Pipeline:
    """Return a pipeline."""
    return Pipeline(text_of(row.get("id")), text_of(row.get("name")))


def stage_of(row: Mapping[str, Any], *, weighted: bool) -> Stage:
    """Return a stage; without `weighted` the company does not use probabilities in this pipeline."""
    return Stage(
        id=text_of(row.get("id")),
        name=text_of(row.get("name")),
        pipeline_id=text_of(row.get("pipeline_id")),
        position=int(decimal_of(row.get("order_nr")) or 0),
        probability=share_of(row.get("deal_probability"), of=100) if weighted else None,
    )


def fields_of(rows: Iterable[Mapping[str, Any]]) -> Iterator[CrmField]:
    """Return the fields that may be mapped; a field's code is what is kept, for labels change."""
    for row in rows:
        label = text_of(row.get("field_name"))
        if label not in FIELD_LABELS.values():
            kind = KINDS.get(text_of(row.get("field_type")), "other")
            yield CrmField(text_of(row.get("field_code")), label, kind)


def labels_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the choices of a field by their ids; none for a field without choices."""
    return {text_of(one.get("id")): text_of(one.get("label")) for one in row.get("options") or []}
