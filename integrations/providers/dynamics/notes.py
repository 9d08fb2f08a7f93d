"""Our one note on an opportunity. We choose its key, so that making it twice makes one."""

from uuid import UUID, uuid5

from integrations.crm import NoteUnknown, WriteOp
from integrations.http import Unreachable
from integrations.providers.dynamics.calls import Calls, is_guid
from integrations.providers.dynamics.refusals import AlreadyThere, Missing, Unclear

SPACE = UUID("6f0c7b1e-5a54-4f0e-9a39-0d2c5f8f6b11")
QUIETLY = {"MSCRM.SuppressCallbackRegistrationExpanderJob": "true"}  # starts none of the customer's flows


def put_note(calls: Calls, op: WriteOp) -> str:
    """Update or make the note and return its id; raise NoteUnknown when the making had no answer."""
    text = op.note if op.marker in op.note else f"{op.note}\n\n{op.marker}"
    key = uuid5(SPACE, f"{op.deal_id} {op.marker}")
    if is_guid(op.note_id):
        if _updated(calls, op.note_id, text):
            return op.note_id
        key = uuid5(UUID(op.note_id), op.marker)  # somebody deleted it: the next key, the same at every try
    elif op.note_may_exist and _updated(calls, str(key), text):
        return str(key)
    _make(calls, str(key), op.deal_id, text)
    return str(key)


def _updated(calls: Calls, key: str, text: str) -> bool:
    try:
        calls.send(
            "PATCH", f"annotations({key})", json={"notetext": text}, headers=QUIETLY | {"If-Match": "*"}
        )
    except Missing:
        return False
    return True


def _make(calls: Calls, key: str, deal_id: str, text: str) -> None:
    values = {
        "subject": "Concord",
        "notetext": text,
        "objectid_opportunity@odata.bind": f"/opportunities({deal_id})",
    }
    try:
        calls.send("PATCH", f"annotations({key})", json=values, headers=QUIETLY | {"If-None-Match": "*"})
    except AlreadyThere:
        _updated(calls, key, text)
    except (Unreachable, Unclear) as error:
        if isinstance(error, Unreachable) and not error.sent:
            raise
        raise NoteUnknown("Dynamics 365 did not answer whether the note was made.") from None
