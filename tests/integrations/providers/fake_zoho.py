"""Zoho's side of the wire: queries, batches of records, a list of the deleted, a status in every row."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, ClassVar

import httpx

from integrations.crm import FIELD_LABELS, CrmProvider, OwnField, RawRequest, Setup
from integrations.providers.zoho import Zoho
from tests.integrations.crm.fake import START, FakeDeal, Fault
from tests.integrations.crm.faults import Faults, breaks
from tests.integrations.providers import coql

HOST, TOKEN = "www.zohoapis.eu", "1000.5ecre7.t0ken"
HERE = timezone(timedelta(hours=1))  # the person's own zone, in which Zoho says all times
USERS = {
    "1": ("Maya Lindqvist", "maya@brightwater.example"),
    "2": ("Tomas Berg", "tomas@brightwater.example"),
}
FIELDS = {
    "Deal_Name": ("Deal Name", "text"),
    "Stage": ("Stage", "picklist"),
    "Pipeline": ("Pipeline", "picklist"),
    "Probability": ("Probability (%)", "integer"),
    "Amount": ("Amount", "currency"),
    "Currency": ("Currency", "picklist"),
    "Closing_Date": ("Closing Date", "date"),
    "Account_Name": ("Account Name", "lookup"),
    "Owner": ("Deal Owner", "ownerlookup"),
    "Created_Time": ("Created Time", "datetime"),
    "Modified_Time": ("Modified Time", "datetime"),
    "Promised_on": ("Promised on", "date"),
    "Units": ("Units", "integer"),
    "Product": ("Product", "lookup"),
}
MOST, BATCH, MOST_FIELDS, KEPT, WEEK = 200, 100, 50, timedelta(days=60), timedelta(days=7)
Answer = httpx.Response
Body = dict[str, Any]


class FakeZoho:
    """One company in the European data centre; several currencies are switched on."""

    provider: ClassVar[type[CrmProvider]] = Zoho
    faults: ClassVar[frozenset[Fault]] = frozenset(Fault) - {Fault.REVOKED, Fault.CURSOR_EXPIRED}

    token_in_body: ClassVar[bool] = True  # of webhooks

    def __init__(self) -> None:
        self.now = START
        self.setup = Setup(
            entries={"data_centre": "zoho.eu"},
            fields={"promised_on": "Promised_on", "quantity": "Units", "product": "Product"},
            account_id="20061234",
        )
        self.credentials: Body = {"oauth": True, "access_token": TOKEN, "api_domain": f"https://{HOST}"}
        self.stages = [
            ("Qualification", False, False),
            ("Proposal", False, False),
            ("Closed Won", True, False),
            ("Closed Lost", False, True),
        ]
        self.renamed: dict[str, str] = {}  # stages that people gave another word to show
        self.deals: dict[str, FakeDeal] = {}
        self.requests: list[httpx.Request] = []
        self.fields = dict(FIELDS)
        self.layouts = ["1001"]
        self.has_pipelines = True
        self.products = ["Heat pump", "Boiler"]
        self.channels: dict[str, Body] = {}
        self.triggered: list[str] = []  # deals of which a write started the company's workflows
        self._next = 4_000_000
        self._faults = Faults()

    # What a test does

    def add(self, **values: Any) -> FakeDeal:
        deal_id = self._id()
        made = {
            "id": deal_id,
            "name": f"Deal {deal_id}",
            "changed_at": self.now,
            "stage_id": self.stages[0][0],
        }
        deal = FakeDeal(**(made | values))
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

    def fail(self, fault: Fault, *, times: int = 1, on: str = "") -> None:
        self._faults.add(fault, times=times, on=on)

    def written(self, deal_id: str) -> Mapping[OwnField, str]:
        own = self.deals[deal_id].own
        names = {label: field for field, label in FIELD_LABELS.items()}
        return {names[self.fields[key][0]]: value for key, value in own.items() if value is not None}

    def webhook(self, *deal_ids: str) -> tuple[RawRequest, str, Body]:
        said = {
            "server_time": int(self.now.timestamp() * 1000) + int(self._id()),
            "query_params": {},
            "module": "Deals",
            "resource_uri": f"https://{HOST}/crm/v8/Deals",
            "ids": list(deal_ids),
            "affected_fields": [],
            "operation": "update",
            "channel_id": "7001",
            "token": "a token of ours",
        }
        headers = {"content-type": "application/json"}
        request = RawRequest("POST", "https://concord.example/hooks/1/", headers, json.dumps(said).encode())
        return request, "a token of ours", {"channel_id": "7001"}

    # What the vendor does

    def handle(self, request: httpx.Request) -> Answer:
        self.requests.append(request)
        assert request.url.host == HOST, request.url.host
        fault = self._faults.take(request)
        if fault is Fault.NO_ANSWER:
            breaks(fault, request)
        if request.headers.get("authorization") != f"Zoho-oauthtoken {TOKEN}":
            return no("INVALID_TOKEN", "invalid oauth token", status=401)
        answer = (
            self._fault(fault, request)
            if fault in REFUSALS or fault is Fault.INVALID
            else self._answer(request)
        )
        breaks(fault, request)
        return answer

    def _fault(self, fault: Fault, request: httpx.Request) -> Answer:
        """Refuse. What is wrong with a written row stands in the row, as the request's refusal or not."""
        if fault is not Fault.INVALID:
            return REFUSALS[fault]()
        if request.method == "GET" or "coql" in request.url.path:
            return self._answer(request)
        answer = request.url.path.split("/")[-1]
        rows = [wrong("INVALID_DATA", "invalid data", api_name="Verdict")]
        return ok({LISTED.get(answer, "data"): rows}, status=400)

    def _answer(self, request: httpx.Request) -> Answer:
        path = request.url.path.removeprefix("/crm/v8/")
        parts = path.split("/")
        number = next((part for part in parts if part.isdigit()), "")
        name = f"{request.method} {'/'.join('*' if part == number else part for part in parts)}"
        sent = json.loads(request.content) if request.content else {}
        return ACTIONS[name](self, number, dict(request.url.params.items()), sent, request.headers)

    def _coql(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        rows = [
            {"id": deal.id, "Modified_Time": stamp(deal.changed_at), "Pipeline": "Standard"}
            for deal in self.deals.values()
            if not deal.deleted
        ]
        try:
            found = coql.answer(sent["select_query"], rows)
        except coql.BadQuery:
            return no("SYNTAX_ERROR", "error occured while parsing the query")
        return (
            ok({"data": found, "info": {"count": len(found), "more_records": False}})
            if found
            else Answer(204)
        )

    def _get_deals(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        fields, ids = asked.get("fields", "").split(","), asked["ids"].split(",")
        if not asked.get("fields") or len(fields) > MOST_FIELDS or len(ids) > BATCH:
            return no("REQUIRED_PARAM_MISSING", "One of the expected parameter is missing")
        if unknown := [name for name in fields if name not in self.fields]:
            return no("INVALID_DATA", "the field is not visible", api_name=unknown[0])
        found = [self.deals[one] for one in ids if one in self.deals and not self.deals[one].deleted]
        return self._page([self._row(deal, fields) for deal in reversed(found)], asked)

    def _page(self, rows: list[Body], asked: Body) -> Answer:
        """Page by number as far as 2,000 records, by the token at any length."""
        page, size = int(asked.get("page_token") or asked.get("page", 1)), int(asked.get("per_page", MOST))
        if not 1 <= size <= MOST or (page > 10 and "page_token" not in asked):
            return no("INVALID_DATA", "the page is out of range")
        cut, more = rows[(page - 1) * size : page * size], len(rows) > page * size
        info = {"count": len(cut), "page": page, "per_page": size, "more_records": more}
        info |= {"next_page_token": str(page + 1)} if more else {}
        return ok({"data": cut, "info": info}) if cut else Answer(204)

    def _row(self, deal: FakeDeal, fields: Iterable[str]) -> Body:
        name, email = USERS[deal.owner_id]
        whole = {
            "Deal_Name": deal.name,
            "Stage": deal.stage_id,
            "Pipeline": {"name": "Standard", "id": "2001"},
            "Probability": None if deal.probability is None else int(deal.probability * 100),
            "Amount": None if deal.amount is None else float(deal.amount),
            "Currency": deal.currency,
            "Closing_Date": deal.close_on.isoformat() if deal.close_on else None,
            "Account_Name": {"name": deal.company, "id": "3001"} if deal.company else None,
            "Owner": {"name": name, "id": deal.owner_id, "email": email},
            "Created_Time": stamp(START),
            "Modified_Time": stamp(deal.changed_at),
            "Promised_on": deal.promised_on.isoformat() if deal.promised_on else None,
            "Units": deal.quantity,
            "Product": {"name": deal.product, "id": "3002"} if deal.product else None,
        }
        return {"id": deal.id, **{key: (whole | deal.own).get(key) for key in fields}}

    def _deleted(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        since = headers.get("if-modified-since")
        rows = [
            {
                "id": deal.id,
                "deleted_time": stamp(deal.changed_at),
                "type": "recycle",
                "display_name": deal.name,
            }
            for deal in sorted(self.deals.values(), key=lambda deal: deal.changed_at, reverse=True)
            if deal.deleted and self.now - deal.changed_at < KEPT
            if since is None or deal.changed_at >= datetime.fromisoformat(since)
        ]
        page = int(asked["page"])  # there is no token for this list
        cut, more = rows[(page - 1) * MOST : page * MOST], len(rows) > page * MOST
        info = {"count": len(cut), "page": page, "per_page": MOST, "more_records": more}
        return ok({"data": cut, "info": info}) if cut else Answer(304 if since else 204)

    def _put_deals(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        [row] = sent["data"]
        deal = self.deals.get(row.pop("id"))
        if deal is None or deal.deleted:
            row = wrong("INVALID_DATA", "the id given seems to be invalid", api_name="id")
            return ok({"data": [row]}, status=400)
        for key, value in row.items():
            kind = self.fields[key][1]
            if value is not None and kind in ("date", "datetime"):
                (date if kind == "date" else datetime).fromisoformat(value)
            deal.own[key] = value
        if sent.get("trigger") != []:
            self.triggered.append(deal.id)
        deal.changed_at = self.now
        return ok({"data": [right("record updated", id=deal.id)]})

    def _notes(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        rows = [{"id": id_, "Note_Content": text} for id_, text in self.deals[number].notes.items()]
        return self._page(rows, asked)

    def _add_note(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        [row] = sent["data"]
        note_id, parent = self._id(), row["Parent_Id"]
        assert parent["module"]["api_name"] == "Deals"
        self.deals[parent["id"]].notes[note_id] = row["Note_Content"]
        return ok({"data": [right("record added", id=note_id)]})

    def _put_note(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        for deal in self.deals.values():
            if number in deal.notes:
                deal.notes[number] = sent["data"][0]["Note_Content"]
                return ok({"data": [right("record updated", id=number)]})
        return no("INVALID_DATA", "the id given seems to be invalid", resource_path_index=1)

    def _get_fields(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        rows = [
            {"api_name": key, "field_label": label, "data_type": kind, "custom_field": key not in FIELDS}
            for key, (label, kind) in self.fields.items()
        ]
        likely = {stage: 100 if won else 0 if lost else 40 for stage, won, lost in self.stages}
        choices = [one | {"probability": likely[one["actual_value"]]} for one in self._choices()]
        return ok(
            {
                "fields": [
                    row | ({"pick_list_values": choices} if row["api_name"] == "Stage" else {})
                    for row in rows
                ]
            }
        )

    def _add_fields(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        assert len(sent["fields"]) <= 5
        for one in sent["fields"]:
            key = "".join(sign if sign.isalnum() else "_" for sign in one["field_label"])
            self.fields[key.replace("__", "_")] = (one["field_label"], one["data_type"])
        return ok({"fields": [right("field created", id=self._id()) for _ in sent["fields"]]}, status=201)

    def _get_layouts(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        return ok({"layouts": [{"id": one, "name": f"Layout {one}"} for one in self.layouts]})

    def _get_pipelines(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        if not self.has_pipelines:
            return no("FEATURE_NOT_SUPPORTED", "the feature is not available in your edition")
        said = {"id": f"2{asked['layout_id']}", "actual_value": "Standard", "display_value": "Standard"}
        return ok({"pipeline": [said | {"default": True, "maps": self._choices()}]})

    def _choices(self) -> list[Body]:
        return [
            {
                "id": str(5000 + order),
                "actual_value": stage,
                "display_value": self.renamed.get(stage, stage),
                "sequence_number": order,
                "forecast_type": "Closed Won" if won else "Closed Lost" if lost else "Open",
            }
            for order, (stage, won, lost) in enumerate(self.stages, start=1)
        ]

    def _users(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        everyone = [{"id": id_, "full_name": name, "email": email} for id_, (name, email) in USERS.items()]
        rows = everyone[:1] if asked.get("type") == "CurrentUser" else everyone
        info = {"per_page": 200, "count": len(rows), "page": 1, "more_records": False}
        return ok({"users": rows, "info": info})

    def _org(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        return ok({"org": [{"zgid": "20061234", "company_name": "Brightwater Energy", "iso_code": "EUR"}]})

    def _products(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        rows = [{"id": str(index), "Product_Name": name} for index, name in enumerate(self.products)]
        return self._page(rows, asked)

    def _watch(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        [row] = sent["watch"]
        if len(row["token"]) > 50:
            row = wrong("INVALID_DATA", "the token is too long", api_name="token")
            return ok({"watch": [row]}, status=202)
        expiry = datetime.fromisoformat(row["channel_expiry"])
        ends = expiry if expiry - self.now <= WEEK else self.now + timedelta(hours=1)
        self.channels[row["channel_id"]] = {**row, "ends": ends}
        return ok({"watch": [right("Successfully subscribed")]}, status=201)

    def _renew(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        channel = self.channels.get(sent["watch"][0]["channel_id"])
        if channel is None or channel["ends"] <= self.now:
            return ok({"watch": [wrong("NOT_SUBSCRIBED", "not subscribed")]}, status=202)
        self._watch(number, asked, sent, headers)
        return ok({"watch": [right("Successfully updated")]})

    def _unwatch(self, number: str, asked: Body, sent: Body, headers: Any) -> Answer:
        if self.channels.pop(asked["channel_ids"], None) is None:
            return ok({"watch": [wrong("NOT_SUBSCRIBED", "not subscribed")]}, status=202)
        return ok({"watch": [right("Successfully un-subscribed")]})

    def _id(self) -> str:
        self._next += 1
        return str(self._next)


@lru_cache
def stamp(moment: datetime) -> str:
    """Return a time as Zoho says it: whole seconds, in the person's zone."""
    return moment.astimezone(HERE).isoformat(timespec="seconds")


def ok(body: Body, *, status: int = 200) -> Answer:
    return Answer(status, json=body)


def right(message: str, **details: Any) -> Body:
    return {"code": "SUCCESS", "status": "success", "message": message, "details": details}


def wrong(code: str, message: str, **details: Any) -> Body:
    return {"code": code, "status": "error", "message": message, "details": details}


def no(
    code: str, message: str, *, status: int = 400, headers: Mapping[str, str] | None = None, **details: Any
) -> Answer:
    return Answer(status, json=wrong(code, message, **details), headers=headers)


SLOW = "You have made too many requests"
REFUSALS: dict[Fault | None, Callable[[], Answer]] = {
    Fault.TOO_MANY: lambda: no("TOO_MANY_REQUESTS", SLOW, status=429),
    Fault.TOO_MANY_UNTIL: lambda: no("TOO_MANY_REQUESTS", SLOW, status=429, headers={"Retry-After": "120"}),
    Fault.QUOTA: lambda: no("TOO_MANY_REQUESTS", SLOW, status=429, headers={"X-API-CREDITS-REMAINING": "0"}),
    Fault.SERVER_ERROR: lambda: no("INTERNAL_ERROR", "Internal Server Error", status=500),
    Fault.HTML: lambda: Answer(403, html="<html><title>Zoho</title></html>"),
    Fault.DENIED_AS_OK: lambda: no("NO_PERMISSION", "permission denied", status=200),
    Fault.EXPIRED: lambda: no("INVALID_TOKEN", "invalid oauth token", status=401),
    Fault.NOT_ALLOWED: lambda: no("NO_PERMISSION", "permission denied", status=403),
}
LISTED = {"watch": "watch", "fields": "fields"}
ACTIONS: dict[str, Callable[[FakeZoho, str, Body, Body, Any], Answer]] = {
    "POST coql": FakeZoho._coql,
    "GET Deals": FakeZoho._get_deals,
    "PUT Deals": FakeZoho._put_deals,
    "GET Deals/deleted": FakeZoho._deleted,
    "GET Deals/*/Notes": FakeZoho._notes,
    "POST Notes": FakeZoho._add_note,
    "PUT Notes/*": FakeZoho._put_note,
    "GET settings/fields": FakeZoho._get_fields,
    "POST settings/fields": FakeZoho._add_fields,
    "GET settings/layouts": FakeZoho._get_layouts,
    "GET settings/pipeline": FakeZoho._get_pipelines,
    "GET users": FakeZoho._users,
    "GET org": FakeZoho._org,
    "GET Products": FakeZoho._products,
    "POST actions/watch": FakeZoho._watch,
    "PATCH actions/watch": FakeZoho._renew,
    "DELETE actions/watch": FakeZoho._unwatch,
}
