"""Writes back: our fields on the opportunity, and one post in its stream that is updated in place."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from integrations.crm import CrmError, NoteUnknown, WriteOp
from integrations.http import Unreachable
from integrations.providers.espocrm.wire import MOST, Missing, NoAnswer, NotAllowed, Refused, Wire

OURS_ANYWAY = {"X-Skip-Duplicate-Check": "true"}  # otherwise a deal that looks like another is a conflict
POSTS_SEARCHED = 10 * MOST


def value_of(value: str | date | datetime | None) -> str | None:
    """Return a value as EspoCRM takes it: instants in UTC."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return value.isoformat() if isinstance(value, date) else value or None


def put_fields(wire: Wire, op: WriteOp, own: Mapping[str, str]) -> None:
    """Write those of our fields that are mapped; raise Refused for one that EspoCRM drops without a word."""
    values = {own[field]: value_of(value) for field, value in op.values.items() if own.get(field)}
    if not values:
        return
    answer = wire.send("PUT", f"Opportunity/{op.deal_id}", values, headers=OURS_ANYWAY)
    dropped = [key for key, value in values.items() if value and not answer.get(key)]
    if dropped:
        raise Refused(
            f"EspoCRM did not keep {', '.join(sorted(dropped))}: the field is missing there, or the role "
            "of the API user may not edit it."
        )


def put_note(wire: Wire, op: WriteOp) -> str:
    """Update our post or make it; return its id. Raise NoteUnknown when the answer did not come."""
    if not op.note:
        return op.note_id
    text = op.note if op.marker in op.note else f"{op.note}\n{op.marker}"
    known = op.note_id or (_search(wire, op) if op.note_may_exist else "")
    if known and _updated(wire, known, text):
        return known
    return _post(wire, op, text)


def _updated(wire: Wire, note_id: str, text: str) -> bool:
    """Return whether the post could be updated; one that may not be edited any more is taken away.

    EspoCRM lets nobody but administrators edit a post after seven days, and delete it after a month.
    """
    try:
        wire.send("PUT", f"Note/{note_id}", {"post": text})
    except Missing:
        return False
    except NotAllowed:
        _take_away(wire, note_id)
        return False
    return True


def _take_away(wire: Wire, note_id: str) -> None:
    try:
        wire.send("DELETE", f"Note/{note_id}")
    except (Missing, NotAllowed):
        return  # then it stays as what was true at its time


def _search(wire: Wire, op: WriteOp) -> str:
    for offset in range(0, POSTS_SEARCHED, MOST):
        path = f"Opportunity/{op.deal_id}/posts"
        answer = wire.send("GET", path, params={"maxSize": MOST, "offset": offset})
        rows = answer.get("list") or []
        for row in rows:
            if op.marker in str(row.get("post")):
                return str(row["id"])
        if len(rows) < MOST:
            break
    return ""


def _post(wire: Wire, op: WriteOp, text: str) -> str:
    note = {"type": "Post", "parentType": "Opportunity", "parentId": op.deal_id, "post": text}
    try:
        made = wire.send("POST", "Note", note)
    except Unreachable as error:
        if error.sent:
            raise _unknown() from None
        raise
    except NoAnswer:
        raise _unknown() from None
    note_id = made.get("id") if isinstance(made, dict) else None
    if not note_id:
        raise _unknown()
    return str(note_id)


def _unknown() -> CrmError:
    return NoteUnknown("EspoCRM did not say whether the note was made. Concord looks for it the next time.")
