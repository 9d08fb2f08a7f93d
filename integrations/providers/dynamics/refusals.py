"""What Dataverse's and Entra's refusals mean, as sentences for an admin."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from integrations.crm import CrmError, CursorExpired, NeedsSignIn, TokenExpired
from integrations.http import Reply
from integrations.readings import text_of

PAUSE = timedelta(minutes=5)  # the window of the service protection limits
EXPIRED_VERSION_STAMP = "0x80044352"
CHANGE_TRACKING_OFF = "0x80072491"
NOT_TRACKED = "Dynamics 365 does not tell of changes. Turn on Track changes for the table Opportunity."
NOT_A_MEMBER = "0x80072560"
FORGOTTEN = "Dynamics 365 no longer knows what has changed since the last time."
PRIVILEGE = re.compile(r"\bprv[A-Za-z]+")
BUSY = "temporarily_unavailable"
AADSTS = re.compile(r"AADSTS\d+")


class Missing(CrmError):
    """The record is not there, or not for this person."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class AlreadyThere(CrmError):
    """A record with this key exists."""


class UnknownColumn(CrmError):
    """The table has no such column (any more)."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class NotAllowed(CrmError):
    """The person lacks a right."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class Unclear(CrmError):
    """The answer does not tell whether the request had its effect."""


def refusal(reply: Reply, *, oauth: bool, now: Callable[[], datetime]) -> CrmError:
    """Return what an answer without success means."""
    if reply.status == 401:
        return _signed_out(oauth)
    if reply.status == 429:
        return CrmError("Dynamics 365 asks for a pause.", try_at=now() + pause(reply))
    if reply.status == 410:
        return CursorExpired(FORGOTTEN)
    fault = _fault(reply)
    if fault is None or reply.status >= 500:
        return Unclear(f"Dynamics 365 does not answer as it should at the moment (status {reply.status}).")
    code, said = fault
    if code == EXPIRED_VERSION_STAMP:
        return CursorExpired(FORGOTTEN)
    if code == CHANGE_TRACKING_OFF:
        return CrmError(NOT_TRACKED, permanent=True)
    return _by_status(reply.status, code, said.rstrip("."))


def _by_status(status: int, code: str, said: str) -> CrmError:
    if status == 403:
        return NotAllowed(_right(code, said))
    if status == 404:
        return Missing("Dynamics 365 no longer has this record, or the person may not see it.")
    if status == 412:
        return AlreadyThere("Dynamics 365 has a record with this key already.")
    if "Could not find a property named" in said:
        return UnknownColumn(f"A column that is mapped is not there in Dynamics 365: {said}.")
    return CrmError(f"Dynamics 365 refuses this: {said or code}.", permanent=True)


def _right(code: str, said: str) -> str:
    if code == NOT_A_MEMBER:
        return (
            "The sign-in is not a user of this environment. Add the application as an application user in "
            "the Power Platform admin centre, with a security role."
        )
    found = PRIVILEGE.search(said)
    if found:
        return f"The user lacks the privilege {found[0]} in Dynamics 365. Add it to the security role."
    return f"Dynamics 365 does not allow this: {said or code}."


def _signed_out(oauth: bool) -> CrmError:
    if oauth:
        return TokenExpired("The sign-in to Dynamics 365 has run out.")
    return NeedsSignIn("Dynamics 365 no longer accepts the sign-in. Connect again.")


def pause(reply: Reply) -> timedelta:
    """Return how long Dynamics asks us to wait."""
    said = reply.headers.get("retry-after", "")
    return timedelta(seconds=int(said)) if said.isdecimal() else PAUSE


def _fault(reply: Reply) -> tuple[str, str] | None:
    """Return the error's code and text; None when the body is no such answer."""
    try:
        body: Any = reply.json()
    except ValueError:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    return text_of(error.get("code"), 40).lower(), text_of(error.get("message"), 300)


def sign_in_refusal(reply: Reply, *, now: Callable[[], datetime]) -> CrmError:
    """Return what it means that an application got no access token from Entra."""
    try:
        body: Any = reply.json()
    except ValueError:
        body = None
    if reply.status == 429:
        return CrmError("Microsoft’s sign-in asks for a pause.", try_at=now() + pause(reply))
    if reply.status >= 500 or not isinstance(body, dict) or body.get("error") in (None, BUSY):
        return Unclear(f"Microsoft’s sign-in did not answer as expected (status {reply.status}).")
    found = AADSTS.search(str(body.get("error_description") or ""))
    code = found[0] if found else text_of(body["error"], 60)
    return NeedsSignIn(
        f"Microsoft refused the sign-in of the application ({code}). Check the tenant, the application’s id "
        "and its secret, which may have run out."
    )
