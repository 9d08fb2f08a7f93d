"""A server with one file of deals behind a password: the whole file at each request, or 304.

As real ones: the file says nothing of when a deal changed or that one was deleted; its tag changes with its
content alone; nothing can be written; what asks for a password says so with a 401, and a missing right may be
told in XML, as object stores do.
"""

import csv
import io
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar

import httpx

from integrations.crm import OwnField, RawRequest, Setup
from integrations.providers.files import FileFeed
from tests.integrations.crm.fake import START, FakeDeal, Fault
from tests.integrations.crm.faults import Faults, breaks

PASSWORD = "5ecre7-word"
URL = "https://exports.kestrel.example/crm/deals.csv"
HEADERS = (
    *("Deal ID", "Deal name", "Account name", "Owner", "Stage", "Probability", "Amount", "Currency"),
    *("Close date", "Product", "Quantity", "Delivery date"),
)
ANSWERS = {
    Fault.TOO_MANY: httpx.Response(429),
    Fault.TOO_MANY_UNTIL: httpx.Response(429, headers={"Retry-After": "120"}),
    Fault.SERVER_ERROR: httpx.Response(502, text="<html>Bad gateway</html>"),
    Fault.HTML: httpx.Response(200, text="<!DOCTYPE html><html><h1>Sign in</h1></html>"),
    Fault.REVOKED: httpx.Response(401, text="<html>Unauthorized</html>"),
    Fault.NOT_ALLOWED: httpx.Response(403, text="<?xml version='1.0'?><Error>AccessDenied</Error>"),
}


class FakeSpreadsheet:
    """The file's server. `text` stands for the whole file where it is said."""

    provider: type[FileFeed] = FileFeed
    faults: ClassVar[frozenset[Fault]] = frozenset({*ANSWERS, Fault.NO_ANSWER, Fault.ANSWER_LOST})

    def __init__(self) -> None:
        self.now = START
        self.deals: dict[str, FakeDeal] = {}
        self.stages = [
            ("Proposal", False, False),
            ("Negotiation", False, False),
            ("Closed Won", True, False),
            ("Closed Lost", False, True),
        ]
        self.credentials: dict[str, Any] = {"password": PASSWORD}
        fields = {"promised_on": "Delivery date", "product": "Product", "quantity": "Quantity"}
        self.setup = Setup(entries={"url": URL, "user": "concord"}, fields=fields)
        self.requests: list[httpx.Request] = []
        self.text: str | bytes | None = None
        self.sends = ("etag", "last-modified")
        self.moved_on = START
        self._faults = Faults()
        self._made = 1000

    def add(self, **values: Any) -> FakeDeal:
        self._made += 1
        said = {"name": f"Deal {self._made}", "changed_at": self.now, "stage_id": "Proposal"} | values
        deal = FakeDeal(id=f"D-{self._made}", **said)
        self.deals[deal.id] = deal
        return deal

    def change(self, deal_id: str, **values: Any) -> None:
        for name, value in {"changed_at": self.now, **values}.items():
            setattr(self.deals[deal_id], name, value)

    def delete(self, deal_id: str) -> None:
        self.deals[deal_id].deleted = True

    def merge(self, loser: str, survivor: str) -> None:
        raise LookupError("a file knows no merging")

    def drop_stage(self, stage_id: str) -> None:
        raise LookupError("a file's stages are those of its deals")

    def fail(self, fault: Fault, *, times: int = 1, on: str = "") -> None:
        assert fault in self.faults
        self._faults.add(fault, times=times, on=on)

    def written(self, deal_id: str) -> Mapping[OwnField, str]:
        return {}

    def webhook(self, *deal_ids: str) -> tuple[RawRequest, str, dict[str, Any]]:
        raise LookupError("a file sends no webhooks")

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        fault = self._faults.take(request)
        breaks(fault, request)
        if fault in ANSWERS:
            answer = ANSWERS[fault]
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        known = b64encode(f"concord:{PASSWORD}".encode()).decode()
        if request.headers.get("authorization") not in (f"Basic {known}", f"Bearer {PASSWORD}"):
            return httpx.Response(401)
        if request.url.path != "/crm/deals.csv":
            return httpx.Response(404)
        assert request.method == "GET"
        body = self._body()
        version = {"etag": f'"{sha256(body).hexdigest()[:16]}"', "last-modified": _stamp(self.moved_on)}
        headers = {"date": _stamp(self.now)} | {name: version[name] for name in self.sends}
        asked = {name: request.headers.get(f"if-{word}") for name, word in _CONDITIONS.items()}
        if any(asked[name] == version[name] for name in self.sends):
            return httpx.Response(304, headers=headers)
        return httpx.Response(200, content=body, headers=headers)

    def _body(self) -> bytes:
        if self.text is not None:
            return self.text if isinstance(self.text, bytes) else self.text.encode()
        rows = io.StringIO()
        writer = csv.writer(rows)
        writer.writerow(HEADERS)
        writer.writerows(_row(deal) for deal in self.deals.values() if not deal.deleted)
        return rows.getvalue().encode()


_CONDITIONS = {"etag": "none-match", "last-modified": "modified-since"}


def _stamp(moment: Any) -> str:
    return str(moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))


def _row(deal: FakeDeal) -> list[str]:
    chance = "" if deal.probability is None else f"{deal.probability * 100:f}%"
    values = (deal.amount, deal.currency, deal.close_on, deal.product, deal.quantity, deal.promised_on)
    return [
        *(deal.id, deal.name, deal.company, f"Owner {deal.owner_id}", deal.stage_id, chance),
        *("" if value is None else str(value) for value in values),
    ]
