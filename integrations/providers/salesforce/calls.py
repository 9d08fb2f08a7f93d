"""Requests to one Salesforce organization: sign-in, the guard of its daily quota, SOQL and describe."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from integrations.crm import CrmError, NeedsSignIn
from integrations.http import Door, Reply
from integrations.providers.salesforce.refusals import Missing, Unclear, refusal, sign_in_refusal

VERSION = "v66.0"
SUFFIX = ".salesforce.com"
GUARD_PERCENT = 80  # of the organization's daily requests: the rest is left to its other systems
USAGE = re.compile(r"(?:^|[;\s])api-usage=(\d+)/(\d+)")
Row = dict[str, Any]
# A describe's fields by name, each with type, label, updateable, referenceTo.
Description = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in: `base` is the organization's own server, `person` the id of whom we are signed in as."""

    token: str
    base: str
    person: str

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Session":
        """Return the session of a token answer; raise CrmError where it says not whose server it is."""
        parts = urlsplit(str(values.get("instance_url") or ""))
        identity = urlsplit(str(values.get("id") or ""))
        if parts.scheme != "https" or not parts.netloc:
            raise CrmError("Salesforce’s sign-in did not say on which server the data is.")
        if identity.netloc and not identity.netloc.endswith(SUFFIX):
            raise CrmError("Salesforce’s sign-in names a person of somebody else’s.")
        person = identity.path.rstrip("/").rpartition("/")[2]
        return cls(str(values["access_token"]), f"https://{parts.netloc}", person)


class Calls:
    """Sends signed-in requests; one object serves one task and forgets its session with it."""

    def __init__(
        self,
        door: Door,
        credentials: Mapping[str, Any],
        entries: Mapping[str, str],
        now: Callable[[], datetime],
    ) -> None:
        self._door, self._credentials, self._entries, self._now = door, credentials, entries, now
        self._oauth = bool(credentials.get("access_token"))
        self._session: Session | None = Session.of(credentials) if self._oauth else None
        self._used: tuple[int, int] = (0, 0)
        self._clock: datetime | None = None

    @property
    def session(self) -> Session:
        """Return the sign-in; with an app of the customer's own it is made on the first use."""
        if self._session is None:
            self._session = self._sign_in()
        return self._session

    @property
    def clock(self) -> datetime:
        """Return Salesforce's own time of its last answer, ours where it has not said one."""
        return self._clock or self._now()

    def _sign_in(self) -> Session:
        client, secret = self._entries.get("app_id"), self._credentials.get("app_secret")
        if not client or not secret:
            raise NeedsSignIn("Sign in to Salesforce, or enter the consumer key and secret of your app.")
        reply = self._door.send(
            "POST",
            f"https://{self._entries.get('login_host', '')}/services/oauth2/token",
            form={"grant_type": "client_credentials", "client_id": client, "client_secret": str(secret)},
        )
        try:
            values = reply.json() if reply.status == 200 else None
        except ValueError:
            values = None
        if not isinstance(values, dict) or not values.get("access_token"):
            raise sign_in_refusal(reply)
        return Session.of(values)

    def send(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, json: Any = None
    ) -> Any:
        """Return the answer's JSON (None for an empty one); `path` follows the API's version, or is whole.

        Raises Missing for what is not there, CrmError and its kinds for other refusals.
        """
        reply = self._signed(method, path, params, json)
        if reply.status == 401 and not self._oauth:
            self._session = None  # an app's token may end at any time; a second refusal is meant
            reply = self._signed(method, path, params, json)
        if not 200 <= reply.status < 300:
            raise refusal(reply, oauth=self._oauth, now=self._now)
        if not reply.body:
            return None
        try:
            return reply.json()
        except ValueError:
            raise Unclear("Salesforce answered with a web page instead of data.") from None

    def _signed(self, method: str, path: str, params: Mapping[str, Any] | None, json: Any) -> Reply:
        self._guard()
        whole = path if path.startswith("/") else f"/services/data/{VERSION}/{path}"
        reply = self._door.send(
            method,
            f"{self.session.base}{whole}",
            headers={"Authorization": f"Bearer {self.session.token}", "Accept": "application/json"},
            params=params,
            json=json,
        )
        self._read_headers(reply)
        return reply

    def _guard(self) -> None:
        used, most = self._used
        if most and used * 100 >= most * GUARD_PERCENT:
            raise CrmError(
                f"Of the {most:,} requests that Salesforce allows in 24 hours, {used:,} are used. Concord "
                "waits so that your other systems can go on.",
                try_at=self._now() + timedelta(hours=1),
            )

    def _read_headers(self, reply: Reply) -> None:
        if found := USAGE.search(reply.headers.get("sforce-limit-info", "")):
            self._used = int(found[1]), int(found[2])
        try:
            said = parsedate_to_datetime(reply.headers.get("date", ""))
        except ValueError:
            return
        self._clock = said if said.tzinfo else said.replace(tzinfo=UTC)

    def query(self, soql: str, *, deleted: bool = False) -> list[Row]:
        """Return all rows of a query, in however many pieces Salesforce hands them out."""
        part = self.send("GET", "queryAll" if deleted else "query", params={"q": soql})
        rows = _rows(part)
        while not part.get("done", True):
            following = str(part.get("nextRecordsUrl") or "")
            if not following.startswith("/services/data/"):
                raise CrmError("Salesforce’s answer broke off in the middle.")
            part = self.send("GET", following)
            rows += _rows(part)
        return rows

    def count(self, soql: str) -> int:
        """Return what a SELECT COUNT() counts."""
        found = self.send("GET", "query", params={"q": soql})
        return int(found.get("totalSize", 0)) if isinstance(found, dict) else 0

    def describe(self, thing: str) -> Description:
        """Return the fields that this person may see; none of them where the object itself is hidden."""
        try:
            found = self.send("GET", f"sobjects/{thing}/describe")
        except Missing:
            return {}
        if not isinstance(found, dict) or not isinstance(found.get("fields"), list):
            raise CrmError(f"Salesforce did not say which fields {thing} has.")
        return {field["name"]: field for field in found["fields"]}


def _rows(part: Any) -> list[Row]:
    if not isinstance(part, dict) or not isinstance(part.get("records"), list):
        raise CrmError("Salesforce answered a query with something else.")
    return list(part["records"])
