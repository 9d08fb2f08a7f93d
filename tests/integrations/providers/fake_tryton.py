"""A Tryton 8.2 with sale_opportunity and a customer's module, as one of its users sees it over JSON-RPC.

As on real servers: the body has exactly id, method and params; every model's call ends with a context; errors
of the model are HTTP 200, all others are web pages; write_date is empty until the first change and
last_modified_at is not; what is inactive is hidden unless active_test is off; one forbidden field is a no to
the whole request; read() of a missing record is an error; a note's text cannot be changed, and notes are
found by their record only; deleting needs a cancelled opportunity and leaves nothing behind.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import httpx

from integrations.crm import OwnField, RawRequest, Setup
from integrations.providers.tryton import Tryton
from tests.integrations.crm.fake import FakeDeal, Fault
from tests.integrations.providers.fake_tryton_models import (
    DEALS,
    FIELDS,
    MOST_RECORDS,
    Party,
    Tables,
    UserError,
    check_access,
    definitions,
    read,
    said,
    search,
)
from tests.integrations.tryton_json import dumps, loads

PASSWORD = "5ecre7-word"
MOST_WRONG = 5
WRITING = (".create", ".write", ".delete")
NOT_ALLOWED = UserError('You are not allowed to access "Sale Opportunity".', "Within groups: ")
INVALID = UserError('A value is required for field "Message" in record "(1)" of "Note".', "")


class Stop(Exception):
    """What is answered with a web page."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class FakeTryton(Tables):
    """One database with one company."""

    provider: ClassVar[type[Tryton]] = Tryton
    faults: ClassVar[frozenset[Fault]] = frozenset(Fault) - {
        *(Fault.QUOTA, Fault.EXPIRED, Fault.CURSOR_EXPIRED)
    }
    notes_are_final = True

    def __init__(self) -> None:
        super().__init__()
        self.setup = Setup(
            entries={"base_url": "https://tryton.example", "database": "brightwater", "user": "concord"},
            fields={"promised_on": "installation_date", "quantity": "units", "product": "technology"},
            account_id="https://tryton.example/brightwater",
        )
        self.credentials: dict[str, Any] = {"password": PASSWORD}
        self.requests: list[httpx.Request] = []
        self.sessions: set[str] = set()
        self.wrong_passwords = 0
        self._faults: list[tuple[Fault, str]] = []
        self._last = 1000

    # What people do in Tryton

    def add(self, **values: Any) -> FakeDeal:
        values = {"name": "Deal", "changed_at": self.now, "stage_id": "lead", **values}
        deal = FakeDeal(id=str(self._next()), **values)
        self.deals[deal.id] = deal
        self.made[deal.id] = self.lines_changed[deal.id] = deal.changed_at
        self._known(deal)
        return deal

    def change(self, deal_id: str, **values: Any) -> None:
        deal = replace(self.deals[deal_id], **{"changed_at": self.now, **values})
        self.deals[deal_id] = deal
        self._known(deal)
        if "lines" in values:
            self.lines_changed[deal_id] = self.now

    def change_lines_only(self, deal_id: str, lines: list[tuple[str, int]]) -> None:
        """Change the lines as a program does: the opportunity does not count as changed then."""
        self.deals[deal_id].lines = lines
        self.lines_changed[deal_id] = self.now
        self._known(self.deals[deal_id])

    def _known(self, deal: FakeDeal) -> None:
        if deal.company and self.party_of(deal.company) is None:
            self.parties.append(Party(self._next(), deal.company))
        for name, _ in deal.lines:
            self.products.setdefault(name, self._next())

    def delete(self, deal_id: str) -> None:
        """Cancel it and delete it."""
        self.change(deal_id, stage_id="cancelled", deleted=True)

    def merge(self, loser: str, survivor: str) -> None:
        raise LookupError("Tryton merges no opportunities")

    def drop_stage(self, stage_id: str) -> None:
        raise LookupError("Tryton's states are part of its module")

    def fail(self, fault: Fault, *, times: int = 1, on: str = "") -> None:
        assert fault in self.faults
        self._faults += [(fault, on)] * times

    def written(self, deal_id: str) -> Mapping[OwnField, str]:
        own = self.deals[deal_id].own
        return {name: said(own[name]) for name in OwnField if own.get(name) is not None}

    def webhook(self, *deal_ids: str) -> tuple[RawRequest, str, dict[str, Any]]:
        raise LookupError("Tryton has no webhooks")

    def _next(self) -> int:
        self._last += 1
        return self._last

    # What Tryton answers

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        body = loads(request.content)
        fault = self._fault(f"{request.method} {request.url.path} {body.get('method')}", body)
        if fault is Fault.NO_ANSWER:
            raise httpx.ConnectError("no route", request=request)
        response = self._broken(fault) or self._answer(request, body, fault)
        if fault is Fault.ANSWER_LOST:
            raise httpx.ReadTimeout("no answer", request=request)
        return response

    def _fault(self, call: str, body: dict[str, Any]) -> Fault | None:
        for number, (fault, on) in enumerate(self._faults):
            if on in call and (fault is not Fault.INVALID or body["method"].endswith(WRITING)):
                del self._faults[number]
                return fault
        return None

    def _broken(self, fault: Fault | None) -> httpx.Response | None:
        if fault is Fault.REVOKED:
            self.sessions.clear()
        status = {Fault.SERVER_ERROR: 503, Fault.HTML: 200, Fault.REVOKED: 401}.get(fault)  # type: ignore[arg-type]
        if fault in (Fault.TOO_MANY, Fault.TOO_MANY_UNTIL):
            status = 429
        headers = {"retry-after": "120"} if fault is Fault.TOO_MANY_UNTIL else {}
        return httpx.Response(status, html="<html>Not here</html>", headers=headers) if status else None

    def _answer(self, request: httpx.Request, body: dict[str, Any], fault: Fault | None) -> httpx.Response:
        try:
            if fault in (Fault.NOT_ALLOWED, Fault.DENIED_AS_OK):
                raise NOT_ALLOWED
            if fault is Fault.INVALID:
                raise INVALID
            return _reply(result=self._called(request, body))
        except UserError as error:
            return _reply(error=["UserError", [*error.args, None]])
        except KeyError as error:
            return _reply(error=[str(error), ""])
        except Stop as stop:
            return httpx.Response(stop.status, html=f"<!doctype html><title>{stop.status}</title>")

    def _called(self, request: httpx.Request, body: dict[str, Any]) -> Any:
        if body.keys() != {"id", "method", "params"}:
            raise Stop(400)
        if request.url.path != "/brightwater/rpc/":
            raise Stop(404)
        method, params = body["method"], body["params"]
        if method == "common.db.login":
            return self._login(*params)
        token = self._session(request)
        if method == "common.db.logout":
            self.sessions.discard(token)
            return None
        if not params or not isinstance(params[-1], dict):
            raise Stop(422)
        _, _, path = method.partition("model.")
        model, _, name = path.rpartition(".")
        return self._method(model, name)(model, *params[:-1], context=params[-1])

    def _login(self, user: str, parameters: dict[str, Any]) -> Any:
        if self.wrong_passwords > MOST_WRONG:
            raise Stop(429)
        if (user, parameters["password"]) != ("concord", PASSWORD):
            self.wrong_passwords += 1
            raise Stop(401)
        self.wrong_passwords = 0
        token = f"{self._next():064x}"
        self.sessions.add(token)
        return [7, token, None]

    def _session(self, request: httpx.Request) -> str:
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        user, _, token = b64decode(text).decode().rpartition(":") if kind == "Session" else ("", "", "")
        if user != "concord:7" or token not in self.sessions:
            raise Stop(401)
        return token

    def _method(self, model: str, name: str) -> Any:
        own = {
            f"{DEALS}.fields_get": lambda model, names, context: definitions(self, names),
            f"{DEALS}.write": self._write,
            "ir.note.create": self._make_notes,
            "ir.note.delete": self._delete_notes,
            "ir.model.access.get_access": self._get_access,
            "res.user.get_preferences": self._preferences,
        }
        shared = {
            "search": self._search,
            "search_read": self._search_read,
            "search_count": self._search_count,
            "read": self._read,
        }
        method = own.get(f"{model}.{name}") or shared.get(name)
        if method is None:
            raise Stop(403)
        return method

    def _found(self, model: str, domain: Any, order: Any, context: Any) -> list[Any]:
        check_access(self, model)
        if model == "ir.note":
            _check_resource(self, domain)
        return search(self, model, domain, order, context)

    def _search(self, model: str, domain: Any, offset: int, limit: Any, order: Any, *, context: Any) -> Any:
        rows = self._search_read(model, domain, offset, limit, order, ["id"], context=context)
        return [row["id"] for row in rows]

    def _search_count(self, model: str, domain: Any, *, context: Any) -> int:
        return len(self._found(model, domain, None, context))

    def _search_read(
        self, model: str, domain: Any, offset: int, limit: Any, order: Any, names: Any, *, context: Any
    ) -> Any:
        if (limit or 0) > MOST_RECORDS:
            raise Stop(413)
        check_access(self, model, names)
        found = self._found(model, domain, order, context)
        return read(self, model, found[offset:][:limit], names)

    def _read(self, model: str, ids: list[int], names: list[str], *, context: Any) -> Any:
        check_access(self, model, names)
        found = self._found(model, [["id", "in", ids]], None, context)
        if len(found) < len(ids):
            raise UserError(f'You are trying to read records of "{model}" that don\'t exist.', "")
        return read(self, model, found, names)

    def _write(self, model: str, ids: list[int], values: dict[str, Any], *, context: Any) -> None:
        self._read(model, ids, list(values), context=context)
        for id in ids:
            own = {OwnField(name): value for name, value in values.items()}
            self.change(str(id), own=self.deals[str(id)].own | own)

    def _make_notes(self, model: str, vlist: list[dict[str, str]], *, context: Any) -> list[int]:
        ids = []
        for values in vlist:
            deal = self.deals.get(values["resource"].removeprefix(f"{DEALS},"))
            if deal is None or deal.deleted:
                raise UserError('A value is required for field "Resource" in record "(2)" of "Note".', "")
            ids.append(self._next())
            deal.notes[str(ids[-1])] = values["message"]
        return ids

    def _delete_notes(self, model: str, ids: list[int], *, context: Any) -> None:
        for deal in self.deals.values():
            for id in ids:
                deal.notes.pop(str(id), None)

    def _get_access(self, model: str, models: list[str], *, context: Any) -> Any:
        rights = {}
        for name in models:
            FIELDS[name]
            rights[name] = dict.fromkeys(("read", "write", "create", "delete"), name not in self.forbidden)
        return rights

    def _preferences(self, model: str, context_only: bool, *, context: Any) -> Any:
        named = {"company": 1, "company.rec_name": "Brightwater Energy"} if self.company else {}
        return {"company_filter": "one", "companies": [1], "language": "en", **named}


def _check_resource(tables: Tables, domain: Any) -> None:
    """Notes are searched for beside a record that the user may see, and in no other way."""
    for clause in domain:
        if clause[:2] == ["resource", "="]:
            shown = {f"{DEALS},{deal.id}" for deal in tables.shown()}
            if clause[2] not in shown:
                raise UserError(
                    "You are not allowed to read records because of at least one of these rules:", ""
                )
            return
    raise UserError('You are not allowed to search on the "ir.note" resource.', "")


def _reply(**content: Any) -> httpx.Response:
    return httpx.Response(200, content=dumps({"id": 1, **content}))
