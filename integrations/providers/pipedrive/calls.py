"""Requests to Pipedrive: where they go, what each costs of the day's tokens, what a refusal means."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from integrations.crm import CrmError, NeedsSignIn, TokenExpired
from integrations.http import Door, Reply
from integrations.readings import decimal_of, retry_at, text_of

SUFFIX = ".pipedrive.com"
MOST = 500  # rows of one page
BATCH = 100  # ids in one request
# A burst is over after 2 s; who does not listen is shut out by the firewall, so we wait longer.
PAUSE, SHUT_OUT, NEXT_LOOK = timedelta(seconds=10), timedelta(minutes=30), timedelta(hours=1)
# What a request costs of the company's day (x-token-cost in Pipedrive's API description).
COSTS: Mapping[tuple[str, str], int] = {
    ("GET", "v2/deals"): 10,
    ("GET", "v2/deals/archived"): 20,
    ("PATCH", "v2/deals/*"): 5,
    ("GET", "v2/deals/products"): 10,
    ("GET", "v2/organizations"): 10,
    ("GET", "v2/products"): 10,
    ("GET", "v2/pipelines"): 5,
    ("GET", "v2/stages"): 5,
    ("GET", "v2/dealFields"): 10,
    ("GET", "v2/dealFields/*"): 1,
    ("POST", "v2/dealFields"): 5,
    ("GET", "v1/users"): 20,
    ("GET", "v1/users/me"): 2,
    ("GET", "v1/notes"): 20,
    ("POST", "v1/notes"): 10,
    ("PUT", "v1/notes/*"): 10,
    ("GET", "v1/webhooks"): 10,
    ("POST", "v1/webhooks"): 10,
    ("DELETE", "v1/webhooks/*"): 6,
}


class NotThere(CrmError):
    """What was asked for does not exist in Pipedrive (any more)."""


class NotAllowed(CrmError):
    """The person or the app lacks the right."""


def host_of(entries: Mapping[str, str]) -> str:
    """Return the company's host of what was entered, in whichever form; "" if it is none."""
    entered = entries.get("company_domain", "").strip().lower()
    host = urlsplit(entered).hostname if "//" in entered else entered.split("/")[0]
    name = (host or "").removesuffix(SUFFIX)
    return f"{name}{SUFFIX}" if re.fullmatch(r"[a-z0-9-]+", name) else ""


def base_of(credentials: Mapping[str, Any], entries: Mapping[str, str]) -> str:
    """Return the company's address without a path, as in https://brightwater.pipedrive.com."""
    if credentials.get("oauth"):
        return str(credentials.get("api_domain", "")).rstrip("/")
    host = host_of(entries)
    if not host:
        raise CrmError(
            "The company domain is missing or wrong: enter the first part of your Pipedrive address, "
            "as in brightwater for brightwater.pipedrive.com.",
            permanent=True,
        )
    return f"https://{host}"


class Api:
    """Sends requests as one person of one company."""

    def __init__(
        self,
        door: Door,
        credentials: Mapping[str, Any],
        entries: Mapping[str, str],
        now: Callable[[], datetime],
    ) -> None:
        self._door, self._credentials, self._entries, self._now = door, credentials, entries, now

    @property
    def base(self) -> str:
        """Return the address that people see, too."""
        return base_of(self._credentials, self._entries)

    def ask(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, json: Any = None
    ) -> dict[str, Any]:
        """Return the answer's body; raise CrmError and its kinds for everything that is no success."""
        kind = re.sub(r"/([0-9]+|[0-9a-f]{40})$", "/*", path)
        reply = self._door.send(
            method,
            f"{self.base}/api/{path}",
            headers=self._sign_in(),
            params=params,
            json=json,
            cost=COSTS[method, kind],
        )
        body = _body(reply)
        if reply.status in (200, 201) and body is not None and body.get("success") is True:
            return body
        raise self._refusal(reply, body)

    def page(self, path: str, **params: Any) -> tuple[list[Any], str]:
        """Return the rows of one page of a v2 list and the mark of the next; "" after the last."""
        body = self.ask("GET", path, params={name: v for name, v in params.items() if v not in (None, "")})
        more = body.get("additional_data") or {}
        return body.get("data") or [], more.get("next_cursor") or ""

    def rows(self, path: str, **params: Any) -> Iterator[Any]:
        """Yield the rows of all pages of a v2 list."""
        after = ""
        while True:
            found, after = self.page(path, limit=MOST, cursor=after, **params)
            yield from found
            if not after:
                return

    def rows_of(self, path: str, name: str, ids: Sequence[str], **params: Any) -> Iterator[Any]:
        """Yield the rows that belong to these ids, asked for by the parameter `name` in batches."""
        for start in range(0, len(ids), BATCH):
            yield from self.rows(path, **{name: ",".join(ids[start : start + BATCH])}, **params)

    def _sign_in(self) -> dict[str, str]:
        if self._credentials.get("oauth"):
            return {"Authorization": f"Bearer {self._credentials['access_token']}"}
        token = self._credentials.get("api_token")
        if not token:
            raise NeedsSignIn("Sign in to Pipedrive or enter a personal API token.")
        return {"x-api-token": str(token)}

    def _refusal(self, reply: Reply, body: dict[str, Any] | None) -> CrmError:
        if reply.status == 401:
            return self._not_signed_in()
        if reply.status == 429:
            return self._too_many(reply)
        if body is None:
            return self._no_answer(reply)
        said = _said(body)
        if reply.status in (404, 410):
            return NotThere(f"Pipedrive no longer has this record{said}.", permanent=True)
        if reply.status == 402:
            return CrmError(f"Pipedrive has closed this company's account{said}.", permanent=True)
        if reply.status == 403:
            return NotAllowed(
                f"Pipedrive does not allow this{said}. Give the person or app the rights listed here.",
                permanent=True,
            )
        if reply.status in (400, 405, 409, 413, 415, 422):
            return CrmError(f"Pipedrive refused the request{said}.", permanent=True)
        return CrmError(f"Pipedrive has a problem of its own (HTTP {reply.status}).")

    def _not_signed_in(self) -> CrmError:
        if self._credentials.get("oauth"):
            return TokenExpired("The sign-in to Pipedrive has run out.")
        return NeedsSignIn("Pipedrive no longer accepts the API token: enter a new one.")

    def _too_many(self, reply: Reply) -> CrmError:
        now, headers = self._now(), reply.headers
        told = retry_at(headers.get("retry-after"), now)
        if told is not None:
            return CrmError("Pipedrive asks for a pause.", try_at=told)
        if _is_day_used_up(headers):
            return CrmError(
                "The day's budget of Pipedrive API tokens is used up; it is renewed at their midnight. "
                "Your Pipedrive settings show under API usage who used it.",
                try_at=now + NEXT_LOOK,
            )
        reset = decimal_of(headers.get("x-ratelimit-reset")) or 0
        pause = max(PAUSE, timedelta(seconds=float(min(reset, 3600))))
        return CrmError("Pipedrive asks for a pause.", try_at=now + pause)

    def _no_answer(self, reply: Reply) -> CrmError:
        if reply.status == 403:
            return CrmError(
                "Pipedrive's firewall shuts Concord out for a while.", try_at=self._now() + SHUT_OUT
            )
        return CrmError(f"Pipedrive answered with something else than data (HTTP {reply.status}).")


def _body(reply: Reply) -> dict[str, Any] | None:
    """Return the answer's object; None for web pages and other things that are no data."""
    try:
        body = reply.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _is_day_used_up(headers: Mapping[str, str]) -> bool:
    """Return whether it is the day's budget that ended, until midnight in a zone that nobody tells.

    Pipedrive gives the day's tokens not always; where it does not, it is the day if the burst has some left.
    """
    left = decimal_of(headers.get("x-daily-ratelimit-token-remaining"))
    if left is not None:
        return left <= 0
    return (decimal_of(headers.get("x-ratelimit-remaining")) or 0) > 0


def _said(body: Mapping[str, Any]) -> str:
    """Return what Pipedrive gives as the reason, to be put after a sentence's words."""
    errors = body.get("errors")
    if isinstance(errors, dict):
        said = "; ".join(f"{name}: {', '.join(map(str, why))}" for name, why in errors.items() if why)
    else:
        said = text_of(body.get("error") or body.get("message"))
    return f" ({text_of(said).rstrip('.')})" if said else ""
