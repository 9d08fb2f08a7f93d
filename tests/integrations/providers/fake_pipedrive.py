"""Pipedrive's side of the wire: its pages, its seconds, its three lists of deals, its notes and webhooks."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import httpx

from integrations.crm import FIELD_LABELS, CrmProvider, OwnField, RawRequest, Setup
from integrations.providers.pipedrive import Pipedrive
from tests.integrations.crm.fake import START, FakeDeal, Fault
from tests.integrations.crm.faults import Faults, breaks

KEY, TOKEN = "pd-5ecre7-k3y", "v1u:5ecre7-t0ken"
HOST = "brightwater.pipedrive.com"
PROMISED_ON, QUANTITY, PRODUCT = "1" * 40, "2" * 40, "3" * 40
FIELDS = {
    "title": ("Title", "varchar"),
    "expected_close_date": ("Expected close date", "date"),
    PROMISED_ON: ("Promised on", "date"),
    QUANTITY: ("Quantity", "double"),
    PRODUCT: ("Product", "enum"),
}
USERS = {
    "1": ("Maya Lindqvist", "maya@brightwater.example"),
    "2": ("Tomas Berg", "tomas@brightwater.example"),
}
MOST, BATCH, MOST_FIELDS, KEPT = 500, 100, 15, timedelta(days=30)
Answer = httpx.Response


class FakePipedrive:
    """One company of Pipedrive; we are signed in as an administrator."""

    provider: ClassVar[type[CrmProvider]] = Pipedrive
    faults: ClassVar[frozenset[Fault]] = frozenset(Fault) - {Fault.DENIED_AS_OK, Fault.CURSOR_EXPIRED}

    def __init__(self) -> None:
        self.now = START
        self.setup = Setup(
            entries={"company_domain": "brightwater"},
            fields={"promised_on": PROMISED_ON, "quantity": QUANTITY, "product": PRODUCT},
            account_id="7",
        )
        self.credentials: dict[str, Any] = {"api_token": KEY}
        self.other_credentials: dict[str, Any] = {
            "oauth": True,
            "access_token": TOKEN,
            "api_domain": f"https://{HOST}",
        }
        # Won and lost are no stages at Pipedrive; here people mark deals so in the last two.
        self.stages = [(id_, id_ == "3", id_ == "4") for id_ in ("1", "2", "3", "4")]
        self.dropped: list[str] = []
        self.deals: dict[str, FakeDeal] = {}
        self.requests: list[httpx.Request] = []
        self.fields = dict(FIELDS)
        self.webhooks: dict[str, dict[str, Any]] = {}
        self.is_admin = True
        self.uses_probability = True
        self.disabled: set[str] = set()  # products that are attached to deals, but switched off
        self._companies: list[str] = []
        self._products: list[str] = []
        self._next = 1
        self._faults = Faults()

    # What a test does

    def add(self, **values: Any) -> FakeDeal:
        deal_id = self._id()
        deal = FakeDeal(
            **({"id": deal_id, "name": f"Deal {deal_id}", "changed_at": self.now, "stage_id": "1"} | values)
        )
        self.deals[deal.id] = deal
        return deal

    def change(self, deal_id: str, **values: Any) -> None:
        deal = self.deals[deal_id]
        for name, value in values.items():
            setattr(deal, name, value)
        deal.changed_at = self.now

    def delete(self, deal_id: str) -> None:
        self.change(deal_id, deleted=True)

    def merge(self, loser: str, survivor: str) -> None:
        self.change(loser, deleted=True, merged_into=survivor)
        self.change(survivor)

    def drop_stage(self, stage_id: str) -> None:
        self.stages = [stage for stage in self.stages if stage[0] != stage_id]
        self.dropped.append(stage_id)

    def fail(self, fault: Fault, *, times: int = 1, on: str = "") -> None:
        self._faults.add(fault, times=times, on=on)

    def written(self, deal_id: str) -> Mapping[OwnField, str]:
        own = self.deals[deal_id].own
        names = {label: field for field, label in FIELD_LABELS.items()}
        return {names[self.fields[code][0]]: value for code, value in own.items() if value is not None}

    def webhook(self, *deal_ids: str) -> tuple[RawRequest, str, dict[str, Any]]:
        """An event is about one deal; about two when they were merged."""
        assert 1 <= len(deal_ids) <= 2
        meta = {"id": f"event-{self._id()}", "entity": "deal", "entity_id": deal_ids[0], "action": "change"}
        meta |= {"company_id": "7", "version": "2.0", "attempt": 1, "change_source": "app"}
        meta |= {"merged_from_id": deal_ids[1]} if len(deal_ids) == 2 else {}
        body = json.dumps({"meta": meta, "data": {"id": 0, "title": "never read"}, "previous": {}}).encode()
        secret = "a secret of ours"
        known = base64.b64encode(f"concord:{secret}".encode()).decode()
        headers = {"authorization": f"Basic {known}", "content-type": "application/json"}
        return RawRequest("POST", "https://concord.example/hooks/1/", headers, body), secret, {"id": "1"}

    # What the vendor does

    def handle(self, request: httpx.Request) -> Answer:
        self.requests.append(request)
        assert request.url.host == HOST, request.url.host
        fault = self._faults.take(request)
        if fault is Fault.NO_ANSWER:
            breaks(fault, request)
        refused = self._refused(request) or (REFUSALS[fault]() if fault in REFUSALS else None)
        answer = refused or self._answer(request)
        breaks(fault, request)
        return answer

    def _refused(self, request: httpx.Request) -> Answer | None:
        said = (request.headers.get("x-api-token"), request.headers.get("authorization"))
        if said in ((KEY, None), (None, f"Bearer {TOKEN}")):
            return None
        return Answer(401, json={"success": False, "error": "unauthorized access", "errorCode": 401})

    def _answer(self, request: httpx.Request) -> Answer:
        parts = request.url.path.removeprefix("/api/").split("/")
        number = parts.pop() if parts[-1].isdigit() or len(parts[-1]) == 40 else ""
        asked = dict(request.url.params.items())
        sent = json.loads(request.content) if request.content else {}
        name = f"{request.method} {'/'.join(parts)}"
        if name in LISTS and not number:
            return self._list(LISTS[name](self, asked), asked)
        return ACTIONS[name](self, number, asked, sent)

    def _list(self, rows: Iterable[dict[str, Any]], asked: Mapping[str, str]) -> Answer:
        """Sort, go on behind the cursor (a field's value and an id), cut the page."""
        limit, by = int(asked.get("limit", 100)), asked.get("sort_by", "id")
        if not 1 <= limit <= MOST or len(asked.get("ids", "").split(",")) > BATCH:
            return bad("limit or ids out of range")
        rows = sorted(rows, key=lambda row: (row.get(by, 0), row["id"]))
        if asked.get("cursor"):
            at = json.loads(base64.urlsafe_b64decode(asked["cursor"]))
            if at["field"] != by:
                return bad("cursor is of another order")
            rows = [row for row in rows if (row.get(by, 0), row["id"]) >= (at["fieldValue"], at["id"])]
        page, after = [self._whole(row, asked) for row in rows[:limit]], rows[limit : limit + 1]
        mark = None
        for row in after:
            said = {"field": by, "fieldValue": row.get(by, 0), "sortDirection": "asc", "id": row["id"]}
            mark = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
        return good(page, additional_data={"next_cursor": mark})

    def _deals(self, asked: Mapping[str, str], *, archived: bool = False) -> Iterable[dict[str, Any]]:
        statuses = asked.get("status", "open,won,lost").split(",")
        wanted = set(asked["ids"].split(",")) if "ids" in asked else None
        since = datetime.fromisoformat(asked.get("updated_since", "1970-01-01T00:00:00Z"))
        for deal in self.deals.values():
            if self._status(deal) not in statuses or deal.archived != archived:
                continue
            if wanted is not None and deal.id not in wanted:
                continue
            if deal.changed_at.replace(microsecond=0) < since:
                continue
            if not deal.deleted or self.now - deal.changed_at < KEPT:
                yield {"id": int(deal.id), "update_time": stamp(deal.changed_at), "deal": deal}

    def _whole(self, row: dict[str, Any], asked: Mapping[str, str]) -> dict[str, Any]:
        """Return a row with all its values; those of deals are made for the page alone."""
        return self._row(row["deal"], asked) if "deal" in row else row

    def _row(self, deal: FakeDeal, asked: Mapping[str, str]) -> dict[str, Any]:
        codes = asked["custom_fields"].split(",") if "custom_fields" in asked else list(self.fields)
        values = {**self._own_values(deal), **deal.own}
        return {
            "id": int(deal.id),
            "title": deal.name,
            "owner_id": int(deal.owner_id),
            "org_id": self._index(self._companies, deal.company),
            "pipeline_id": 1,
            "stage_id": int(deal.stage_id),
            "value": None if deal.amount is None else float(deal.amount),
            "currency": deal.currency,
            "add_time": stamp(START),
            "update_time": stamp(deal.changed_at),
            "status": self._status(deal),
            "is_deleted": deal.deleted,
            "is_archived": deal.archived,
            "probability": None if deal.probability is None else float(deal.probability * 100),
            "expected_close_date": deal.close_on.isoformat() if deal.close_on else None,
            "custom_fields": {code: values.get(code) for code in codes if code in self.fields},
        }

    @staticmethod
    def _status(deal: FakeDeal) -> str:
        return "deleted" if deal.deleted else {"3": "won", "4": "lost"}.get(deal.stage_id, "open")

    def _own_values(self, deal: FakeDeal) -> dict[str, Any]:
        return {
            PROMISED_ON: deal.promised_on.isoformat() if deal.promised_on else None,
            QUANTITY: deal.quantity,
            PRODUCT: self._index(self._products, deal.product),
        }

    def _lines(self, asked: Mapping[str, str]) -> Iterable[dict[str, Any]]:
        ids = asked["deal_ids"].split(",")
        assert len(ids) <= BATCH
        for deal_id in ids:
            for index, (product, quantity) in enumerate(self.deals[deal_id].lines):
                yield {
                    "id": int(deal_id) * 100 + index,
                    "deal_id": int(deal_id),
                    "product_id": self._index(self._products, product),
                    "name": product,
                    "quantity": quantity,
                    "is_enabled": product not in self.disabled,
                }

    def _organizations(self, asked: Mapping[str, str]) -> Iterable[dict[str, Any]]:
        for index, name in enumerate(self._companies, start=1):
            if str(index) in asked["ids"].split(","):
                yield {"id": index, "name": name, "is_deleted": False}

    def _pipelines(self, asked: Mapping[str, str]) -> Iterable[dict[str, Any]]:
        yield {
            "id": 1,
            "name": "Sales",
            "is_deleted": False,
            "is_deal_probability_enabled": self.uses_probability,
        }

    def _stages(self, asked: Mapping[str, str]) -> Iterable[dict[str, Any]]:
        for stage_id in [*(stage[0] for stage in self.stages), *self.dropped]:
            yield {
                "id": int(stage_id),
                "name": f"Stage {stage_id}",
                "order_nr": int(stage_id),
                "is_deleted": stage_id in self.dropped,
                "deal_probability": 20 * int(stage_id),
                "pipeline_id": 1,
            }

    def _deal_fields(self, asked: Mapping[str, str]) -> Iterable[dict[str, Any]]:
        for number, code in enumerate(self.fields):
            yield self._deal_field(code) | {"id": number}

    def _deal_field(self, code: str) -> dict[str, Any]:
        name, kind = self.fields[code]
        said = {
            "field_name": name,
            "field_code": code,
            "field_type": kind,
            "is_optional_response_field": False,
        }
        options = [{"id": index, "label": name} for index, name in enumerate(self._products, start=1)]
        said |= {"options": options if kind == "enum" else None, "subfields": None}
        return said | {"is_custom_field": len(code) == 40}

    def _get_field(self, code: str, asked: Mapping[str, str], sent: dict[str, Any]) -> Answer:
        return good(self._deal_field(code)) if code in self.fields else missing("Field not found")

    def _add_field(self, number: str, asked: Mapping[str, str], sent: dict[str, Any]) -> Answer:
        if not self.is_admin:
            return forbidden()
        code = f"{len(self.fields) + 100:040x}"
        self.fields[code] = (sent["field_name"], sent["field_type"])
        return good(self._deal_field(code))

    def _patch_deal(self, number: str, asked: Mapping[str, str], sent: dict[str, Any]) -> Answer:
        deal = self.deals.get(number)
        if deal is None or deal.deleted:
            return missing("Deal not found")
        if deal.archived:
            return bad("Archived deals cannot be changed")
        for code, value in sent["custom_fields"].items():
            if code not in self.fields:
                return bad(f"custom field {code} does not exist")
            if value is not None and self.fields[code][1] == "date":
                date.fromisoformat(value)
            deal.own[code] = value
        deal.changed_at = self.now
        return good(self._row(deal, {}))

    def _notes(self, number: str, asked: Mapping[str, str], sent: dict[str, Any]) -> Answer:
        start, limit = int(asked.get("start", 0)), int(asked.get("limit", 100))
        notes = self.deals[asked["deal_id"]].notes
        rows = [self._note(note_id, asked["deal_id"]) for note_id in notes]
        more = len(rows) > start + limit
        page = {"start": start, "limit": limit, "more_items_in_collection": more}
        page |= {"next_start": start + limit} if more else {}
        return good(rows[start : start + limit], additional_data={"pagination": page})

    def _note(self, note_id: str, deal_id: str) -> dict[str, Any]:
        content = self.deals[deal_id].notes[note_id]
        return {"id": int(note_id), "active_flag": True, "content": content, "deal_id": int(deal_id)}

    def _add_note(self, number: str, asked: Mapping[str, str], sent: dict[str, Any]) -> Answer:
        deal_id, note_id = str(sent["deal_id"]), self._id()
        if deal_id not in self.deals:
            return bad("deal_id does not exist")
        self.deals[deal_id].notes[note_id] = sent["content"]
        return good(self._note(note_id, deal_id))

    def _put_note(self, number: str, asked: Mapping[str, str], sent: dict[str, Any]) -> Answer:
        for deal in self.deals.values():
            if number in deal.notes:
                deal.notes[number] = sent["content"]
                return good(self._note(number, deal.id))
        return missing("Note not found")

    def _users(self, number: str, asked: Mapping[str, str], sent: dict[str, Any]) -> Answer:
        people = [{"id": int(id_), "name": name, "email": email} for id_, (name, email) in USERS.items()]
        return good(people)

    def _me(self, number: str, asked: Mapping[str, str], sent: dict[str, Any]) -> Answer:
        me = {"id": 1, "name": USERS["1"][0], "default_currency": "EUR", "company_id": 7}
        access = [{"app": "global", "admin": False}, {"app": "sales", "admin": self.is_admin}]
        return good(
            me | {"company_name": "Brightwater Energy", "company_domain": "brightwater", "access": access}
        )

    def _list_webhooks(self, number: str, asked: Mapping[str, str], sent: dict[str, Any]) -> Answer:
        return good([dict(hook) for hook in self.webhooks.values()], status_word="ok")

    def _add_webhook(self, number: str, asked: Mapping[str, str], sent: dict[str, Any]) -> Answer:
        if not self.is_admin:
            return forbidden()
        hook_id = self._id()
        self.webhooks[hook_id] = {"id": int(hook_id), "is_active": 1, **sent}
        return good(self.webhooks[hook_id], status=201, status_word="ok")

    def _drop_webhook(self, number: str, asked: Mapping[str, str], sent: dict[str, Any]) -> Answer:
        if self.webhooks.pop(number, None) is None:
            return Answer(404, json={"status": "error", "success": False, "errors": {"id": ["not found"]}})
        return Answer(200, json={"status": "ok", "success": True})

    def _id(self) -> str:
        self._next += 1
        return str(self._next)

    @staticmethod
    def _index(names: list[str], name: str) -> int | None:
        """Return the number under which a name is kept, from 1; None for no name."""
        if not name:
            return None
        if name not in names:
            names.append(name)
        return names.index(name) + 1


def stamp(moment: datetime) -> str:
    """Return a time in whole seconds, as Pipedrive keeps it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def good(data: Any, *, status: int = 200, status_word: str = "", **more: Any) -> Answer:
    return Answer(
        status, json={"success": True, "data": data, **more} | ({"status": "ok"} if status_word else {})
    )


def bad(error: str) -> Answer:
    return Answer(400, json={"success": False, "error": error, "code": "ERR_SCHEMA_VALIDATION_FAILED"})


def missing(error: str) -> Answer:
    return Answer(404, json={"success": False, "error": error, "code": "ERR_NOT_FOUND"})


def forbidden() -> Answer:
    return Answer(403, json={"success": False, "message": "Forbidden"})


SLOW = {"success": False, "error": "request over limit", "errorCode": 429}
BURST = {"x-ratelimit-limit": "80", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}
REFUSALS: dict[Fault | None, Callable[[], Answer]] = {
    Fault.TOO_MANY: lambda: Answer(429, json=SLOW, headers=BURST),
    Fault.TOO_MANY_UNTIL: lambda: Answer(429, json=SLOW, headers=BURST | {"retry-after": "120"}),
    Fault.QUOTA: lambda: Answer(429, json=SLOW, headers=BURST | {"x-ratelimit-remaining": "79"}),
    Fault.SERVER_ERROR: lambda: Answer(503, json={"success": False, "error": "Service unavailable"}),
    Fault.HTML: lambda: Answer(403, html="<html><title>Access denied | Cloudflare</title></html>"),
    Fault.REVOKED: lambda: Answer(
        401, json={"success": False, "error": "unauthorized access", "errorCode": 401}
    ),
    Fault.EXPIRED: lambda: Answer(
        401, json={"success": False, "error": "Invalid token: access token is invalid"}
    ),
    Fault.NOT_ALLOWED: lambda: Answer(403, json={"success": False, "error": "Scope and URL mismatch"}),
    Fault.INVALID: lambda: bad("Validation failed: custom_fields: Value is too long"),
}
LISTS: dict[str, Callable[[FakePipedrive, Mapping[str, str]], Iterable[dict[str, Any]]]] = {
    "GET v2/deals": FakePipedrive._deals,
    "GET v2/deals/archived": lambda fake, asked: fake._deals(asked, archived=True),
    "GET v2/deals/products": FakePipedrive._lines,
    "GET v2/organizations": FakePipedrive._organizations,
    "GET v2/stages": FakePipedrive._stages,
    "GET v2/dealFields": FakePipedrive._deal_fields,
    "GET v2/pipelines": FakePipedrive._pipelines,
    "GET v2/products": lambda fake, asked: [{"id": 1, "name": "Heat pump"}, {"id": 2, "name": "Boiler"}],
}
ACTIONS: dict[str, Callable[[FakePipedrive, str, Mapping[str, str], dict[str, Any]], Answer]] = {
    "GET v2/dealFields": FakePipedrive._get_field,
    "PATCH v2/deals": FakePipedrive._patch_deal,
    "POST v2/dealFields": FakePipedrive._add_field,
    "GET v1/users": FakePipedrive._users,
    "GET v1/users/me": FakePipedrive._me,
    "GET v1/notes": FakePipedrive._notes,
    "POST v1/notes": FakePipedrive._add_note,
    "PUT v1/notes": FakePipedrive._put_note,
    "GET v1/webhooks": FakePipedrive._list_webhooks,
    "POST v1/webhooks": FakePipedrive._add_webhook,
    "DELETE v1/webhooks": FakePipedrive._drop_webhook,
}
