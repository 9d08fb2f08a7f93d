"""Reads Zoho's rows into records."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from integrations.crm import FIELD_LABELS, CrmField, DealRecord, Owner, Pipeline, Skipped, Stage, Status
from integrations.readings import date_of, decimal_of, instant_of, share_of, text_of

STANDARD = (
    "Deal_Name",
    "Stage",
    "Pipeline",
    "Probability",
    "Amount",
    "Currency",
    "Closing_Date",
    "Account_Name",
    "Owner",
    "Created_Time",
    "Modified_Time",
)
STATUSES = {"closed won": Status.WON, "closed lost": Status.LOST}
KINDS = {
    "date": "date",
    "integer": "number",
    "bigint": "number",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "text": "text",
    "textarea": "text",
    "lookup": "text",
    "picklist": "choice",
    "multiselectpicklist": "choice",
}


def deal_of(row: Mapping[str, Any], *, fields: Mapping[str, str], page: str) -> DealRecord | Skipped:
    """Return the deal, or why it cannot be read; `page` is the address of all deals' pages."""
    deal_id = text_of(row.get("id"))
    changed_at = instant_of(row.get("Modified_Time"))
    if not deal_id or changed_at is None:
        return Skipped(deal_id, "Zoho gave no id or no time of the last change.")
    owner = row.get("Owner") or {}
    mapped = {name: name_of(row.get(key)) for name, key in fields.items()}
    return DealRecord(
        id=deal_id,
        name=text_of(row.get("Deal_Name")),
        changed_at=changed_at,
        stage_id=text_of(row.get("Stage")),
        pipeline_id=text_of(name_of(row.get("Pipeline"))),
        probability=share_of(row.get("Probability"), of=100),
        amount=decimal_of(row.get("Amount")),
        currency=text_of(row.get("Currency")),
        close_on=date_of(row.get("Closing_Date")),
        company=text_of(name_of(row.get("Account_Name"))),
        owner_id=text_of(owner.get("id")),
        owner_name=text_of(owner.get("name")),
        owner_email=text_of(owner.get("email")),
        product=text_of(mapped.get("product")),
        quantity=decimal_of(mapped.get("quantity")),
        promised_on=date_of(mapped.get("promised_on")),
        earliest_start=date_of(mapped.get("earliest_start")),
        url=f"{page}/{deal_id}",
        created_on=date_of(row.get("Created_Time")),
    )


def name_of(value: Any) -> Any:
    """Return a value as people read it: references by their name, several choices in one text."""
    if isinstance(value, list):
        return ", ".join(text_of(name_of(one)) for one in value)
    return value.get("name") if isinstance(value, dict) else value


def owner_of(row: Mapping[str, Any]) -> Owner:
    """Return a person who uses Zoho."""
    return Owner(text_of(row.get("id")), text_of(row.get("full_name")), text_of(row.get("email")))


def pipelines_of(rows: Iterable[Mapping[str, Any]]) -> Iterator[Pipeline]:
    """Return the pipelines, which deals name by their word; each word once, for layouts repeat them."""
    words = [word for row in rows for word in words_of(row) or [""]]
    return (Pipeline(word, word or "Deals") for word in dict.fromkeys(words))


def stages_of(rows: Iterable[Mapping[str, Any]], choices: Iterable[Mapping[str, Any]]) -> Iterator[Stage]:
    """Return the stages of all pipelines. Zoho has one list of stages: each word means the same anywhere.

    `choices` are those of the field Stage: they alone know probabilities.
    """
    likely = {word: one.get("probability") for one in choices for word in words_of(one)}
    seen: set[str] = set()
    for pipeline in rows:
        for one in pipeline.get("maps") or []:
            for word in words_of(one):
                if word not in seen:
                    seen.add(word)
                    yield _stage(one, word, text_of(pipeline.get("actual_value")), likely.get(word))


def words_of(row: Mapping[str, Any]) -> list[str]:
    """Return the word that is stored and, where people renamed it, the one that is shown."""
    words = (text_of(row.get(name)) for name in ("actual_value", "display_value"))
    return list(dict.fromkeys(word for word in words if word))


def _stage(row: Mapping[str, Any], word: str, pipeline_id: str, likely: Any) -> Stage:
    return Stage(
        id=word,
        name=text_of(row.get("display_value")) or word,
        pipeline_id=pipeline_id,
        position=int(decimal_of(row.get("sequence_number")) or 0),
        probability=share_of(likely, of=100),
        status=STATUSES.get(text_of(row.get("forecast_type")).lower(), Status.OPEN),
    )


def stage_choices_of(fields: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the choices of the field Stage."""
    return [
        one for row in fields if row.get("api_name") == "Stage" for one in row.get("pick_list_values") or []
    ]


def fields_of(rows: Iterable[Mapping[str, Any]]) -> Iterator[CrmField]:
    """Return the fields that may be mapped."""
    for row in rows:
        if label_of(row) not in FIELD_LABELS.values():
            kind = KINDS.get(text_of(row.get("data_type")), "other")
            yield CrmField(text_of(row.get("api_name")), label_of(row), kind)


def label_of(row: Mapping[str, Any]) -> str:
    """Return the name that people gave a field."""
    return text_of(row.get("field_label") or row.get("display_label"))
