"""What Salesforce's refusals mean, as sentences for an admin."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from integrations.crm import CrmError, NeedsSignIn, TokenExpired
from integrations.http import Reply
from integrations.readings import text_of

HOUR = timedelta(hours=1)
LATER: dict[str, tuple[timedelta, str]] = {
    "REQUEST_LIMIT_EXCEEDED": (
        HOUR,
        "Salesforce’s requests of the last 24 hours are used up. Concord tries again in an hour.",
    ),
    "UNABLE_TO_LOCK_ROW": (
        timedelta(seconds=30),
        "Somebody else was saving the same record in Salesforce. Concord tries again shortly.",
    ),
    "QUERY_TIMEOUT": (timedelta(minutes=5), "Salesforce took too long to find the records."),
    "INVALID_QUERY_LOCATOR": (timedelta(minutes=1), "Salesforce lost its place in a long answer."),
    "SERVER_UNAVAILABLE": (timedelta(minutes=1), "Salesforce is not available at the moment."),
    "TXN_SECURITY_METERING_ERROR": (
        timedelta(minutes=5),
        "Salesforce’s transaction security is slow. Give the person “Exempt from Transaction Security”.",
    ),
}
CROWDED = (timedelta(minutes=1), "Too many requests run in Salesforce at once. Concord tries again shortly.")
GONE = ("NOT_FOUND", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY")
# What a sign-in says of its moment, under the same code as of a key that is refused for good.
BUSY = ("already being processed", "login rate exceeded")
RIGHTS = {
    "API_CURRENTLY_DISABLED": "The person’s profile in Salesforce lacks the permission “API Enabled”.",
    "API_DISABLED_FOR_ORG": "This edition of Salesforce has no API. Ask Salesforce to enable it.",
    "INSUFFICIENT_ACCESS": "The person may not do this in Salesforce.",
    "INSUFFICIENT_ACCESS_OR_READONLY": "The person may not change this record in Salesforce.",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "The person may not change this deal in Salesforce.",
}


class Missing(CrmError):
    """The record or object is not there, or not for this person."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class Unclear(CrmError):
    """The answer does not tell whether the request had its effect."""


def refusal(reply: Reply, *, oauth: bool, now: Callable[[], datetime]) -> CrmError:
    """Return what an answer without success means."""
    if reply.status == 401:
        return _signed_out(oauth)
    faults = _faults(reply)
    if faults is None:
        return Unclear(f"Salesforce answered with a web page or nothing readable (status {reply.status}).")
    code, said = faults
    if code in LATER:
        # The same code says that the day's requests are used up and that too many run at this moment.
        wait, message = CROWDED if "concurrent" in said.lower() else LATER[code]
        return CrmError(message, try_at=now() + wait)
    if reply.status == 429:
        return CrmError("Salesforce asks for a pause.", try_at=now() + _pause(reply))
    if reply.status >= 500:
        return Unclear("Salesforce has a fault of its own at the moment.")
    if reply.status == 404 or code in GONE:
        return Missing("Salesforce no longer has this record, or the person may not see it.")
    reason = (said or code).rstrip(".")
    if reply.status == 403:
        return CrmError(RIGHTS.get(code, f"Salesforce does not allow this: {reason}."), permanent=True)
    return CrmError(RIGHTS.get(code, f"Salesforce’s rules refuse this: {reason}."), permanent=True)


def _signed_out(oauth: bool) -> CrmError:
    if oauth:
        return TokenExpired("The sign-in to Salesforce has run out.")
    return NeedsSignIn("Salesforce no longer accepts the sign-in. Connect again.")


def _pause(reply: Reply) -> timedelta:
    said = reply.headers.get("retry-after", "")
    return timedelta(seconds=int(said)) if said.isdecimal() else timedelta(minutes=1)


def _faults(reply: Reply) -> tuple[str, str] | None:
    """Return the first error's code and its text with the fields; None when the body is no such answer."""
    try:
        body: Any = reply.json()
    except ValueError:
        return None
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, dict) or "errorCode" not in first:
        return None
    fields = ", ".join(text_of(name, 80) for name in first.get("fields") or [])
    said = text_of(first.get("message"), 300)
    return text_of(first["errorCode"], 80), f"{said} ({fields})" if fields else said


def sign_in_refusal(reply: Reply) -> CrmError:
    """Return what it means that an app of the customer's own got no access token."""
    try:
        answer = reply.json()
        code, said = text_of(answer.get("error"), 60), text_of(answer.get("error_description")).lower()
    except (ValueError, AttributeError):
        code = said = ""
    if reply.status >= 500 or not code:
        return CrmError(f"Salesforce’s sign-in did not answer as expected (status {reply.status}).")
    if code == "rate_limit_exceeded" or any(each in said for each in BUSY):
        return CrmError("Too many sign-ins at Salesforce at once. Concord tries again shortly.")
    if code in ("invalid_client_id", "invalid_client"):
        return NeedsSignIn("Salesforce does not know this consumer key and secret. Enter them again.")
    return NeedsSignIn(
        f"Salesforce refused the sign-in of the External Client App ({code}). Check that its client "
        "credentials flow is enabled, that a “Run As” user is set, and that the login host is your My Domain."
    )
