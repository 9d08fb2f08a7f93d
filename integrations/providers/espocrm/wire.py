"""Speaks EspoCRM's REST API: lists by searchParams, and refusals whose reason stands in a header."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import urlsplit

from integrations.crm import CrmError, NeedsSignIn
from integrations.http import Door, Reply
from integrations.readings import retry_at, text_of

MOST = 200  # more is refused
WAIT = timedelta(minutes=1)  # no limits are documented; a proxy may have its own
# After about ten failed sign-ins within a minute every request from our address is refused, good ones too.
LOCKED = "failed login attempts"
Row = Mapping[str, Any]
Where = dict[str, Any]


class Refused(CrmError):
    """EspoCRM will not do it, with its reason."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class NotAllowed(Refused):
    """The user's role does not allow it."""


class Missing(Refused):
    """The record is not there (any more)."""


class NoAnswer(CrmError):
    """What came back is not EspoCRM's: whether the request had effect is not known."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows, and how many there are altogether where that was asked for."""

    rows: tuple[Row, ...]
    total: int | None = None


def site_of(address: str) -> str:
    """Return where EspoCRM lives, folder included, of the address of any of its pages."""
    parts = urlsplit(address.strip())
    folder = parts.path.partition("/api/v1")[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{folder}"


def condition(attribute: str, operator: str, value: Any) -> Where:
    """Return a condition of a list, as in condition("modifiedAt", "greaterThanOrEquals", since)."""
    return {"type": operator, "attribute": attribute, "value": value}


class Wire:
    """One EspoCRM as the key's user sees it."""

    def __init__(self, door: Door, site: str, key: str, now: Callable[[], datetime]) -> None:
        self._door, self._base, self._now = door, f"{site}/api/v1/", now
        self._headers = {"X-Api-Key": key}

    def listed(
        self,
        path: str,
        select: Sequence[str],
        where: Sequence[Where] = (),
        *,
        size: int = MOST,
        offset: int = 0,
        order: tuple[str, str] = ("id", "asc"),
        total: bool = False,
    ) -> Listing:
        """Return rows of a list, in the order of their ids unless it is said; at most MOST."""
        search: dict[str, Any] = {
            "select": list(select),  # a text with commas is known as a parameter of its own alone
            "orderBy": order[0],
            "order": order[1],
            "maxSize": size,
            "offset": offset,
        }
        if where:
            search["where"] = list(where)
        params = {"searchParams": json.dumps(search, separators=(",", ":"))}
        extra = {} if total else {"X-No-Total": "true"}
        answer = self.send("GET", path, params=params, headers=extra)
        if not isinstance(answer, dict) or not isinstance(answer.get("list"), list):
            raise NoAnswer("The address gave an answer that is not EspoCRM's. Check it.")
        counted = answer.get("total")
        return Listing(tuple(answer["list"]), counted if total and isinstance(counted, int) else None)

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the answer's JSON."""
        reply = self._door.send(
            method, self._base + path, headers={**self._headers, **(headers or {})}, params=params, json=body
        )
        if reply.status >= 300:
            self._refuse(reply)
        try:
            return reply.json()
        except ValueError:
            raise _page(reply) from None

    def _refuse(self, reply: Reply) -> NoReturn:
        reason = text_of(reply.headers.get("x-status-reason"), 300)
        if reply.status < 400:
            raise Refused("The address leads on to another one: enter the address that EspoCRM ends up at.")
        if reply.status == 429 or LOCKED in reason:
            later = retry_at(reply.headers.get("retry-after"), self._now()) or self._now() + WAIT
            raise CrmError("EspoCRM asked for a pause: too many requests or sign-ins.", try_at=later)
        if reply.status >= 500 or (not reason and reply.text.lstrip().startswith("<")):
            raise _page(reply)
        if reply.status == 401:
            raise NeedsSignIn("EspoCRM no longer accepts the API key. Enter the one of the API user.")
        if reply.status == 404:
            raise Missing("The record is no longer in EspoCRM.")
        if reply.status == 403:
            raise NotAllowed(f"The role of EspoCRM's API user does not allow this. {_said(reason)}".strip())
        raise Refused(f"EspoCRM refused this (status {reply.status}). {_said(reason)}".strip())


def _said(reason: str) -> str:
    return f"EspoCRM says: {reason.rstrip('.')}." if reason else ""


def _page(reply: Reply) -> NoAnswer:
    return NoAnswer(
        f"The address answered with a web page (status {reply.status}) instead of EspoCRM's data. If this "
        "goes on, EspoCRM may be down, a firewall in between, or the address not EspoCRM's."
    )
