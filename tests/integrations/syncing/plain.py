"""A CRM that is as simple as can be, to test the sync machine with: pages of two, a clock, and faults."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import httpx

from integrations.crm import (
    Account,
    BadSignature,
    Capabilities,
    CrmError,
    Cursor,
    DealRecord,
    Discovery,
    Entry,
    Fetched,
    Gone,
    Hosts,
    IdPage,
    Limit,
    LineRecord,
    NeedsSignIn,
    Notification,
    OAuth,
    OwnField,
    Page,
    Pipeline,
    RawRequest,
    Setup,
    Stage,
    Status,
    Subscription,
    TokenExpired,
    WriteOp,
    Written,
)
from integrations.http import Door, Reply
from integrations.readings import date_of, decimal_of

BASE = "https://plain.example"
STAGES = (
    Stage("1", "Talking", "p", 1, Decimal("0.4")),
    Stage("2", "Signed", "p", 2, Decimal(1), Status.WON),
    Stage("3", "No", "p", 3, Decimal(0), Status.LOST),
)


class PlainCrm:
    """The provider."""

    key: ClassVar[str] = "plain"
    name: ClassVar[str] = "Plain"
    capabilities: ClassVar[Capabilities] = Capabilities(
        tombstones=True, webhooks=True, own_fields=True, notes=True
    )
    entries: ClassVar[tuple[Entry, ...]] = (Entry("token", "Key", secret=True, required=False),)
    oauth: ClassVar[OAuth | None] = OAuth(f"{BASE}/authorize", f"{BASE}/token", ("deals",))
    rights: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[tuple[Limit, ...]] = (Limit(1000, 1),)
    look_back: ClassVar[timedelta] = timedelta(minutes=5)
    horizon: ClassVar[timedelta | None] = timedelta(days=30)

    def __init__(
        self, *, door: Door, credentials: Mapping[str, Any], setup: Setup, now: Callable[[], datetime]
    ) -> None:
        self.door, self.credentials, self.setup, self.now = door, credentials, setup, now

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> Hosts:
        return Hosts(exact=("plain.example",))

    def _ask(self, method: str, path: str, **rest: Any) -> Any:
        token = self.credentials.get("access_token") or self.credentials.get("token", "")
        reply: Reply = self.door.send(method, f"{BASE}{path}", headers={"Authorization": token}, **rest)
        if reply.status == 401:
            raise (
                TokenExpired("expired") if self.credentials.get("oauth") else NeedsSignIn("Enter a new key.")
            )
        if reply.status == 429:
            raise CrmError("Too many requests.", try_at=self.now() + timedelta(seconds=120))
        if reply.status == 403:
            raise CrmError("The key may not read deals.", permanent=True)
        if reply.status == 422:
            raise CrmError("A required field is empty.", permanent=True)
        if reply.status >= 500:
            raise CrmError("Plain does not answer properly.")
        return reply.json()

    def check(self) -> Account:
        return Account(**self._ask("GET", "/me"))

    def discover(self) -> Discovery:
        pipelines = tuple(Pipeline(**each) for each in self._ask("GET", "/pipelines"))
        return Discovery(pipelines, STAGES, (), (), currency="EUR")

    def _place(self, cursor: Cursor | None, first: int | str) -> dict[str, Any]:
        return {"after": (cursor or {}).get("after", first), "pipelines": ",".join(self.setup.pipelines)}

    def pull(self, cursor: Cursor | None) -> Page:
        answer = self._ask("GET", "/deals", params=self._place(cursor, 0))
        return Page(
            tuple(self._record(each) for each in answer["deals"]),
            {"after": answer["after"]},
            answer["done"],
            gone=tuple(Gone(each["id"], each.get("survivor", "")) for each in answer["gone"]),
        )

    @staticmethod
    def _record(raw: Mapping[str, Any]) -> DealRecord:
        return DealRecord(
            id=raw["id"],
            name=raw["name"],
            changed_at=datetime.fromisoformat(raw["changed_at"]),
            stage_id=raw["stage"],
            pipeline_id=raw.get("pipeline", "p"),
            amount=decimal_of(raw["amount"]),
            company=raw["company"],
            owner_email=raw.get("owner", ""),
            product=raw["product"],
            quantity=decimal_of(raw["quantity"]),
            promised_on=date_of(raw["promised_on"]),
            lines=PlainCrm._lines(raw),
            url=f"{BASE}/deals/{raw['id']}",
        )

    @staticmethod
    def _lines(raw: Mapping[str, Any]) -> tuple[LineRecord, ...] | None:
        if "quantities" not in raw:
            return None
        return tuple(
            LineRecord(product=raw["product"], quantity=decimal_of(each)) for each in raw["quantities"]
        )

    def fetch(self, ids: Sequence[str]) -> Fetched:
        answer = self._ask("GET", "/fetch", params={"ids": ",".join(ids)})
        return Fetched(
            tuple(self._record(each) for each in answer["deals"]),
            tuple(Gone(each) for each in answer["gone"]),
        )

    def list_ids(self, cursor: Cursor | None) -> IdPage:
        answer = self._ask("GET", "/ids", params=self._place(cursor, ""))
        return IdPage(tuple(answer["ids"]), {"after": answer["after"]} if answer["after"] else None)

    def ensure_fields(self) -> Mapping[OwnField, str]:
        return {each: each.value for each in OwnField}

    def write(self, op: WriteOp) -> Written:
        values = {name.value: None if value is None else str(value) for name, value in op.values.items()}
        body = {"values": values, "note": op.note, "note_id": op.note_id, "marker": op.marker}
        answer = self._ask("PUT", f"/deals/{op.deal_id}", json={**body, "look": op.note_may_exist})
        return Written(answer["note_id"])

    def ensure_webhook(self, url: str, held: Subscription | None) -> Subscription | None:
        self._ask("POST", "/hooks", json={"url": url})
        return Subscription({"url": url}, "hush", self.now() + timedelta(days=7))

    def drop_webhook(self, held: Subscription) -> None:
        self._ask("POST", "/hooks", json={"url": ""})

    @classmethod
    def verify_webhook(
        cls, request: RawRequest, *, secret: str, state: Mapping[str, Any], now: datetime
    ) -> Notification:
        if request.headers.get("x-secret") != secret:
            raise BadSignature
        said = json.loads(request.body)
        return Notification(said["event"], tuple(said["ids"]), said.get("account", ""))


class PlainServer:
    """The vendor's side. Every change gets a number; pages are by number, two at a time."""

    page = 2

    def __init__(self) -> None:
        self.deals: dict[str, dict[str, Any]] = {}
        self.gone: list[dict[str, Any]] = []
        self.notes: dict[str, list[str]] = {}
        self.written: dict[str, dict[str, Any]] = {}
        self.number = 0
        self.hidden: set[str] = set()
        self.pipelines = [{"id": "p", "name": "Sales"}]
        self.faults: list[tuple[str, int | Exception]] = []
        self.requests: list[str] = []
        self.tokens = ["first"]
        self.refreshes = 0
        self.hook = ""
        self.account = "42"

    def add(self, deal_id: str, **values: Any) -> None:
        self.deals[deal_id] = {
            "id": deal_id,
            "name": f"Deal {deal_id}",
            "stage": "1",
            "amount": "100.00",
            "company": "Kestrel",
            "product": "Rewiring",
            "quantity": "2",
            "promised_on": "2027-02-19",
        } | values
        self.touch(deal_id)

    def touch(self, deal_id: str, **values: Any) -> None:
        self.number += 1
        moment = datetime(2027, 2, 9, 8, 0, tzinfo=UTC) + timedelta(seconds=self.number)
        self.deals[deal_id] |= {"changed_at": moment.isoformat(), "number": self.number} | values

    def remove(self, deal_id: str, survivor: str = "") -> None:
        del self.deals[deal_id]
        self.number += 1
        self.gone.append({"id": deal_id, "number": self.number, "survivor": survivor})

    def fail(self, path: str, what: int | Exception, times: int = 1) -> None:
        self.faults += [(path, what)] * times

    def handle(self, request: httpx.Request) -> httpx.Response:
        asked = f"{request.method} {request.url.path}"
        self.requests.append(asked)
        for fault in self.faults:
            if asked.startswith(fault[0]):
                self.faults.remove(fault)
                if isinstance(fault[1], Exception):
                    if isinstance(fault[1], httpx.ReadTimeout):
                        self._answer(asked, request)  # it has its effect all the same
                    raise fault[1]
                return httpx.Response(fault[1], json={})
        return self._answer(asked, request)

    def _answer(self, asked: str, request: httpx.Request) -> httpx.Response:
        if asked == "POST /token":
            return self._token(request)
        if request.headers["authorization"] not in self.tokens:
            return httpx.Response(401, json={})
        if asked == "GET /me":
            return httpx.Response(200, json={"id": self.account, "name": "Brightwater", "currency": "EUR"})
        if asked == "GET /pipelines":
            return httpx.Response(200, json=self.pipelines)
        if asked == "GET /deals":
            return self._changes(int(request.url.params["after"]), self._chosen(request))
        if asked == "GET /fetch":
            ids = request.url.params["ids"].split(",")
            found = [self.deals[each] for each in ids if each in self.deals and each not in self.hidden]
            dead = [each["id"] for each in self.gone if each["id"] in ids]
            return httpx.Response(200, json={"deals": found, "gone": dead})
        if asked == "GET /ids":
            ids = sorted(set(self._chosen(request)) - self.hidden)
            rest = [each for each in ids if each > request.url.params["after"]]
            return httpx.Response(200, json={"ids": rest[:2], "after": rest[1] if len(rest) > 2 else ""})
        if asked == "POST /hooks":
            self.hook = json.loads(request.content)["url"]
            return httpx.Response(200, json={})
        return self._write(asked.rpartition("/")[2], json.loads(request.content))

    def _chosen(self, request: httpx.Request) -> dict[str, dict[str, Any]]:
        chosen = request.url.params.get("pipelines", "")
        return {
            key: deal for key, deal in self.deals.items() if not chosen or deal.get("pipeline", "p") in chosen
        }

    def _changes(self, after: int, deals: dict[str, dict[str, Any]]) -> httpx.Response:
        changes = [each for each in (*deals.values(), *self.gone) if each["number"] > after]
        changes.sort(key=lambda each: each["number"])
        page = changes[: self.page]
        return httpx.Response(
            200,
            json={
                "deals": [each for each in page if "name" in each],
                "gone": [each for each in page if "name" not in each],
                "after": page[-1]["number"] if page else after,
                "done": len(changes) <= self.page,
            },
        )

    def _write(self, deal_id: str, said: dict[str, Any]) -> httpx.Response:
        self.written[deal_id] = said["values"]
        notes = self.notes.setdefault(deal_id, [])
        if said["note_id"]:
            notes[int(said["note_id"])] = said["note"]
            return httpx.Response(200, json={"note_id": said["note_id"]})
        if said["look"]:
            for number, note in enumerate(notes):
                if said["marker"] in note:
                    notes[number] = said["note"]
                    return httpx.Response(200, json={"note_id": str(number)})
        notes.append(said["note"])
        return httpx.Response(200, json={"note_id": str(len(notes) - 1)})

    def _token(self, request: httpx.Request) -> httpx.Response:
        self.refreshes += 1
        if f"refresh_token=refresh-{self.refreshes - 1}" not in request.content.decode():
            return httpx.Response(400, json={"error": "invalid_grant"})
        token = f"access-{self.refreshes}"
        self.tokens = [token]
        answer = {"access_token": token, "refresh_token": f"refresh-{self.refreshes}", "expires_in": 1800}
        return httpx.Response(200, json=answer)
