"""Writes a verdict back: our fields on the deal, and one note that is kept up to date."""

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from integrations.crm import FIELD_LABELS, NoteUnknown, OwnField, WriteOp
from integrations.http import Unreachable
from integrations.providers.pipedrive.calls import MOST, Api, NotAllowed, NotThere
from integrations.providers.pipedrive.records import is_custom
from integrations.readings import text_of

# Pipedrive has no field for a moment: it is written as text. A varchar holds 255 signs.
TYPES: Mapping[OwnField, str] = {
    OwnField.VERDICT: "varchar",
    OwnField.EARLIEST: "date",
    OwnField.REASON: "text",
    OwnField.LINK: "varchar",
    OwnField.CHECKED_AT: "varchar",
}


def ensure_fields(api: Api) -> dict[OwnField, str]:
    """Make the fields of ours that the company lacks; return the codes of all.

    Of those that are there for who may make none: check() says so.
    """
    there = {
        text_of(row.get("field_name")): text_of(row.get("field_code"))
        for row in api.rows("v2/dealFields")
        if is_custom(text_of(row.get("field_code")))
    }
    codes = {own: there[label] for own, label in FIELD_LABELS.items() if label in there}
    return codes | _make_all(api, [own for own in FIELD_LABELS if own not in codes])


def _make_all(api: Api, missing: Sequence[OwnField]) -> dict[OwnField, str]:
    made: dict[OwnField, str] = {}
    for own in missing:
        try:
            made[own] = _make(api, own)
        except NotAllowed:
            return made
    return made


def _make(api: Api, own: OwnField) -> str:
    asked = {"field_name": FIELD_LABELS[own], "field_type": TYPES[own]}
    return text_of(api.ask("POST", "v2/dealFields", json=asked)["data"]["field_code"])


def write_fields(api: Api, op: WriteOp, own_fields: Mapping[str, str]) -> None:
    """Write those of our values that have a field in Pipedrive."""
    values = {own_fields[own]: _text(value) for own, value in op.values.items() if own in own_fields}
    if values:
        api.ask("PATCH", f"v2/deals/{int(op.deal_id)}", json={"custom_fields": values})


def _text(value: str | date | datetime | None) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return value.isoformat() if isinstance(value, date) else value


def write_note(api: Api, op: WriteOp) -> str:
    """Update our note, or make it where there is none (any more); return its id."""
    known = op.note_id or (_find_note(api, op) if op.note_may_exist else "")
    content = _content(op)
    if known and _update_note(api, known, content):
        return known
    try:
        made = api.ask("POST", "v1/notes", json={"content": content, "deal_id": int(op.deal_id)})
    except Unreachable as error:
        if not error.sent:
            raise
        raise NoteUnknown("Pipedrive did not say whether the note was made.") from error
    return text_of(made["data"]["id"])


def _update_note(api: Api, note_id: str, content: str) -> bool:
    """Return whether the note was still there; a deleted one may answer, but is no longer active."""
    try:
        kept = api.ask("PUT", f"v1/notes/{int(note_id)}", json={"content": content})["data"]
    except NotThere:
        return False
    return bool(kept.get("active_flag", True))


def _find_note(api: Api, op: WriteOp) -> str:
    start: Any = 0
    while start is not None:
        asked = {"deal_id": int(op.deal_id), "start": start, "limit": MOST}
        body = api.ask("GET", "v1/notes", params=asked)
        for row in body.get("data") or []:
            if op.marker in html.unescape(str(row.get("content"))):
                return text_of(row.get("id"))
        page = (body.get("additional_data") or {}).get("pagination") or {}
        start = page.get("next_start") if page.get("more_items_in_collection") else None
    return ""


def _content(op: WriteOp) -> str:
    """Return the note as HTML, with the marker by which it is found again."""
    text = op.note if op.marker in op.note else f"{op.note}\n{op.marker}"
    return html.escape(text, quote=False).replace("\n", "<br>")
