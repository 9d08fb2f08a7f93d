"""Writes back: our fields on the opportunity, and one note in its chatter that is updated in place."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from html import escape
from typing import Any

from integrations.crm import FIELD_LABELS, CrmError, NoteUnknown, OwnField, WriteOp
from integrations.http import Unreachable
from integrations.providers.odoo.wire import Missing, NoAnswer, NotAllowed, Wire

BODY_IS_HTML_SINCE = 17  # before, a note's text was HTML without saying so
TYPES = {
    OwnField.VERDICT: "char",
    OwnField.EARLIEST: "date",
    OwnField.REASON: "text",
    OwnField.LINK: "char",
    OwnField.CHECKED_AT: "datetime",
}


def value_of(value: str | date | datetime | None) -> str | bool:
    """Return a value as Odoo takes it: False for nothing, instants in UTC."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return value.isoformat() if isinstance(value, date) else value or False


def ensure_fields(wire: Wire) -> Mapping[OwnField, str]:
    """Make the fields of ours that opportunities lack; return all with their names in Odoo."""
    keys = {field: f"x_{field}" for field in OwnField}
    there = wire.call("crm.lead", "fields_get", allfields=list(keys.values()), attributes=["type"])
    missing = {field: key for field, key in keys.items() if key not in there}
    if missing:
        _make(wire, missing)
    return keys


def _make(wire: Wire, missing: Mapping[OwnField, str]) -> None:
    try:
        model = wire.call("ir.model", "search_read", domain=[["model", "=", "crm.lead"]], fields=["model"])[0]
        rows = [
            {
                "name": key,
                "model_id": model["id"],
                "field_description": FIELD_LABELS[field],
                "ttype": TYPES[field],
                "copied": False,
            }
            for field, key in missing.items()
        ]
        wire.call("ir.model.fields", "create", vals_list=rows)
    except (NotAllowed, IndexError):
        wanted = ", ".join(f"{key} ({TYPES[field]})" for field, key in missing.items())
        raise NotAllowed(
            f"The Odoo user may not make fields. Give it Administration: Settings for a moment, or let an "
            f"administrator add these fields to the model crm.lead: {wanted}."
        ) from None


def put_fields(wire: Wire, op: WriteOp, own: Mapping[str, str]) -> None:
    """Write those of our fields that are mapped, without a line in the deal's history."""
    vals = {own[field]: value_of(value) for field, value in op.values.items() if own.get(field)}
    if vals:
        wire.call("crm.lead", "write", [int(op.deal_id)], vals=vals, context={"tracking_disable": True})


def put_note(wire: Wire, op: WriteOp) -> str:
    """Update our note or make it; return its id. Raise NoteUnknown when the answer did not come."""
    if not op.note:
        return op.note_id
    body = _body(op)
    known = op.note_id or (_search(wire, op) if op.note_may_exist else "")
    if known and _updated(wire, known, body):
        return known
    return _post(wire, op, body)


def _body(op: WriteOp) -> str:
    text = op.note if op.marker in op.note else f"{op.note}\n{op.marker}"
    return f"<p>{'<br>'.join(escape(line) for line in text.splitlines())}</p>"


def _updated(wire: Wire, note_id: str, body: str) -> bool:
    """Return whether the note could be updated: it may be gone, or written as another user."""
    try:
        wire.call("mail.message", "write", [int(note_id)], vals={"body": body})
    except (Missing, NotAllowed):
        return False
    return True


def _search(wire: Wire, op: WriteOp) -> str:
    rows = wire.call(
        "mail.message",
        "search_read",
        domain=[
            *(["model", "=", "crm.lead"], ["res_id", "=", int(op.deal_id)]),
            ["body", "ilike", escape(op.marker)],
        ],
        fields=["body"],
        order="id",
    )
    found = [row["id"] for row in rows if escape(op.marker) in str(row["body"])]
    return str(found[-1]) if found else ""


def _post(wire: Wire, op: WriteOp, body: str) -> str:
    named: dict[str, Any] = {"body": body, "message_type": "comment", "subtype_xmlid": "mail.mt_note"}
    if wire.version >= BODY_IS_HTML_SINCE:
        named["body_is_html"] = True
    try:
        made = wire.call("crm.lead", "message_post", [int(op.deal_id)], **named)
    except Unreachable as error:
        if error.sent:
            raise _unknown() from None
        raise
    except NoAnswer:
        raise _unknown() from None
    note_id = made[0] if isinstance(made, list) and made else made
    if not note_id:
        raise _unknown()
    return str(note_id)


def _unknown() -> CrmError:
    return NoteUnknown("Odoo did not say whether the note was made. Concord looks for it the next time.")
