"""Our one note on an opportunity: a completed task, which can be updated in place and found by its deal.

A ContentNote would need a second record to hang on the opportunity, and its text cannot be read in a query.
"""

from typing import Any

from integrations.crm import CrmError, NoteUnknown, WriteOp
from integrations.http import Unreachable
from integrations.providers.salesforce.calls import Calls
from integrations.providers.salesforce.refusals import Missing, Unclear
from integrations.providers.salesforce.soql import is_id, select

SUBJECT = "Concord"


def put_note(calls: Calls, op: WriteOp) -> str:
    """Update or make the note and return its id; raise NoteUnknown when the making had no answer."""
    text = op.note if op.marker in op.note else f"{op.note}\n\n{op.marker}"
    known = op.note_id or (_found(calls, op) if op.note_may_exist else "")
    if known and is_id(known):
        try:
            calls.send("PATCH", f"sobjects/Task/{known}", json={"Description": text})
            return known
        except Missing:
            pass  # somebody deleted it: make a new one
    return _make(calls, op.deal_id, text)


def _found(calls: Calls, op: WriteOp) -> str:
    """Return the id of the task with our marker. A description cannot be searched for, so it is read."""
    where = f"WhatId = '{op.deal_id}' AND Subject = '{SUBJECT}' AND IsDeleted = false"
    rows = calls.query(
        select("Id, Description", "Task", where=where, order="Id"),
        deleted=True,  # queryAll also sees activities that Salesforce has archived after a year
    )
    return next((str(row["Id"]) for row in rows if op.marker in str(row.get("Description") or "")), "")


def _make(calls: Calls, deal_id: str, text: str) -> str:
    values = {"WhatId": deal_id, "Subject": SUBJECT, "Description": text, "Status": _done(calls)}
    try:
        made: Any = calls.send("POST", "sobjects/Task", json=values)
    except (Unreachable, Unclear) as error:
        if isinstance(error, Unreachable) and not error.sent:
            raise
        raise NoteUnknown("Salesforce did not answer whether the note was made.") from None
    if not isinstance(made, dict) or not made.get("success") or not made.get("id"):
        raise CrmError("Salesforce did not make the note.", permanent=True)
    return str(made["id"])


def _done(calls: Calls) -> str:
    """Return the status of a completed task in this organization's words, so that the note is no to-do."""
    rows = calls.query(select("ApiName", "TaskStatus", where="IsClosed = true", order="SortOrder", most=1))
    if not rows:
        raise CrmError("Salesforce has no status for completed tasks; the note needs one.", permanent=True)
    return str(rows[0]["ApiName"])
