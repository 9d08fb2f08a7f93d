"""Odoo's two interfaces behind one: JSON-2 (from Odoo 19) and the older JSON-RPC (until Odoo 21)."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit

from integrations.crm import CrmError, NeedsSignIn
from integrations.http import Door, Reply
from integrations.readings import retry_at, text_of

FIRST_WITH_JSON2 = 19
WAIT = timedelta(minutes=1)  # Odoo documents no limits; its hosting answers 429 without a time
Clock = Callable[[], datetime]
SIGN_IN = (
    "Odoo no longer accepts the key: make a new one in Odoo (Preferences, Account Security) and enter it."
)


class Refused(CrmError):
    """Odoo will not do it, with its reason."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class NotAllowed(Refused):
    """The user lacks a right."""


class Missing(Refused):
    """The record is not there (any more)."""


class NoAnswer(CrmError):
    """What came back is not Odoo's: whether the request had effect is not known."""


class Wire(Protocol):
    """How to call a method of a model; named values are the method's own, by Odoo's names."""

    @property
    def version(self) -> int:
        """Return the server's major version, such as 17."""
        ...

    @property
    def uid(self) -> int:
        """Return the id of the user as whom we are signed in."""
        ...

    def call(self, model: str, method: str, ids: Sequence[int] | None = None, **named: Any) -> Any:
        """Return what the method answers. `ids` None: it is a method of the model, not of records."""
        ...

    def may(self, model: str, operation: str) -> bool:
        """Return whether the user has the right to read, write, create or unlink."""
        ...


def origin(address: str) -> str:
    """Return scheme, host and port: Odoo always lives at the root, whatever page people copied."""
    parts = urlsplit(address.strip())
    return f"{parts.scheme}://{parts.netloc}"


def connect(door: Door, base: str, *, database: str, login: str, key: str, now: Clock) -> Wire:
    """Ask the server once how old it is and return the interface that it has."""
    reply = door.send("GET", f"{base}/web/version")
    if reply.status == 404 or 300 <= reply.status < 400:
        return JsonRpc(door, base, database, login, key, now)
    refuse_transport(reply, now)
    info = parsed(reply)
    version = major(info.get("version_info") or info.get("version") if isinstance(info, dict) else None)
    if version < FIRST_WITH_JSON2:
        return JsonRpc(door, base, database, login, key, now)
    return Json2(door, base, database, key, now, version)


class Json2:
    """POST /json/2/<model>/<method> with the API key as bearer token."""

    def __init__(self, door: Door, base: str, database: str, key: str, now: Clock, version: int) -> None:
        self._door, self._base, self._now, self.version = door, base, now, version
        self._headers = {"Authorization": f"bearer {key}", "X-Odoo-Database": database}

    def call(self, model: str, method: str, ids: Sequence[int] | None = None, **named: Any) -> Any:
        """Return what the method answers."""
        body = named if ids is None else {"ids": list(ids), **named}
        reply = self._door.send(
            "POST", f"{self._base}/json/2/{model}/{method}", headers=self._headers, json=body
        )
        if reply.status == 401:
            raise NeedsSignIn(SIGN_IN)
        refuse_transport(reply, self._now)
        answer = parsed(reply)
        if reply.status >= 300:
            refuse(answer if isinstance(answer, dict) else {}, reply.status)
        return answer

    @property
    def uid(self) -> int:
        """Return the id of the key's user."""
        return int(self.call("res.users", "context_get")["uid"])

    def may(self, model: str, operation: str) -> bool:
        """Return whether the user has the right."""
        return bool(self.call(model, "has_access", [], operation=operation))


class JsonRpc:
    """POST /jsonrpc, where every error comes as HTTP 200 and the user is looked up first."""

    # Their names changed from version to version, their place did not.
    BY_PLACE = ("domain", "vals_list", "group_ext_id")

    def __init__(self, door: Door, base: str, database: str, login: str, key: str, now: Clock) -> None:
        self._door, self._url, self._now = door, f"{base}/jsonrpc", now
        self._database, self._login, self._key = database, login, key
        self._uid: int | None = None
        self._version: int | None = None

    @property
    def version(self) -> int:
        """Return the server's major version."""
        if self._version is None:
            answer = self._send("common", "version", [])
            answer = answer if isinstance(answer, dict) else {}
            self._version = major(answer.get("server_version_info") or answer.get("server_version"))
        return self._version

    def call(self, model: str, method: str, ids: Sequence[int] | None = None, **named: Any) -> Any:
        """Return what the method answers; None when the answer says neither result nor error."""
        places: list[Any] = [] if ids is None else [list(ids)]
        places += [named.pop(name) for name in self.BY_PLACE if name in named]
        who = [self._database, self.uid, self._key]
        return self._send("object", "execute_kw", [*who, model, method, places, named])

    def may(self, model: str, operation: str) -> bool:
        """Return whether the user has the right."""
        return bool(self.call(model, "check_access_rights", operation=operation, raise_exception=False))

    @property
    def uid(self) -> int:
        """Return the user's id, looked up once."""
        if self._uid is None:
            if not self._login:
                raise Refused("This Odoo is older than version 19: enter the user's login too.")
            uid = self._send("common", "authenticate", [self._database, self._login, self._key, {}])
            if not uid:
                raise NeedsSignIn("Odoo does not accept this login with this key. Check both.")
            self._uid = int(uid)
        return self._uid

    def _send(self, service: str, method: str, args: list[Any]) -> Any:
        params = {"service": service, "method": method, "args": args}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        reply = self._door.send("POST", self._url, json=body)
        refuse_transport(reply, self._now)
        answer = parsed(reply)
        if not isinstance(answer, dict) or "jsonrpc" not in answer:
            raise NoAnswer("Odoo gave an answer that is not its own. Check the address.")
        if answer.get("error"):
            said = answer["error"].get("data")
            refuse(said if isinstance(said, dict) else {}, 500)
        return answer.get("result")


def major(version: Any) -> int:
    """Return 19 for [19, 0, ...], ["saas~19", 1, ...] and "19.0+e"; 0 for what says no version."""
    first = version[0] if isinstance(version, list) and version else version
    found = re.search(r"\d+", str(first))
    return int(found.group()) if found else 0


def parsed(reply: Reply) -> Any:
    """Return the answer's JSON; raise NoAnswer for a web page."""
    try:
        return reply.json()
    except ValueError:
        raise NoAnswer(
            f"The address answered with a web page (status {reply.status}) instead of Odoo's data. If this "
            "goes on, a firewall may be in between, or the address is not Odoo's."
        ) from None


def refuse_transport(reply: Reply, now: Clock) -> None:
    """Raise for what a server, its proxy or its hosting says before Odoo is asked."""
    if 300 <= reply.status < 400:
        raise Refused("The address leads on to another one: enter the address that Odoo ends up at.")
    if reply.status == 429:
        later = retry_at(reply.headers.get("retry-after"), now()) or now() + WAIT
        raise CrmError("Odoo asked for a pause: too many requests.", try_at=later)
    if reply.status in (502, 503, 504):
        raise NoAnswer(f"Odoo is not available just now (status {reply.status}).")


def refuse(said: dict[str, Any], status: int) -> NoReturn:
    """Raise what Odoo's exception means. Its message is shown only where Odoo wrote it for people."""
    name = str(said.get("name", ""))
    kind, message = name.rpartition(".")[2], text_of(said.get("message"), 300)
    if kind in ("AccessDenied", "SessionExpiredException"):
        raise NeedsSignIn(SIGN_IN)
    if kind == "AccessError" or status == 403:
        raise NotAllowed(f"The Odoo user lacks a right. Give it the rights listed here. Odoo says: {message}")
    if kind == "MissingError":
        raise Missing("The record is no longer in Odoo.")
    if kind in ("UserError", "ValidationError", "RedirectWarning", "Warning"):
        raise Refused(f"Odoo refused: {message}")
    if name.startswith("psycopg2") and re.search("database .* does not exist", message):
        raise Refused("Odoo does not know this database. Check its name, upper and lower case included.")
    if status in (404, 422, 400):
        raise Refused("Odoo does not know this request: the CRM app may be missing in this database.")
    raise CrmError(f"Odoo failed on a request ({kind or status}). Concord tries again.")
