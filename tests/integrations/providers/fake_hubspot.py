"""HubSpot's side of the wire, and what goes wrong with it."""

from typing import Any, ClassVar

import httpx

from integrations.crm import CrmProvider
from integrations.providers.hubspot import HubSpot
from tests.integrations.crm.fake import Fault
from tests.integrations.providers.fake_hubspot_account import Body
from tests.integrations.providers.fake_hubspot_answers import Answers

SCOPES = {"requiredGranularScopes": ["crm.objects.deals.read"]}


class FakeHubSpot(Answers):
    """One account with one pipeline, reached by a Service Key or an app's token."""

    provider: type[CrmProvider] = HubSpot
    faults: ClassVar[frozenset[Fault]] = frozenset(Fault) - {Fault.DENIED_AS_OK, Fault.CURSOR_EXPIRED}

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[httpx.Request] = []
        self._faults: list[tuple[Fault, str]] = []

    def fail(self, fault: Fault, *, times: int = 1, on: str = "") -> None:
        self._faults += [(fault, on)] * times

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        fault = self._fault(request)
        if fault is Fault.NO_ANSWER:
            raise httpx.ConnectError("refused", request=request)
        if fault is Fault.HTML:
            return httpx.Response(403, text="<html><h1>Attention required</h1></html>")
        if fault is Fault.TOO_MANY_UNTIL:
            return httpx.Response(429, json=_limit("TEN_SECONDLY_ROLLING"), headers={"Retry-After": "120"})
        if fault and fault is not Fault.ANSWER_LOST:
            return httpx.Response(FAULTS[fault][0], json=FAULTS[fault][1])
        response = self.answer(request)
        if fault is Fault.ANSWER_LOST:
            raise httpx.ReadTimeout("no answer", request=request)
        return response

    def _fault(self, request: httpx.Request) -> Fault | None:
        for index, (fault, on) in enumerate(self._faults):
            if on in f"{request.method} {request.url.path}":
                del self._faults[index]
                return fault
        return None


def _limit(policy: str) -> Body:
    return {"status": "error", "errorType": "RATE_LIMIT", "policyName": policy, "message": "Limit reached."}


def _error(category: str, message: str, **more: Any) -> Body:
    return {"status": "error", "category": category, "message": message, **more}


FAULTS: dict[Fault, tuple[int, Body]] = {
    Fault.TOO_MANY: (429, _limit("TEN_SECONDLY_ROLLING")),
    Fault.QUOTA: (429, _limit("DAILY")),
    Fault.SERVER_ERROR: (502, _error("INTERNAL", "internal error")),
    Fault.EXPIRED: (401, _error("EXPIRED_AUTHENTICATION", "The OAuth token expired 3 seconds ago.")),
    Fault.REVOKED: (401, _error("INVALID_AUTHENTICATION", "The key was deactivated.")),
    Fault.NOT_ALLOWED: (403, _error("MISSING_SCOPES", "Scopes are missing.", errors=[{"context": SCOPES}])),
    Fault.INVALID: (
        400,
        _error(
            "VALIDATION_ERROR",
            'Property values were not valid: [{"isValid":false,"message":"Close reason is required."}]',
        ),
    ),
}
