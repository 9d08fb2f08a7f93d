"""A little Odoo with CRM and Sales: JSON-2 as version 19 has it, JSON-RPC as version 17 has it.

As on real servers: write_date is kept in microseconds and shown in seconds; archived rows are hidden unless
active_test is off; an empty value is False whatever its type; errors of JSON-RPC are HTTP 200; unlink leaves
nothing behind; rights hide rows without a word; leads share the table; quotations and partners change
without the opportunity's write_date.
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import httpx

from integrations.crm import OwnField, RawRequest
from integrations.providers.odoo import Odoo
from tests.integrations.crm.fake import Fault
from tests.integrations.providers.fake_odoo_methods import OdooError, OdooMethods, access
from tests.integrations.providers.fake_odoo_rows import KEY, OWN, Row

HTML = "<html><body>Not here</body></html>"
PAGE = {"content-type": "text/html"}
WRITING = ("create", "write", "message_post")


class FakeOdoo(OdooMethods):
    """Odoo 19, where a key is enough."""

    provider: ClassVar[type[Odoo]] = Odoo
    version: ClassVar[int] = 19
    faults: ClassVar[frozenset[Fault]] = frozenset(
        {
            *(Fault.TOO_MANY, Fault.TOO_MANY_UNTIL, Fault.SERVER_ERROR, Fault.HTML, Fault.REVOKED),
            *(Fault.NOT_ALLOWED, Fault.INVALID, Fault.NO_ANSWER, Fault.ANSWER_LOST),
        }
    )

    def fail(self, fault: Fault, *, times: int = 1, on: str = "") -> None:
        assert fault in self.faults
        self._faults += [(fault, on)] * times

    def written(self, deal_id: str) -> Mapping[OwnField, str]:
        own = self.deals[deal_id].own
        return {field: str(own[key]) for field, key in OWN.items() if own.get(key)}

    def webhook(self, *deal_ids: str) -> tuple[RawRequest, str, dict[str, Any]]:
        raise LookupError("Odoo has no webhooks worth trusting")

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        what, call = self._called(request)
        fault = self._fault(f"{request.method} {what}", call)
        broken = self._broken(fault)
        if broken is not None:
            return broken
        answer = self._answer(request, fault)
        if fault == Fault.ANSWER_LOST:
            raise httpx.ReadTimeout("no answer", request=request)
        return answer

    def _called(self, request: httpx.Request) -> tuple[str, str]:
        """Return the path with model and method, and the method ("" for what is not a model's)."""
        path = request.url.path
        if path.startswith("/json/2/"):
            return path, path.rsplit("/", 1)[-1]
        params = json.loads(request.content or "{}").get("params", {})
        if params.get("service") != "object":
            return path, ""
        model, method = params["args"][3:5]
        return f"{path}/{model}/{method}", method

    def _fault(self, what: str, method: str) -> Fault | None:
        for at, (fault, on) in enumerate(self._faults):
            speaks = fault in (Fault.NOT_ALLOWED, Fault.REVOKED, Fault.DENIED_AS_OK)
            if (
                on not in what
                or (fault == Fault.INVALID and method not in WRITING)
                or (speaks and not method)
            ):
                continue
            del self._faults[at]
            return fault
        return None

    def _broken(self, fault: Fault | None) -> httpx.Response | None:
        if fault == Fault.NO_ANSWER:
            raise httpx.ConnectError("refused")
        wait = {"retry-after": "120"}
        return (
            {
                Fault.TOO_MANY: httpx.Response(429, text=HTML, headers=PAGE),
                Fault.TOO_MANY_UNTIL: httpx.Response(429, text=HTML, headers=PAGE | wait),
                Fault.SERVER_ERROR: httpx.Response(503, text=HTML, headers=PAGE),
                Fault.HTML: httpx.Response(403, text=HTML, headers=PAGE),
            }.get(fault)
            if fault
            else None
        )

    def _answer(self, request: httpx.Request, fault: Fault | None) -> httpx.Response:
        path = request.url.path
        if path == "/web/version":
            return httpx.Response(200, json={"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"})
        assert request.method == "POST"
        if not path.startswith("/json/2/"):
            return httpx.Response(404, text=HTML, headers=PAGE)
        sent = request.headers
        if sent["authorization"] != f"bearer {KEY}" or fault == Fault.REVOKED:
            said = {"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"}
            return httpx.Response(401, json=said)
        if sent.get("x-odoo-database") != "brightwater":
            return httpx.Response(404, text=HTML, headers=PAGE)
        model, method = path.removeprefix("/json/2/").split("/")
        named = json.loads(request.content)
        try:
            self._refuse(fault)
            answer = self.call(model, method, named.pop("ids", []), named)
        except OdooError as error:
            said = {"name": error.name, "message": str(error), "arguments": [], "context": {}}
            return httpx.Response(error.status, json=said | {"debug": "Traceback of /opt/odoo"})
        return httpx.Response(200, json=answer)

    def _refuse(self, fault: Fault | None) -> None:
        if fault in (Fault.NOT_ALLOWED, Fault.DENIED_AS_OK):
            raise access()
        if fault == Fault.INVALID:
            raise OdooError("odoo.exceptions.ValidationError", "A verdict needs a signature.", 422)


class FakeOldOdoo(FakeOdoo):
    """Odoo 17: JSON-RPC alone, every error as HTTP 200, names of arguments as they were then."""

    version: ClassVar[int] = 17
    release = 17  # what it says it is: 16 knows fewer parameters
    silent: set[str] = set()  # methods that answer neither result nor error
    faults: ClassVar[frozenset[Fault]] = FakeOdoo.faults | {Fault.DENIED_AS_OK}

    def _answer(self, request: httpx.Request, fault: Fault | None) -> httpx.Response:
        if request.url.path != "/jsonrpc":
            return httpx.Response(404, text=HTML, headers=PAGE)
        params = json.loads(request.content)["params"]
        said: Row = {"jsonrpc": "2.0", "id": 1}
        try:
            result = self._serve(params["service"], params["method"], params["args"], fault)
        except OdooError as error:
            data = {"name": error.name, "message": str(error), "debug": "Traceback of /opt/odoo"}
            said["error"] = {"code": 200, "message": "Odoo Server Error", "data": data}
            return httpx.Response(200, json=said)
        return httpx.Response(200, json=said if result is None else said | {"result": result})

    def _serve(self, service: str, method: str, args: list[Any], fault: Fault | None) -> Any:
        if (service, method) == ("common", "version"):
            return {"server_version_info": [self.release, 0, 0, "final", 0, ""]}
        if args[0] != "brightwater":
            raise OdooError(
                "psycopg2.OperationalError",
                f'connection to server at "10.1.2.3", port 5432 failed: database "{args[0]}" does not exist',
                500,
            )
        if (service, method) == ("common", "authenticate"):
            return 7 if args[1:3] == ["concord@brightwater.example", KEY] else False
        _database, uid, key, model, name, places, named = args
        if uid != 7 or key != KEY or fault == Fault.REVOKED:
            raise OdooError("odoo.exceptions.AccessDenied", "Access Denied", 403)
        self._refuse(fault)
        return self._execute(model, name, places, named)

    def _execute(self, model: str, method: str, places: list[Any], named: Row) -> Any:
        ids: list[int] = []
        if method in ("search_read", "search_count"):
            named = {"domain": places[0], **named}
        elif method == "create":
            named = {"vals_list": places[0], **named}
        elif method == "has_group":
            assert places == ["sales_team.group_sale_salesman_all_leads"]
            return self.sees_all
        elif method == "message_post":
            return self._post(places[0], dict(named))
        elif method == "write":
            ids = places[0]
        return self.call(model, method, ids, dict(named))

    def _post(self, ids: list[int], named: Row) -> Any:
        if self.release < 17:
            assert "body_is_html" not in named
            named["body_is_html"] = True
        note_id = self.call("crm.lead", "message_post", ids, named)[0]
        return None if "message_post" in self.silent else note_id

    def _no_model(self, model: str) -> OdooError:
        return OdooError("odoo.exceptions.UserError", f"Object {model} doesn't exist", 500)

    def _check_access_rights(
        self, model: str, ids: list[int], operation: str, raise_exception: bool = True
    ) -> bool:
        return (model, operation) not in self.denied
