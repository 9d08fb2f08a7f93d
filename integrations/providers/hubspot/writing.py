"""What Concord writes into HubSpot: five properties of a deal in a group of their own, and one note."""

from collections.abc import Mapping
from datetime import date, datetime
from html import escape

from integrations.crm import FIELD_KINDS, FIELD_LABELS, CrmError, NoteUnknown, OwnField, Setup, WriteOp
from integrations.http import Unreachable
from integrations.providers.hubspot.wire import OBJECTS, RELEASE, Missing, Taken, Trouble, Wire, results_of

PROPERTIES = f"/crm/properties/{RELEASE}/deals"
GROUP = "concord"
KINDS = {
    "text": ("string", "textarea"),
    "url": ("string", "text"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
}
NOTE_TO_DEAL = 214  # HubSpot's number of the association "note to deal"


def ensure_fields(wire: Wire) -> Mapping[OwnField, str]:
    """Make the group and the properties that are missing."""
    there = {str(raw["name"]) for raw in results_of(wire.ask("GET", PROPERTIES))}
    missing = [name for name in OwnField if name not in there]
    if missing:
        _make(wire, f"{PROPERTIES}/groups", {"name": GROUP, "label": "Concord", "displayOrder": -1})
    for name in missing:
        kind, field_kind = KINDS[FIELD_KINDS[name]]
        definition = {"name": name.value, "label": FIELD_LABELS[name], "type": kind, "fieldType": field_kind}
        _make(wire, PROPERTIES, {**definition, "groupName": GROUP})
    return {name: name.value for name in OwnField}


def _make(wire: Wire, path: str, body: dict[str, object]) -> None:
    try:
        wire.ask("POST", path, body=body)
    except Taken:
        return  # made in the meantime, or by an earlier try whose answer was lost


def write_fields(wire: Wire, op: WriteOp, setup: Setup) -> None:
    """Write our values into the properties that are mapped."""
    values = {
        setup.own_fields[name]: _text(value)
        for name, value in op.values.items()
        if setup.own_fields.get(name)
    }
    if not values:
        return
    try:
        wire.ask("PATCH", f"{OBJECTS}/deals/{op.deal_id}", body={"properties": values})
    except Missing:
        raise CrmError("The deal is no longer in HubSpot.", permanent=True) from None


def _text(value: str | date | datetime | None) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value


def write_note(wire: Wire, op: WriteOp, now: datetime) -> str:
    """Update our note, or make it where there is none; return its id. Raise NoteUnknown."""
    text = op.note if op.marker in op.note else f"{op.note}\n{op.marker}"
    body = escape(text).replace("\n", "<br>")
    known = op.note_id or (_found(wire, op) if op.note_may_exist else "")
    if known:
        try:
            wire.ask("PATCH", f"{OBJECTS}/notes/{known}", body={"properties": {"hs_note_body": body}})
        except Missing:
            known = ""  # somebody deleted it
    return known or _create(wire, op, body, now)


def _found(wire: Wire, op: WriteOp) -> str:
    links = wire.links("deals", "notes", [op.deal_id]).get(op.deal_id, [])
    notes = wire.batch("notes", [str(link["toObjectId"]) for link in links], ["hs_note_body"])
    marker = escape(op.marker)
    ours = [str(raw["id"]) for raw in notes if marker in str(raw["properties"].get("hs_note_body") or "")]
    return min(ours, key=int, default="")


def _create(wire: Wire, op: WriteOp, body: str, now: datetime) -> str:
    link = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": NOTE_TO_DEAL}
    note = {
        "properties": {"hs_note_body": body, "hs_timestamp": now.isoformat(timespec="milliseconds")},
        "associations": [{"to": {"id": op.deal_id}, "types": [link]}],
    }
    unknown = "The note was sent to HubSpot, but no answer came: Concord looks for it the next time."
    try:
        return str(wire.ask("POST", f"{OBJECTS}/notes", body=note)["id"])
    except Trouble:  # a 500 or a firewall's page does not say whether the note was made
        raise NoteUnknown(unknown) from None
    except Unreachable as error:
        if error.sent:
            raise NoteUnknown(unknown) from None
        raise
