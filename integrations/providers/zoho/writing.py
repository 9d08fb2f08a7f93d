"""Writes a verdict back: our fields on the deal, and one note that is kept up to date."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from integrations.crm import FIELD_LABELS, NoteUnknown, OwnField, WriteOp
from integrations.http import Unreachable
from integrations.providers.zoho.calls import Api, Refused, stamp
from integrations.providers.zoho.records import label_of
from integrations.readings import text_of

# Views and filters take no text areas: the verdict is a short text.
TYPES: Mapping[OwnField, Mapping[str, Any]] = {
    OwnField.VERDICT: {"data_type": "text", "length": 255},
    OwnField.EARLIEST: {"data_type": "date"},
    OwnField.REASON: {"data_type": "textarea", "length": 2000, "textarea": {"type": "small"}},
    OwnField.LINK: {"data_type": "website", "length": 450},
    OwnField.CHECKED_AT: {"data_type": "datetime"},
}


def ensure_fields(api: Api) -> dict[OwnField, str]:
    """Make the fields of ours that the company lacks; return the names of all.

    Zoho makes up a field's name of its label and does not tell it: the fields are read again.
    """
    there = _own_fields(api)
    missing = [own for own in FIELD_LABELS if own not in there]
    if not missing:
        return there
    asked = [{"field_label": FIELD_LABELS[own], **TYPES[own]} for own in missing]
    api.write("POST", "settings/fields", "fields", asked, params={"module": "Deals"})
    return _own_fields(api)


def _own_fields(api: Api) -> dict[OwnField, str]:
    rows = fields_of_deals(api)
    names = {label_of(row): text_of(row.get("api_name")) for row in rows if row.get("custom_field")}
    return {own: names[label] for own, label in FIELD_LABELS.items() if label in names}


def fields_of_deals(api: Api) -> list[Any]:
    """Return the fields of deals that the person may see."""
    found: list[Any] = api.ask("GET", "settings/fields", "fields", params={"module": "Deals"}).get(
        "fields", []
    )
    return found


def write_fields(api: Api, op: WriteOp, own_fields: Mapping[str, str]) -> None:
    """Write those of our values that have a field in Zoho; no workflow of the company starts."""
    values = {own_fields[own]: _value(value) for own, value in op.values.items() if own in own_fields}
    if values:
        api.write("PUT", "Deals", "data", [{"id": op.deal_id, **values}], trigger=[])


def _value(value: str | date | datetime | None) -> str | None:
    if isinstance(value, datetime):
        return stamp(value)
    return value.isoformat() if isinstance(value, date) else value


def write_note(api: Api, op: WriteOp) -> str:
    """Update our note, or make it where there is none (any more); return its id."""
    known = op.note_id or (_find_note(api, op) if op.note_may_exist else "")
    said = {"Note_Title": "Concord", "Note_Content": _content(op)}
    if known and _update_note(api, known, said):
        return known
    parent = {"module": {"api_name": "Deals"}, "id": op.deal_id}
    try:
        made = api.write("POST", "Notes", "data", [{**said, "Parent_Id": parent}])
    except Unreachable as error:
        if not error.sent:
            raise
        raise NoteUnknown("Zoho did not say whether the note was made.") from error
    return text_of(made.get("id"))


def _update_note(api: Api, note_id: str, said: Mapping[str, str]) -> bool:
    """Return whether the note was still there."""
    try:
        api.write("PUT", f"Notes/{int(note_id)}", "data", [said])
    except Refused as refused:
        if _names_the_id(refused):
            return False
        raise
    return True


def _names_the_id(refused: Refused) -> bool:
    """Return whether the id was refused: Zoho names it as a field, as a part of the path, or not at all."""
    return refused.code == "INVALID_DATA" and refused.details.get("api_name", "id") == "id"


def _find_note(api: Api, op: WriteOp) -> str:
    for row in api.rows(f"Deals/{int(op.deal_id)}/Notes", fields="id,Note_Content"):
        if op.marker in str(row.get("Note_Content")):
            return text_of(row.get("id"))
    return ""


def _content(op: WriteOp) -> str:
    """Return the note's text with the marker by which it is found again."""
    return op.note if op.marker in op.note else f"{op.note}\n{op.marker}"
