"""What Concord writes into Tryton: one note on the opportunity, and our fields where a module has them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from integrations.crm import FIELD_KINDS, CrmError, NoteUnknown, OwnField, Setup, WriteOp
from integrations.http import Unreachable
from integrations.providers.tryton.records import DEALS
from integrations.providers.tryton.wire import Row, Wire, wire_date, wire_instant

# Of which types a field of ours may be, for each kind of value.
TYPES = {
    "text": {"char", "text"},
    "url": {"char", "text"},
    "date": {"date"},
    "datetime": {"datetime", "timestamp"},
}


def own_fields(wire: Wire) -> Mapping[OwnField, str]:
    """Return the fields that bear our names: Tryton's fields are made by modules, not over the network."""
    found: dict[str, Row] = wire.call(f"{DEALS}.fields_get", [name.value for name in OwnField])
    return {
        name: name.value
        for name in OwnField
        if found.get(name.value, {}).get("type") in TYPES[FIELD_KINDS[name]]
    }


def look_for(wire: Wire, deal_id: str) -> None:
    """Raise a plain CrmError for a deal that is not there: Tryton's own words would be about its rules."""
    if not wire.call(f"{DEALS}.search_count", [["id", "=", int(deal_id)]]):
        raise CrmError("The opportunity is no longer in Tryton, or its user may not see it.", permanent=True)


def write_fields(wire: Wire, op: WriteOp, setup: Setup) -> None:
    """Write our values into the fields that are mapped."""
    mapped = {name: setup.own_fields[name] for name in op.values if setup.own_fields.get(name)}
    if mapped:
        values = {key: _wire_value(op.values[OwnField(name)]) for name, key in mapped.items()}
        wire.call(f"{DEALS}.write", [int(op.deal_id)], values)


def _wire_value(value: str | date | datetime | None) -> Any:
    if isinstance(value, datetime):
        return wire_instant(value)
    return wire_date(value) if isinstance(value, date) else value


def write_note(wire: Wire, op: WriteOp) -> str:
    """Have one note of ours say this; return its id. Raise NoteUnknown.

    Tryton lets nobody change a note's text, so a new text is a new note in the place of the old one: the old
    one goes first, so that there are never two.
    """
    text = op.note if op.marker in op.note else f"{op.note}\n{op.marker}"
    resource = f"{DEALS},{op.deal_id}"
    ours = _ours(wire, resource, op.marker) if op.note_id or op.note_may_exist else []
    kept = next((row["id"] for row in ours if row["message"] == text), None)
    if others := [row["id"] for row in ours if row["id"] != kept]:
        wire.call("ir.note.delete", others)
    return str(kept or _create(wire, {"resource": resource, "message": text}))


def _ours(wire: Wire, resource: str, marker: str) -> list[Row]:
    """Return our notes by their marker: the id we know is the old one's if a replacement broke off."""
    found = wire.rows("ir.note", [["resource", "=", resource]], ["message"])
    return [row for row in found if marker in (row["message"] or "")]


def _create(wire: Wire, note: Row) -> int:
    unknown = "The note was sent to Tryton, but no answer came: Concord looks for it the next time."
    try:
        return int(wire.call("ir.note.create", [note])[0])
    except Unreachable as error:
        if error.sent:
            raise NoteUnknown(unknown) from None
        raise
    except CrmError as error:
        # A page of a server in between does not say whether the note was made.
        if type(error) is CrmError and not error.permanent and error.try_at is None:
            raise NoteUnknown(unknown) from None
        raise
