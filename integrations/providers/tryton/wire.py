"""Speaks JSON-RPC with one Tryton database: the session, its values, and what a refusal means."""

import logging
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from integrations.crm import CrmError, NeedsSignIn
from integrations.http import Door, Reply, Unreachable
from integrations.readings import decimal_of, retry_at, text_of

# Customers, employees and products that are no longer active still stand in deals.
CONTEXT = {"active_test": False}
# Tryton refuses every sign-in of a user for so long after more than five wrong passwords.
LOCKED_FOR = timedelta(minutes=5)
log = logging.getLogger(__name__)
Row = dict[str, Any]


class Refused(CrmError):
    """Tryton understood and says no, in the words that its own users are shown."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class Wire:
    """One database, signed in to on the first call and out of when the door closes.

    A session that is left open stays for 30 days, and with each request Tryton reads all that its user has.
    """

    def __init__(
        self, door: Door, base: str, database: str, user: str, password: str, now: Callable[[], datetime]
    ) -> None:
        self._door, self._now = door, now
        self._database, self._user, self._password = database, user, password
        self._url = f"{base}/{quote(database, safe='')}/rpc/"
        self._session = ""
        self.user_id = 0

    def call(self, method: str, *params: Any) -> Any:
        """Return what a method answers, as in call("sale.opportunity.search_count", []).

        Raises Refused, and CrmError and its kinds.
        """
        self._session = self._session or self._sign_in()
        reply = self._post(f"model.{method}", [*params, CONTEXT], self._session)
        if reply.status == 401:
            self._session = ""
            raise CrmError("Tryton ended the session before its time. Concord signs in again.")
        return self._result(reply)

    def rows(
        self,
        model: str,
        domain: Sequence[Any],
        fields: Iterable[str],
        *,
        limit: int | None = None,
        by: str = "id",
    ) -> list[Row]:
        """Return records in the order of `by` and their ids, the first `limit` of them."""
        order = [["id", "ASC"]] if by == "id" else [[by, "ASC"], ["id", "ASC"]]
        found: list[Row] = self.call(f"{model}.search_read", domain, 0, limit, order, list(fields))
        return found

    def by_id(self, model: str, ids: Iterable[Any], fields: Iterable[str]) -> dict[int, Row]:
        """Return these records by id; those that are not there (or not shown) are left out."""
        wanted = sorted({id for id in ids if id})
        found = self.rows(model, [["id", "in", wanted]], fields) if wanted else []
        return {row["id"]: row for row in found}

    def _sign_in(self) -> str:
        reply = self._post("common.db.login", [self._user, {"password": self._password}])
        if reply.status == 401:
            raise NeedsSignIn("Tryton does not accept the user name or the password. Enter them again.")
        signed_in = self._result(reply)
        if not isinstance(signed_in, list) or len(signed_in) < 2:
            raise CrmError("The server at this address does not answer as Tryton does.", permanent=True)
        self.user_id, token = signed_in[:2]
        self._door.at_close(self._sign_out)
        return "Session " + b64encode(f"{self._user}:{self.user_id}:{token}".encode()).decode()

    def _sign_out(self) -> None:
        session, self._session = self._session, ""
        if session:
            try:
                self._post("common.db.logout", [], session)
            except (Unreachable, CrmError) as error:
                log.info("A session stays open at Tryton: %s", error)

    def _post(self, method: str, params: list[Any], session: str = "") -> Reply:
        # Tryton wants exactly these three keys: otherwise its errors are web pages.
        body = {"id": 1, "method": method, "params": params}
        return self._door.send(
            "POST", self._url, headers={"Authorization": session} if session else {}, json=body
        )

    def _result(self, reply: Reply) -> Any:
        if reply.status != 200:
            raise self._trouble(reply)
        try:
            answer = reply.json()
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or not answer.keys() & {"result", "error"}:
            raise CrmError("A web page came instead of Tryton's answer. A firewall may stand before it.")
        if "error" in answer:
            raise refusal(answer["error"])
        return answer.get("result")

    def _trouble(self, reply: Reply) -> CrmError:
        if reply.status == 429:
            at = retry_at(reply.headers.get("retry-after"), self._now()) or self._now() + LOCKED_FOR
            return CrmError("Tryton lets this user sign in only after a while.", try_at=at)
        words = {
            404: f"There is no Tryton database “{self._database}” at this address. Check both.",
            413: "Tryton allows too few records in a request: raise records_limit in its configuration.",
        }
        if 300 <= reply.status < 400:
            return CrmError("The address leads on to another one. Enter that one instead.", permanent=True)
        if reply.status in words:
            return CrmError(words[reply.status], permanent=True)
        return CrmError(f"Tryton has trouble at the moment (status {reply.status}).")


def refusal(error: Any) -> CrmError:
    """Return what an error in an answer means: [kind, what it says], in the form of Tryton's clients."""
    kind, said, *_ = [*error, "", ""] if isinstance(error, list) else ["", ""]
    words = [text_of(each, 300) for each in (said if isinstance(said, list) else [said])]
    if kind == "UserError":
        return Refused(_sentence("Tryton refuses this", words[:2]))
    if kind == "UserWarning":
        return Refused(_sentence("Tryton asks what only a person can answer", words[1:3]))
    if kind == "LoginException":
        return NeedsSignIn(
            "Tryton asks for more than a password. Use a user who signs in with a password alone."
        )
    if kind == "ConcurrencyException":
        return CrmError("Somebody changed the record in Tryton at the same moment.")
    # Anything else is the text of an error inside the server, which is not for people to read.
    return CrmError("Tryton met an error of its own. Its log says more.")


def _sentence(start: str, words: Sequence[str]) -> str:
    message, details = [*words, "", ""][:2]
    # What ends with a colon is the heading of an empty list.
    said = message if not details or details.endswith(":") else f"{message} {details}"
    said = said.rstrip(" :.")
    return f"{start}: {said}{'' if said.endswith(('?', '!')) else '.'}"


def wire_date(day: date) -> Row:
    """Return a date as Tryton has it on the wire."""
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def wire_instant(moment: datetime) -> Row:
    """Return an aware datetime as Tryton has it on the wire: UTC, to the microsecond."""
    utc = moment.astimezone(UTC)
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{name: getattr(utc, name) for name in names}}


def date_in(value: Any) -> date | None:
    """Return the date of a date on the wire; None for anything else."""
    if not isinstance(value, dict) or value.get("__class__") != "date":
        return None
    try:
        return date(value["year"], value["month"], value["day"])
    except (KeyError, TypeError, ValueError):
        return None


def instant_in(value: Any) -> datetime | None:
    """Return the aware datetime of a datetime on the wire; None for anything else."""
    if not isinstance(value, dict) or value.get("__class__") != "datetime":
        return None
    parts = {name: part for name, part in value.items() if name != "__class__"}
    try:
        return datetime(**parts, tzinfo=UTC)
    except (TypeError, ValueError):
        return None


def decimal_in(value: Any) -> Decimal | None:
    """Return an exact number, whether it is a Decimal, a float or an integer on the wire."""
    return decimal_of(value.get("decimal") if isinstance(value, dict) else value)
