"""Speaks HTTP with HubSpot: the token, the paths of one release, and what a refusal means."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from integrations.crm import CrmError, NeedsSignIn, TokenExpired
from integrations.http import Door, Reply
from integrations.readings import retry_at, text_of

RELEASE = "2026-09"
OBJECTS = f"/crm/objects/{RELEASE}"
BATCH = 100  # the most that a list, a batch and a page of owners hold
# Searches are limited to 5 a second, other requests to about 10: one search weighs as two of them.
SEARCH_COST = 2
# Why a batch leaves a record out, for good; any other reason may be over the next time.
ABSENT = re.compile("NOT_FOUND|VALIDATION|SCOPE|PERMISSION|FORBIDDEN|ACCESS")


class Trouble(CrmError):
    """HubSpot did not answer as it should: whether the request had its effect is not known."""


class Missing(CrmError):
    """HubSpot does not know the record (any more)."""


class Taken(CrmError):
    """HubSpot has one of this name already."""


class Wire:
    """One account's API. Every method may raise CrmError and its kinds."""

    def __init__(
        self, door: Door, api: str, credentials: Mapping[str, Any], now: Callable[[], datetime]
    ) -> None:
        self._door, self._api, self._now = door, api.rstrip("/"), now
        self._oauth = bool(credentials.get("oauth"))
        self._token = str(credentials.get("access_token") or credentials.get("token") or "")

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        cost: int = 1,
    ) -> dict[str, Any]:
        """Return the JSON object that was answered."""
        reply = self._door.send(
            method,
            self._api + path,
            headers={"Authorization": f"Bearer {self._token}"},
            params=params,
            json=body,
            cost=cost,
        )
        content = _content(reply)
        if 200 <= reply.status < 300:
            if content is None:
                raise self._trouble(reply)
            return content
        raise self._refusal(reply, content)

    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Yield the results of all pages of a list."""
        while True:
            answer = self.ask("GET", path, params={"limit": BATCH, **params})
            yield from results_of(answer)
            after = next_of(answer)
            if not after:
                return
            params["after"] = after

    def batch(
        self, kind: str, ids: Sequence[str], properties: Sequence[str], *, archived: bool = False
    ) -> list[dict[str, Any]]:
        """Return the records of these ids; ids that are not there are left out."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(ids), BATCH):
            answer = self.ask(
                "POST",
                f"{OBJECTS}/{kind}/batch/read",
                params={"archived": "true" if archived else "false"},
                body={
                    "properties": list(properties),
                    "propertiesWithHistory": [],
                    "inputs": [{"id": id} for id in ids[start : start + BATCH]],
                },
            )
            found += _batched(answer)
        return list({str(raw["id"]): raw for raw in found}.values())

    def search(self, kind: str, properties: Sequence[str], filters: list[dict[str, Any]]) -> dict[str, Any]:
        """Return one page in the order of the ids; further ones are asked for by "id greater than"."""
        return self.ask(
            "POST",
            f"{OBJECTS}/{kind}/search",
            body={
                "filterGroups": [{"filters": filters}] if filters else [],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": list(properties),
                "limit": BATCH,
                "after": "0",
            },
            cost=SEARCH_COST,
        )

    def links(self, source: str, target: str, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """Return the associations of these records (at most 100) by id: {toObjectId, associationTypes}."""
        found: dict[str, list[dict[str, Any]]] = {}
        inputs: list[dict[str, Any]] = [{"id": id} for id in ids]
        while inputs:
            path = f"/crm/associations/{RELEASE}/{source}/{target}/batch/read"
            answer = self.ask("POST", path, body={"inputs": inputs})
            inputs = []
            for result in _batched(answer):
                id = str(result["from"]["id"])
                found.setdefault(id, []).extend(result.get("to", ()))
                if after := next_of(result):
                    inputs.append({"id": id, "after": after})
        return found

    @cached_property
    def details(self) -> dict[str, Any]:
        """Return what HubSpot says of the account."""
        return self.ask("GET", f"/account-info/{RELEASE}/details")

    def _refusal(self, reply: Reply, content: dict[str, Any] | None) -> CrmError:
        if reply.status == 401:
            return self._unknown_token()
        if content is None or reply.status >= 500 or reply.status < 400:
            return self._trouble(reply)
        if reply.status in (423, 429, 477):
            return self._later(reply, content)
        if reply.status == 403:
            return _rights(content)
        kind = {404: Missing, 409: Taken}.get(reply.status, CrmError)
        return kind(f"HubSpot refuses this: {said(content)}", permanent=True)

    def _trouble(self, reply: Reply) -> Trouble:
        at = retry_at(reply.headers.get("retry-after"), self._now())
        return Trouble(f"HubSpot has trouble at the moment (status {reply.status}).", try_at=at)

    def _unknown_token(self) -> CrmError:
        if self._oauth:
            return TokenExpired("HubSpot no longer accepts the access token.")
        return NeedsSignIn("HubSpot does not accept the Service Key. Make a new one there and enter it here.")

    def _later(self, reply: Reply, content: dict[str, Any]) -> CrmError:
        now = self._now()
        daily = content.get("policyName") == "DAILY"
        wait = timedelta(hours=1) if daily else timedelta(seconds=10)
        at = retry_at(reply.headers.get("retry-after"), now) or now + wait
        if daily:
            # The quota is reset at midnight of a zone we do not know: look once an hour.
            return CrmError("The day's requests to HubSpot are used up.", try_at=max(at, now + wait))
        return CrmError("HubSpot asks us to slow down.", try_at=at)


def _content(reply: Reply) -> dict[str, Any] | None:
    if reply.status == 204:
        return {}
    try:
        content = reply.json()
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _rights(content: dict[str, Any]) -> CrmError:
    scopes = sorted(set(_scopes(content)))
    named = f": {', '.join(scopes)}" if scopes else ""
    return CrmError(
        f"HubSpot does not let Concord do this. Grant the missing rights{named}, then connect again.",
        permanent=True,
    )


def _scopes(content: dict[str, Any]) -> Iterator[str]:
    for error in (content, *(content.get("errors") or ())):
        context = error.get("context") if isinstance(error, dict) else None
        if isinstance(context, dict):
            for name in ("requiredGranularScopes", "missingScopes", "requiredScopes"):
                yield from (text_of(scope, 60) for scope in context.get(name) or ())


def said(content: Mapping[str, Any]) -> str:
    """Return HubSpot's own words about a refusal, shortened."""
    details = [
        text_of(error.get("message"), 200) for error in content.get("errors") or () if isinstance(error, dict)
    ]
    words = "; ".join(detail for detail in details if detail) or _inner(content.get("message"))
    return words or "no reason given"


def _inner(message: Any) -> str:
    """Return the message; the list of messages that HubSpot writes as JSON behind it, where there is one."""
    text = str(message or "")
    head, bracket, tail = text.partition("[{")
    try:
        inner = json.loads(bracket + tail) if bracket else []
    except ValueError:
        inner = []
    words = "; ".join(str(one.get("message", "")) for one in inner if isinstance(one, dict))
    return text_of(words or head, 300)


def results_of(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of an answer; raise Trouble for one of another form."""
    results = answer.get("results")
    if not isinstance(results, list):
        raise Trouble("HubSpot answered in a form that Concord does not know.")
    return [result for result in results if isinstance(result, dict)]


def _batched(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a batch; raise Trouble when one is wanting for another reason than its absence."""
    wrong = [error for error in answer.get("errors") or () if isinstance(error, dict)]
    if answer.get("status", "COMPLETE") != "COMPLETE" or any(_is_trouble(error) for error in wrong):
        raise Trouble(f"HubSpot did not answer all of a batch: {said(answer)}")
    return results_of(answer)


def _is_trouble(error: Mapping[str, Any]) -> bool:
    """Return whether to ask again: not for what is gone, has no associations, or is not ours to see."""
    category = str(error.get("category") or "")
    return bool(category) and not ABSENT.search(category)


def next_of(answer: Mapping[str, Any]) -> str:
    """Return where the next page begins, "" after the last one."""
    following = (answer.get("paging") or {}).get("next") or {}
    return str(following.get("after") or "")
