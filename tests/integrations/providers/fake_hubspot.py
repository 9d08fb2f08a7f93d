"""HubSpot's side of the wire, release 2026-09: its page caps, its search window, its strictness on writes."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape
from typing import Any, ClassVar

import httpx

from integrations.crm import CrmProvider, OwnField, RawRequest, Setup
from integrations.providers.hubspot import HubSpot
from integrations.providers.hubspot.webhooks import sign
from tests.integrations.crm.fake import START, FakeDeal, Fault

WINDOW = 10_000  # a search shows no more results than this
COMPANY_LINK, PRIMARY_LINK, NOTE_LINK = 341, 5, 214
SCOPES = {"requiredGranularScopes": ["crm.objects.deals.read"]}
KINDS = {
    "dealname": "string", "dealstage": "enumeration", "pipeline": "enumeration", "amount": "number",
    "deal_currency_code": "enumeration", "closedate": "datetime", "hubspot_owner_id": "enumeration",
    "promised_date": "date", "units": "number", "product_name": "string",
}  # fmt: skip
Body = dict[str, Any]


class Refusal(Exception):
    """What HubSpot answers instead."""

    def __init__(self, status: int, category: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.content = {"status": "error", "category": category, "message": message, **more}


class FakeHubSpot:
    """One account with one pipeline."""

    provider: type[CrmProvider] = HubSpot
    faults: ClassVar[frozenset[Fault]] = frozenset(Fault) - {Fault.DENIED_AS_OK, Fault.CURSOR_EXPIRED}

    def __init__(self) -> None:
        self.setup = Setup(
            fields={"promised_on": "promised_date", "quantity": "units", "product": "product_name"},
            account_id="7001",
        )
        self.credentials: dict[str, Any] = {"token": "pat-eu1-5ecre7-key"}
        self.other_credentials: dict[str, Any] = {"access_token": "CLjK5ecre7oken", "oauth": True}
        self.now = START
        self.deals: dict[str, FakeDeal] = {}
        self.stages = [
            ("appointment", False, False), ("contractsent", False, False),
            ("closedwon", True, False), ("closedlost", False, True),
        ]  # fmt: skip
        self.requests: list[httpx.Request] = []
        self.properties: dict[str, Body] = {
            name: {"name": name, "label": name, "type": kind} for name, kind in KINDS.items()
        }
        self.groups = {"dealinformation"}
        self.companies: dict[str, str] = {}  # id by name
        self.owners = [
            {
                "id": "1",
                "email": "erin@kestrel.example",
                "firstName": "Erin",
                "lastName": "Vale",
                "archived": False,
            },
            {
                "id": "2",
                "email": "omar@kestrel.example",
                "firstName": "Omar",
                "lastName": "",
                "archived": True,
            },
        ]
        self.touched: dict[str, datetime] = {}  # when a deal's lines changed
        self.merges: dict[str, list[str]] = {}
        self._faults: list[tuple[Fault, str]] = []
        self._last = 1000

    # What people do at HubSpot

    def add(self, **values: Any) -> FakeDeal:
        values = {"name": "Deal", "changed_at": self.now, "stage_id": self.stages[0][0], **values}
        deal = FakeDeal(id=values.pop("id", "") or self._next(), **values)
        self.deals[deal.id] = deal
        self.touched[deal.id] = deal.changed_at
        if deal.company:
            self.companies.setdefault(deal.company, self._next())
        return deal

    def change(self, deal_id: str, **values: Any) -> None:
        deal = replace(self.deals[deal_id], **{"changed_at": self.now, **values})
        self.deals[deal_id] = deal
        if deal.company:
            self.companies.setdefault(deal.company, self._next())
        if "lines" in values:
            self.touched[deal_id] = self.now

    def change_lines_only(self, deal_id: str, lines: list[tuple[str, int]]) -> None:
        """Change the lines without the deal's own time of change."""
        self.deals[deal_id].lines = lines
        self.touched[deal_id] = self.now

    def delete(self, deal_id: str) -> None:
        self.change(deal_id, deleted=True)

    def merge(self, loser: str, survivor: str) -> None:
        self.change(loser, merged_into=survivor, deleted=True)
        self.merges.setdefault(survivor, []).append(loser)
        self.change(survivor)

    def drop_stage(self, stage_id: str) -> None:
        self.stages = [stage for stage in self.stages if stage[0] != stage_id]

    def fail(self, fault: Fault, *, times: int = 1, on: str = "") -> None:
        self._faults += [(fault, on)] * times

    def written(self, deal_id: str) -> Mapping[OwnField, str]:
        own = self.deals[deal_id].own
        return {name: own[name] for name in OwnField if own.get(name)}

    def webhook(self, *deal_ids: str) -> tuple[RawRequest, str, dict[str, Any]]:
        events = [self.event(id) for id in deal_ids]
        return self.signed(json.dumps(events).encode()), "app-5ecre7", {}

    def event(self, deal_id: str, **more: Any) -> Body:
        return {
            "eventId": 1, "subscriptionId": 77, "portalId": 7001, "appId": 5, "attemptNumber": 0,
            "occurredAt": _millis(self.now), "subscriptionType": "deal.propertyChange",
            "objectId": int(deal_id), "propertyName": "amount", "propertyValue": "1",
            "changeSource": "CRM_UI",
        } | more  # fmt: skip

    def signed(self, body: bytes) -> RawRequest:
        stamp = str(_millis(self.now))
        bare = RawRequest("POST", "https://concord.example/hooks/crm/hubspot/", {}, body)
        return replace(
            bare,
            headers={
                "x-hubspot-request-timestamp": stamp,
                "x-hubspot-signature-v3": sign(bare, stamp, "app-5ecre7").decode(),
            },
        )

    def _next(self) -> str:
        self._last += 1
        return str(self._last)

    # The wire

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
        response = self._answer(request)
        if fault is Fault.ANSWER_LOST:
            raise httpx.ReadTimeout("no answer", request=request)
        return response

    def _fault(self, request: httpx.Request) -> Fault | None:
        for index, (fault, on) in enumerate(self._faults):
            if on in f"{request.method} {request.url.path}":
                del self._faults[index]
                return fault
        return None

    def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            self._sign_in(request)
            handler, groups = self._route(request)
            body = json.loads(request.content) if request.content else {}
            return handler(*groups, body, dict(request.url.params))
        except Refusal as refusal:
            return httpx.Response(refusal.status, json=refusal.content)

    def _sign_in(self, request: httpx.Request) -> None:
        known = (self.credentials, self.other_credentials)
        tokens = {f"Bearer {c.get('access_token') or c.get('token')}" for c in known}
        if request.headers.get("Authorization") not in tokens:
            raise Refusal(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")

    def _route(self, request: httpx.Request) -> tuple[Callable[..., httpx.Response], tuple[str, ...]]:
        for method, pattern, handler in ROUTES:
            found = re.fullmatch(pattern, request.url.path)
            if found and method == request.method:
                return getattr(self, handler), found.groups()
        raise Refusal(404, "OBJECT_NOT_FOUND", "No such path.")

    # Reading

    def _account(self, body: Body, params: Body) -> httpx.Response:
        return _ok({"portalId": 7001, "accountType": "STANDARD", "companyCurrency": "EUR"})

    def _pipelines(self, body: Body, params: Body) -> httpx.Response:
        stages = [
            {
                "id": id, "label": id.title(), "displayOrder": order,
                "metadata": {"probability": "1.0" if won else "0.0" if lost else "0.4"},
            }
            for order, (id, won, lost) in enumerate(self.stages)
        ]  # fmt: skip
        return _ok({"results": [{"id": "default", "label": "Sales", "displayOrder": 0, "stages": stages}]})

    def _owners(self, body: Body, params: Body) -> httpx.Response:
        archived = params.get("archived") == "true"
        return _page([owner for owner in self.owners if owner["archived"] is archived], params)

    def _list_properties(self, body: Body, params: Body) -> httpx.Response:
        return _ok({"results": list(self.properties.values())})

    def _list(self, kind: str, body: Body, params: Body) -> httpx.Response:
        names = params.get("properties", "").split(",")
        archived = params.get("archived") == "true"
        return _page(self._all(kind, archived), params, lambda id: self._raw(kind, id, names))

    def _batch_read(self, kind: str, body: Body, params: Body) -> httpx.Response:
        ids = [one["id"] for one in body["inputs"]]
        if len(ids) > 100 or not ids:
            raise Refusal(400, "VALIDATION_ERROR", "A batch holds 1 to 100 inputs.")
        there = set(self._all(kind, params.get("archived") == "true"))
        if kind == "deals":
            ids = [self.deals[id].merged_into or id if id in self.deals else id for id in ids]
        found = [id for id in dict.fromkeys(ids) if id in there]
        answer = {"status": "COMPLETE", "results": [self._raw(kind, id, body["properties"]) for id in found]}
        if len(found) < len(set(ids)):
            answer["errors"] = [{"category": "OBJECT_NOT_FOUND", "message": "Could not get some."}]
            return httpx.Response(207, json=answer)
        return _ok(answer)

    def _search(self, kind: str, body: Body, params: Body) -> httpx.Response:
        missing = {"after", "filterGroups", "limit", "properties", "sorts"} - body.keys()
        if missing or body["limit"] > 200 or int(body["after"]) + body["limit"] > WINDOW:
            raise Refusal(400, "VALIDATION_ERROR", "The search is not one that can be answered.")
        filters = [one for group in body["filterGroups"] for one in group["filters"]]
        tests = [self._test(kind, one) for one in filters]
        found = [id for id in self._all(kind, archived=False) if all(test(id) for test in tests)]
        if [sort["propertyName"] for sort in body["sorts"]] != ["hs_object_id"]:
            found.reverse()  # no order is promised
        start = int(body["after"])
        shown = found[start : start + body["limit"]]
        answer = {"total": len(found), "results": [self._raw(kind, id, body["properties"]) for id in shown]}
        if start + len(shown) < len(found):
            answer["paging"] = {"next": {"after": str(start + len(shown))}}
        return _ok(answer)

    def _test(self, kind: str, one: Body) -> Callable[[str], bool]:
        name, operator = one["propertyName"], one["operator"]
        if name == "hs_object_id" and operator == "GT":
            return lambda id: int(id) > int(one["value"])
        if name == "hs_lastmodifieddate" and operator in ("GTE", "GT"):
            since = int(one["value"]) + (operator == "GT")
            return lambda id: _millis(self._changed(kind, id)) >= since
        if name == "pipeline" and operator == "IN":
            return lambda id: "default" in one["values"]
        raise Refusal(400, "VALIDATION_ERROR", f"Cannot filter by {name} {operator}.")

    def _associations(self, source: str, target: str, body: Body, params: Body) -> httpx.Response:
        results = []
        for one in body["inputs"]:
            # One page holds two associations, so that whoever does not read on loses some.
            links = self._links(source, target, one["id"])
            start = int(one.get("after", 0))
            if not links[start:]:
                continue
            result: Body = {"from": {"id": one["id"]}, "to": links[start : start + 2]}
            if len(links) > start + 2:
                result["paging"] = {"next": {"after": str(start + 2)}}
            results.append(result)
        return httpx.Response(200 if results else 207, json={"status": "COMPLETE", "results": results})

    def _links(self, source: str, target: str, id: str) -> list[Body]:
        if source == "line_items":
            return [_link(id[:-3], 20)] if id[:-3] in self.deals else []
        deal = self.deals.get(id)
        if deal is None:
            return []
        if target == "companies":
            others = [_link(self.companies[name], COMPANY_LINK) for name in self.companies][:1]
            return [*others, _link(self.companies[deal.company], PRIMARY_LINK)] if deal.company else []
        if target == "line_items":
            return [_link(_line_id(id, n), 19) for n in range(len(deal.lines))]
        return [_link(note, 213) for note in deal.notes]

    def _all(self, kind: str, archived: bool) -> list[str]:
        if kind == "deals":
            # A merged deal is only to be found through its survivor.
            return [
                d.id
                for d in self.deals.values()
                if d.deleted is archived and not (archived and d.merged_into)
            ]
        ids: Iterable[str] = self.companies.values()
        if kind == "line_items":
            ids = [_line_id(d.id, n) for d in self.deals.values() for n in range(len(d.lines))]
        elif kind == "notes":
            ids = [note for d in self.deals.values() for note in d.notes]
        elif kind == "products":
            ids = ["1"]
        return [] if archived else sorted(ids, key=int)

    def _changed(self, kind: str, id: str) -> datetime:
        return self.deals[id].changed_at if kind == "deals" else self.touched[id[:-3]]

    def _raw(self, kind: str, id: str, names: Iterable[str]) -> Body:
        values = {
            "deals": self._deal, "line_items": self._line, "companies": self._company,
            "notes": self._note, "products": lambda id: {"name": "Heat pump"},
        }[kind](id)  # fmt: skip
        raw: Body = {
            "id": id,
            "properties": {n: values.get(n) for n in names if n in values},
            "archived": False,
        }
        if kind == "deals" and self.deals[id].deleted:
            raw |= {"archived": True, "archivedAt": _iso(self.deals[id].changed_at)}
        return raw

    def _deal(self, id: str) -> Body:
        deal = self.deals[id]
        won, lost = next(((w, x) for stage, w, x in self.stages if stage == deal.stage_id), (False, False))
        return {
            **{name: deal.own.get(name) for name in self.properties},
            "dealname": deal.name,
            "dealstage": deal.stage_id,
            "pipeline": "default",
            "amount": _text(deal.amount),
            "deal_currency_code": deal.currency,
            "closedate": f"{deal.close_on}T22:30:00Z" if deal.close_on else None,
            "hubspot_owner_id": deal.owner_id or None,
            "createdate": _iso(START),
            "hs_deal_stage_probability": _text(deal.probability),
            "hs_is_closed": "true" if won or lost else "false",
            "hs_is_closed_won": "true" if won else "false",
            "hs_is_closed_lost": "true" if lost else "false",
            "hs_lastmodifieddate": _iso(deal.changed_at),
            "hs_merged_object_ids": ";".join(self.merges.get(id, [])) or None,
            "promised_date": _text(deal.promised_on),
            "units": _text(deal.quantity),
            "product_name": deal.product,
        }

    def _line(self, id: str) -> Body:
        product, quantity = self.deals[id[:-3]].lines[int(id[-3:])]
        return {
            "name": product,
            "quantity": str(quantity),
            "hs_lastmodifieddate": _iso(self.touched[id[:-3]]),
        }

    def _company(self, id: str) -> Body:
        return {"name": next(name for name, known in self.companies.items() if known == id)}

    def _note(self, id: str) -> Body:
        return {"hs_note_body": next(d.notes[id] for d in self.deals.values() if id in d.notes)}

    # Writing

    def _make_group(self, body: Body, params: Body) -> httpx.Response:
        if body["name"] in self.groups:
            raise Refusal(409, "CONFLICT", "The group exists.")
        self.groups.add(body["name"])
        return httpx.Response(201, json=body)

    def _make_property(self, body: Body, params: Body) -> httpx.Response:
        if body["name"] in self.properties:
            raise Refusal(409, "CONFLICT", "The property exists.")
        if body["groupName"] not in self.groups or not {"label", "type", "fieldType"} <= body.keys():
            raise Refusal(400, "VALIDATION_ERROR", "The property is not whole.")
        self.properties[body["name"]] = body
        return httpx.Response(201, json=body)

    def _patch_deal(self, id: str, body: Body, params: Body) -> httpx.Response:
        deal = self.deals.get(id)
        if deal is None or deal.deleted:
            raise Refusal(404, "OBJECT_NOT_FOUND", "resource not found")
        for name, value in body["properties"].items():
            self._check_value(name, value)
        self.change(id, own=deal.own | body["properties"])
        return _ok(self._raw("deals", id, body["properties"]))

    def _check_value(self, name: str, value: Any) -> None:
        kind = self.properties.get(name, {}).get("type")
        if kind is None:
            raise _invalid(f'Property "{name}" does not exist')
        if not isinstance(value, str):
            raise _invalid(f"{name} is no text")
        try:
            if value and kind == "date":
                date.fromisoformat(value)
            if value and kind == "datetime" and datetime.fromisoformat(value).tzinfo is None:
                raise ValueError
        except ValueError:
            raise _invalid(f"{value} was not a valid {kind}.") from None

    def _make_note(self, body: Body, params: Body) -> httpx.Response:
        [link] = body["associations"]
        types = [(kind["associationCategory"], kind["associationTypeId"]) for kind in link["types"]]
        deal = self.deals.get(link["to"]["id"])
        if (
            types != [("HUBSPOT_DEFINED", NOTE_LINK)]
            or deal is None
            or "hs_timestamp" not in body["properties"]
        ):
            raise _invalid("The note is not whole.")
        id = self._next()
        deal.notes[id] = unescape(body["properties"]["hs_note_body"])
        deal.changed_at = self.now  # notes move the deal's time of change
        return httpx.Response(201, json=self._raw("notes", id, ["hs_note_body"]))

    def _patch_note(self, id: str, body: Body, params: Body) -> httpx.Response:
        for deal in self.deals.values():
            if id in deal.notes:
                deal.notes[id] = unescape(body["properties"]["hs_note_body"])
                return _ok(self._raw("notes", id, ["hs_note_body"]))
        raise Refusal(404, "OBJECT_NOT_FOUND", "resource not found")


_V = "2026-09"
ROUTES = [
    ("GET", f"/account-info/{_V}/details", "_account"),
    ("GET", f"/crm/pipelines/{_V}/deals", "_pipelines"),
    ("GET", f"/crm/owners/{_V}", "_owners"),
    ("GET", f"/crm/properties/{_V}/deals", "_list_properties"),
    ("POST", f"/crm/properties/{_V}/deals/groups", "_make_group"),
    ("POST", f"/crm/properties/{_V}/deals", "_make_property"),
    ("POST", f"/crm/objects/{_V}/([a-z_]+)/search", "_search"),
    ("POST", f"/crm/objects/{_V}/([a-z_]+)/batch/read", "_batch_read"),
    ("POST", f"/crm/associations/{_V}/([a-z_]+)/([a-z_]+)/batch/read", "_associations"),
    ("GET", f"/crm/objects/{_V}/([a-z_]+)", "_list"),
    ("POST", f"/crm/objects/{_V}/notes", "_make_note"),
    ("PATCH", f"/crm/objects/{_V}/deals/([0-9]+)", "_patch_deal"),
    ("PATCH", f"/crm/objects/{_V}/notes/([0-9]+)", "_patch_note"),
]


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


def _invalid(message: str) -> Refusal:
    return Refusal(400, "VALIDATION_ERROR", "Not valid.", errors=[{"message": message}])


def _ok(content: Body) -> httpx.Response:
    return httpx.Response(200, json=content)


def _page(rows: list[Any], params: Body, show: Callable[[Any], Body] = lambda row: row) -> httpx.Response:
    limit, start = int(params.get("limit", 10)), int(params.get("after", 0))
    if not 1 <= limit <= 100:
        raise Refusal(400, "VALIDATION_ERROR", "The limit is 1 to 100.")
    key = (lambda row: int(row)) if rows and isinstance(rows[0], str) else (lambda row: int(row["id"]))
    left = [row for row in rows if key(row) > start]
    answer: Body = {"results": [show(row) for row in left[:limit]]}
    if len(left) > limit:
        answer["paging"] = {"next": {"after": str(key(left[limit - 1]))}}
    return _ok(answer)


def _link(id: str, kind: int) -> Body:
    return {"toObjectId": id, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": kind}]}


def _line_id(deal_id: str, number: int) -> str:
    return f"{deal_id}{number:03}"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
