"""Requests to one Dataverse environment: sign-in, headers, pages, filters by id."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from integrations.crm import CrmError, NeedsSignIn
from integrations.http import Door, Reply
from integrations.providers.dynamics.refusals import Unclear, refusal, sign_in_refusal
from integrations.readings import text_of

LOGIN = "login.microsoftonline.com"
ORGANIZATION = r"[a-z0-9][a-z0-9-]*(?:\.api)?\.crm[0-9]*\.dynamics\.com"
TENANT = r"[0-9a-fA-F-]{36}|[a-z0-9][a-z0-9.-]*\.[a-z]{2,}|organizations"
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PATH = "/api/data/v9.2/"
MOST_IDS = 100  # conditions in one filter: an address holds 32,768 characters, a query 500 conditions
FORMATTED = "OData.Community.Display.V1.FormattedValue"
ANNOTATED = f'odata.include-annotations="{FORMATTED}"'
Row = dict[str, Any]


class Calls:
    """Sends signed-in requests; one object serves one task and forgets its token with it."""

    def __init__(
        self,
        door: Door,
        credentials: Mapping[str, Any],
        entries: Mapping[str, str],
        now: Callable[[], datetime],
    ) -> None:
        self._door, self._credentials, self._entries, self._now = door, credentials, entries, now
        self._oauth = bool(credentials.get("access_token"))
        self._token = str(credentials.get("access_token") or "")
        self._clock: datetime | None = None

    @property
    def base(self) -> str:
        """Return the environment's address without a slash at its end; raise CrmError for one of no kind."""
        organization = self._entries.get("organization", "")
        if not re.fullmatch(ORGANIZATION, organization):
            raise CrmError("The environment’s address must look like acme.crm4.dynamics.com.", permanent=True)
        return f"https://{organization}"

    @property
    def site(self) -> str:
        """Return the address at which people open the environment: the Web API's own has one part more."""
        return f"https://{_without_api(self.base.removeprefix('https://'))}"

    @property
    def clock(self) -> datetime:
        """Return the environment's own time of its last answer, ours where it has not said one."""
        return self._clock or self._now()

    def _sign_in(self) -> str:
        tenant, client = self._entries.get("tenant", ""), self._entries.get("app_id")
        secret = self._credentials.get("app_secret")
        if not client or not secret or not re.fullmatch(TENANT, tenant):
            raise NeedsSignIn("Sign in to Dynamics 365, or enter the tenant, application’s id and secret.")
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": str(secret)}
        reply = self._door.send(
            "POST",
            f"https://{LOGIN}/{tenant}/oauth2/v2.0/token",
            form=form | {"scope": f"{self.base}/.default"},
        )
        try:
            values = reply.json() if reply.status == 200 else None
        except ValueError:
            values = None
        if not isinstance(values, dict) or not values.get("access_token"):
            raise sign_in_refusal(reply, now=self._now)
        return str(values["access_token"])

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the answer's JSON (None for an empty one); `path` follows the API's version, or is a link.

        Raises the kinds of CrmError in refusals.
        """
        reply = self._signed(method, path, params, json, headers)
        if reply.status == 401 and not self._oauth:
            self._token = ""  # an application's token may end at any time; a second refusal is meant
            reply = self._signed(method, path, params, json, headers)
        if not 200 <= reply.status < 300:
            raise refusal(reply, oauth=self._oauth, now=self._now)
        if not reply.body:
            return None
        try:
            return reply.json()
        except ValueError:
            raise Unclear("Dynamics 365 answered with a web page instead of data.") from None

    def _signed(
        self, method: str, path: str, params: Any, json: Any, headers: Mapping[str, str] | None
    ) -> Reply:
        url = self._followed(path) if path.startswith("https://") else f"{self.base}{PATH}{path}"
        if not self._token:
            self._token = self._sign_in()
        fixed = {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/json",
            "OData-Version": "4.0",
            "OData-MaxVersion": "4.0",
        }
        reply = self._door.send(method, url, headers=fixed | dict(headers or {}), params=params, json=json)
        self._read_clock(reply)
        return reply

    def _followed(self, link: str) -> str:
        """Return a link of the environment's, at the address we know it by; refuse any other server's."""
        host, _, rest = link.removeprefix("https://").partition("/")
        if f"https://{_without_api(host)}" != self.site or not rest.startswith("api/data/"):
            raise CrmError("Dynamics 365 named a page on another server.", permanent=True)
        return f"{self.base}/{rest}"

    def _read_clock(self, reply: Reply) -> None:
        try:
            said = parsedate_to_datetime(reply.headers.get("date", ""))
        except ValueError:
            return
        self._clock = said if said.tzinfo else said.replace(tzinfo=UTC)

    def page(
        self, path: str, params: Mapping[str, Any] | None = None, *, prefer: str, size: int
    ) -> tuple[list[Row], str, str]:
        """Return the rows of a page, the link of the next one and the link of later changes ("" for none)."""
        headers = {"Prefer": f"{prefer},odata.maxpagesize={size}"}
        found = self.send("GET", path, params=params, headers=headers)
        if not isinstance(found, dict) or not isinstance(found.get("value"), list):
            raise CrmError("Dynamics 365 answered a query with something else.")
        links = [text_of(found.get(f"@odata.{name}"), 20_000) for name in ("nextLink", "deltaLink")]
        return found["value"], links[0], links[1]

    def rows(self, path: str, params: Mapping[str, Any], *, size: int = 1000) -> Iterator[Row]:
        """Yield all rows of a query, with the names of what they refer to."""
        found, following, _ = self.page(path, params, prefer=ANNOTATED, size=size)
        yield from found
        while following:
            found, following, _ = self.page(following, prefer=ANNOTATED, size=size)
            yield from found

    def by_ids(self, path: str, column: str, ids: Iterable[str], select: str) -> Iterator[Row]:
        """Yield the rows whose column holds one of these ids, in as few requests as addresses allow."""
        wanted = list(dict.fromkeys(found for found in ids if is_guid(found)))
        for start in range(0, len(wanted), MOST_IDS):
            conditions = (f"{column} eq {found}" for found in wanted[start : start + MOST_IDS])
            yield from self.rows(path, {"$select": select, "$filter": " or ".join(conditions)})


def _without_api(host: str) -> str:
    return host.lower().replace(".api.crm", ".crm", 1)


def is_guid(text: str) -> bool:
    """Return whether a text is an id of Dataverse's, which is all that may stand in a filter or a path."""
    return GUID.fullmatch(text) is not None


def formatted(row: Row, column: str) -> str:
    """Return a value as people see it: the name of a lookup, the label of a choice."""
    return text_of(row.get(f"{column}@{FORMATTED}"))
