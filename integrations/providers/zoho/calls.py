"""Requests to Zoho CRM: the data centre they go to, and what a refusal means, whatever its status."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.crm import CrmError, NeedsSignIn, TokenExpired
from integrations.http import Door, Reply
from integrations.readings import decimal_of, retry_at, text_of

# Zoho keeps every company in one of its data centres: where people sign in, and where the API is.
CENTRES: Mapping[str, str] = {
    "zoho.com": "www.zohoapis.com",
    "zoho.eu": "www.zohoapis.eu",
    "zoho.in": "www.zohoapis.in",
    "zoho.com.au": "www.zohoapis.com.au",
    "zoho.jp": "www.zohoapis.jp",
    "zoho.uk": "www.zohoapis.uk",
    "zohocloud.ca": "www.zohoapis.ca",
    "zoho.sa": "www.zohoapis.sa",
    "zoho.ae": "www.zohoapis.ae",
    "zoho.com.cn": "www.zohoapis.com.cn",
}
BATCH = 100  # ids in one request
MOST = 200  # rows of one page of a list, and of a query that costs one credit
PAUSE, TOKEN_PAUSE, NEXT_LOOK = timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)
NO_RIGHT = {"NO_PERMISSION", "AUTHORIZATION_FAILED", "PERMISSION_DENIED"}
TOO_MANY = "TOO_MANY_REQUESTS"  # limits by other names are of fields, rows and the like: no pause lifts them
THEIR_FAULT = {"INTERNAL_ERROR", "INTERNAL_SERVER_ERROR"}


class Refused(CrmError):
    """Zoho's own rules refuse a request; `code` and `details` are Zoho's."""

    def __init__(self, message: str, *, code: str, details: Mapping[str, Any]) -> None:
        super().__init__(message, permanent=True)
        self.code, self.details = code, details


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

    def ask(
        self,
        method: str,
        path: str,
        answer: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        since: datetime | None = None,
    ) -> dict[str, Any]:
        """Return the body, which holds a list under the name `answer`; {} where Zoho has nothing (new).

        Raises CrmError and its kinds for all else, also when Zoho says no with HTTP 200.
        """
        reply = self._door.send(
            method, f"{self._base()}/crm/v8/{path}", headers=self._headers(since), params=params, json=json
        )
        if reply.status in (204, 304):
            return {}
        body = _body(reply)
        if reply.status < 400 and isinstance(body.get(answer), list):
            return body
        raise self._refusal(reply, body)

    def rows(self, path: str, answer: str = "data", **params: Any) -> Iterator[Any]:
        """Yield the rows of all pages of a list."""
        mark: Mapping[str, Any] = {"page": 1}
        while mark:
            found, mark = self.page(path, answer, mark=mark, **params)
            yield from found

    def page(
        self,
        path: str,
        answer: str = "data",
        *,
        mark: Mapping[str, Any],
        since: datetime | None = None,
        **params: Any,
    ) -> tuple[list[Any], Mapping[str, Any]]:
        """Return the rows of one page of a list and the mark of the next; {} after the last.

        A mark is the page's number or, where Zoho gives one, a token: numbers end at 2,000 records.
        """
        body = self.ask("GET", path, answer, params={**mark, "per_page": MOST, **params}, since=since)
        info = body.get("info") or {}
        following: dict[str, Any] = {}
        if info.get("more_records") is True:
            token = info.get("next_page_token")
            following = {"page_token": token} if token else {"page": int(mark.get("page", 1)) + 1}
        return body.get(answer) or [], following

    def query(self, select: str) -> list[Any]:
        """Return the rows of a COQL query."""
        found: list[Any] = self.ask("POST", "coql", "data", json={"select_query": select}).get("data", [])
        return found

    def write(self, method: str, path: str, answer: str, rows: Sequence[Any], **more: Any) -> dict[str, Any]:
        """Send rows; return the details of the first."""
        body = self.ask(method, path, answer, params=more.pop("params", None), json={answer: rows, **more})
        return self._first_details(body[answer])

    def remove(self, path: str, answer: str, **params: Any) -> None:
        """Remove what the parameters name."""
        self._first_details(self.ask("DELETE", path, answer, params=params).get(answer, []))

    def _first_details(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the details of the first row. The status of each row counts, not that of HTTP."""
        for row in rows:
            if row.get("code") != "SUCCESS":
                raise self._row_refusal(row)
        return (rows[0].get("details") or {}) if rows else {}

    def _base(self) -> str:
        centre = self._entries.get("data_centre", "")
        if centre not in CENTRES:
            raise CrmError(f"“{centre}” is no Zoho data centre: choose {', '.join(CENTRES)}.", permanent=True)
        given = str(self._credentials.get("api_domain") or "").rstrip("/")
        return given or f"https://{CENTRES[centre]}"

    def _headers(self, since: datetime | None) -> dict[str, str]:
        token = self._credentials.get("access_token")
        if not token:
            raise NeedsSignIn("Sign in to Zoho.")
        headers = {"Authorization": f"Zoho-oauthtoken {token}"}
        return headers | ({"If-Modified-Since": stamp(since)} if since else {})

    def _refusal(self, reply: Reply, body: Mapping[str, Any]) -> CrmError:
        reason = _reason(body)
        code = text_of(reason.get("code"))
        if code == "OAUTH_SCOPE_MISMATCH":
            return NeedsSignIn("Zoho was not asked for all rights that are needed: sign in again.")
        if reply.status == 401:
            return TokenExpired("The sign-in to Zoho has run out.")
        if reply.status == 429 or code == TOO_MANY:
            return self._too_many(reply)
        # Zoho answers so, with HTTP 200, to who asks for too many tokens.
        if text_of(body.get("error")).lower() == "access denied":
            return CrmError(
                "Zoho denies access for some minutes after too many sign-ins.",
                try_at=self._now() + TOKEN_PAUSE,
            )
        if not code or code in THEIR_FAULT or reply.status >= 500:
            return CrmError(f"Zoho answered with something else than data (HTTP {reply.status}).")
        return self._row_refusal(reason)

    def _too_many(self, reply: Reply) -> CrmError:
        now, headers = self._now(), reply.headers
        told = retry_at(headers.get("retry-after"), now)
        if told is not None:
            return CrmError("Zoho asks for a pause.", try_at=told)
        # Credits are counted over the last 24 hours: some are free again every hour.
        if decimal_of(headers.get("x-api-credits-remaining")) == 0:
            return CrmError("The API credits of your Zoho edition are used up.", try_at=now + NEXT_LOOK)
        return CrmError("Zoho asks for a pause.", try_at=now + PAUSE)

    @staticmethod
    def _row_refusal(row: Mapping[str, Any]) -> CrmError:
        code, details = text_of(row.get("code")), row.get("details") or {}
        if code in THEIR_FAULT:
            return CrmError("Zoho could not do it for a reason of its own.")
        if code in NO_RIGHT:
            return CrmError(
                f"Zoho does not allow this{_said(row)}. Give the person's profile the rights listed here.",
                permanent=True,
            )
        return Refused(f"Zoho refused the request{_said(row)}.", code=code, details=details)


def select(columns: str, where: str, *, order: str, most: int) -> str:
    """Return a COQL query about deals; what it compares with are ids and times that Zoho gave."""
    return f"select {columns} from Deals where {where} order by {order} limit 0, {most}"  # noqa: S608


def stamp(moment: datetime) -> str:
    """Return a time as Zoho takes it: whole seconds with an offset."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _body(reply: Reply) -> dict[str, Any]:
    """Return the answer's object; {} for web pages and other things that are no data."""
    try:
        body = reply.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _reason(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what says why Zoho refused: the body itself, or the first row that failed of a list in it."""
    rows = [row for value in body.values() if isinstance(value, list) for row in value]
    failed = [row for row in rows if isinstance(row, dict) and row.get("code") not in (None, "SUCCESS")]
    return body if body.get("code") or not failed else failed[0]


def _said(row: Mapping[str, Any]) -> str:
    """Return Zoho's reason and the field that it names, to be put after a sentence's words."""
    details = row.get("details") or {}
    field = text_of(details.get("api_name") or details.get("param_name"))
    said = text_of(row.get("message")).rstrip(".") or text_of(row.get("code"))
    return f" ({said}{f': {field}' if field else ''})"
