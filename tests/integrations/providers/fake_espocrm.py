"""A little EspoCRM 9: lists by searchParams, at most 200 rows, times in whole seconds.

As on real servers: too large a page is a 403 whose reason stands in a header; an unknown operator is a 400,
and so is what to select as a text instead of a list; what is unknown is dropped from what is written, with a
200; deleted rows are not there; an account's changes leave its deals' time as it was; posts cannot be edited
after seven days, nor deleted after a month; ids say nothing of the order in which records were made; ten
wrong keys lock everybody out for a while.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar

import httpx

from integrations.crm import OwnField, RawRequest
from integrations.providers.espocrm import EspoCrm
from tests.integrations.crm.fake import Fault
from tests.integrations.providers.fake_espocrm_records import KEY, OWN, EspoError, EspoRecords, Row

HTML = "<html><body>Not here</body></html>"


class FakeEspoCrm(EspoRecords):
    """EspoCRM with an API user whose role allows everything that is asked of it."""

    provider: ClassVar[type[EspoCrm]] = EspoCrm
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
        hook_id, key = "66f01a2b3c4d5e6f7", "5e9f3b"
        body = json.dumps([{"id": one, "name": self.deals[one].name} for one in deal_ids]).encode()
        mac = hmac.new(key.encode(), body, sha256).hexdigest()
        signature = base64.b64encode(f"{hook_id}:{mac}".encode()).decode()
        headers = {"signature": signature, "content-type": "application/json"}
        request = RawRequest("POST", "https://concord.example/hooks/crm/x/", headers, body)
        return request, json.dumps({hook_id: key}), {"ids": [hook_id], "url": request.url}

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        fault = self._fault(request)
        if fault == Fault.NO_ANSWER:
            raise httpx.ConnectError("refused")
        page = (
            {
                Fault.TOO_MANY: (429, {}),
                Fault.TOO_MANY_UNTIL: (429, {"retry-after": "120"}),
                Fault.SERVER_ERROR: (503, {}),
                Fault.HTML: (403, {}),
            }.get(fault)
            if fault
            else None
        )
        if page:
            return httpx.Response(page[0], text=HTML, headers={"content-type": "text/html", **page[1]})
        try:
            answer = self._answer(request, fault)
        except EspoError as error:
            return httpx.Response(error.status, headers={"x-status-reason": str(error)} if str(error) else {})
        if fault == Fault.ANSWER_LOST:
            raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response(200, content=json.dumps(answer))

    def _fault(self, request: httpx.Request) -> Fault | None:
        for at, (fault, on) in enumerate(self._faults):
            if on in f"{request.method} {request.url.path}" and (
                fault != Fault.INVALID or request.method in ("PUT", "POST")
            ):
                del self._faults[at]
                return fault
        return None

    def _answer(self, request: httpx.Request, fault: Fault | None) -> Any:
        folder, _, path = request.url.path.partition("/api/v1/")
        assert folder == "/espo"
        self._let_in(request, fault)
        if fault == Fault.NOT_ALLOWED:
            raise EspoError(403, "No access to scope.")
        if fault == Fault.INVALID:
            raise EspoError(400, "Field validation failure; entityType: Opportunity, field: cConcordReason")
        first, *rest = path.split("/")
        body = json.loads(request.content) if request.content else {}
        if request.method == "GET":
            return self._get(first, rest, dict(request.url.params), request.headers)
        return getattr(self, f"_{request.method.lower()}_{first.lower()}")(*rest, body)

    def _let_in(self, request: httpx.Request, fault: Fault | None) -> None:
        if self.failed_logins > 10:
            raise EspoError(403, "Max failed login attempts exceeded for IP address 203.0.113.7.")
        if request.headers.get("x-api-key") != KEY or fault == Fault.REVOKED:
            self.failed_logins += fault != Fault.REVOKED
            raise EspoError(401)

    def _get(self, first: str, rest: list[str], params: Row, headers: Mapping[str, str]) -> Any:
        if [first, *rest] == ["App", "user"]:
            return self._me()
        if rest:
            assert rest[1:] == ["posts"]
            return self._posts(self._there(rest[0]), params)
        if "searchParams" in params:
            return self._list(first, json.loads(params["searchParams"]), headers)
        return getattr(self, f"_get_{first.lower()}")(params)

    def _me(self) -> Row:
        user = {"id": "7", "name": "concord", "userName": "concord", "type": "api"}
        return {"user": user, "acl": {"table": self.table}, "settings": self._get_settings({})}

    def _get_metadata(self, params: Row) -> Row:
        assert params == {"key": "entityDefs.Opportunity"}
        names = [name for name, _, _ in self.stages]
        chances = {name: 100 if won else 0 if lost else 40 for name, won, lost in self.stages}
        fields: dict[str, Row] = {name: {"type": kind} for name, kind in self.fields.items()}
        fields["stage"] |= {"options": names, "probabilityMap": chances}
        return {"fields": fields}

    def _get_settings(self, params: Row) -> Row:
        return {"timeZone": "Europe/Berlin", "defaultCurrency": "EUR"}

    def _get_i18n(self, params: Row) -> Row:
        return {"Opportunity": {"fields": {"cPromisedOn": "Promised on", "closeDate": "Close Date"}}}
