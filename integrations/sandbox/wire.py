"""HubSpot's API, release 2026-09, as far as Concord asks for it."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from hmac import compare_digest
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from integrations.providers.hubspot.pulling import millis
from integrations.readings import instant_of
from integrations.sandbox import ACCOUNT, TOKEN, world
from integrations.sandbox.store import Store, Values, store

MOST = 100  # records on a page and in a batch
Body = dict[str, Any]
Raw = dict[str, Any]


class Refusal(Exception):
    """What is answered instead."""

    def __init__(self, status: int, category: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.content = {"status": "error", "category": category, "message": message}


def api(**methods: Callable[..., Body]) -> Callable[..., HttpResponse]:
    """Return a view that answers JSON, by method: function(store, body, **parts of the address)."""

    @csrf_exempt
    def view(request: HttpRequest, **parts: str) -> HttpResponse:
        try:
            if not compare_digest(request.headers.get("Authorization", ""), f"Bearer {TOKEN}"):
                raise Refusal(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
            if request.method not in methods:
                raise Refusal(405, "METHOD_NOT_ALLOWED", "Method not allowed.")
            body = {**request.GET.dict(), **json.loads(request.body or "{}")}
            with store().lock:
                return JsonResponse(methods[request.method](store(), body, **parts))
        except Refusal as refusal:
            return JsonResponse(refusal.content, status=refusal.status)

    return view


def _saving(change: Callable[..., Body]) -> Callable[..., Body]:
    @wraps(change)
    def saved(held: Store, body: Body, **parts: str) -> Body:
        answer = change(held, body, **parts)
        held.save()
        return answer

    return saved


# What there is


def account(held: Store, body: Body) -> Body:
    """Say whose account it is."""
    zone = {"timeZone": "UTC", "utcOffset": "+00:00", "utcOffsetMilliseconds": 0}
    return {"portalId": int(ACCOUNT), "accountType": "STANDARD", "companyCurrency": "EUR", **zone}


def pipelines(held: Store, body: Body) -> Body:
    """Return the one pipeline with its stages."""
    stages = [
        {
            "id": id,
            "label": name,
            "displayOrder": order,
            "metadata": {"probability": probability, "isClosed": str(closed).lower()},
        }
        for order, (id, (name, probability, closed)) in enumerate(world.STAGES.items())
    ]
    return {"results": [{"id": "default", "label": "Sales", "displayOrder": 0, "stages": stages}]}


def owners(held: Store, body: Body) -> Body:
    """Return the people; nobody has left."""
    if body.get("archived") == "true":
        return {"results": []}
    people = world.OWNERS.items()
    return {"results": [{"id": id, "firstName": a, "lastName": b, "email": c} for id, (a, b, c) in people]}


def properties(held: Store, body: Body) -> Body:
    """Return what deals are asked."""
    return {"results": list(held.properties.values())}


@_saving
def make_property(held: Store, body: Body) -> Body:
    """Add a property to deals."""
    if body["name"] in held.properties:
        raise Refusal(409, "CONFLICT", "The property exists.")
    held.properties[body["name"]] = body
    return body


def make_group(held: Store, body: Body) -> Body:
    """Take a group of properties: nothing here is grouped."""
    return body


# Reading


def list_records(held: Store, body: Body, kind: str) -> Body:
    """Return a page of records in the order of their ids; none was ever archived."""
    limit, after = int(body.get("limit", 10)), int(body.get("after", 0))
    records = {} if body.get("archived") == "true" else _all(held, kind)
    left = [id for id in sorted(records, key=int) if int(id) > after]
    shown = left[: min(limit, MOST)]
    names = body.get("properties", "").split(",")
    return _page([_raw(kind, records[id], names) for id in shown], more=len(left) > len(shown))


def read(held: Store, body: Body, kind: str) -> Body:
    """Return the records of these ids; those that are not there are left out."""
    records = {} if body.get("archived") == "true" else _all(held, kind)
    ids = [str(one["id"]) for one in body["inputs"]]
    if not 0 < len(ids) <= MOST:
        raise Refusal(400, "VALIDATION_ERROR", f"A batch holds 1 to {MOST} inputs.")
    found = [_raw(kind, records[id], body["properties"]) for id in dict.fromkeys(ids) if id in records]
    return {"status": "COMPLETE", "results": found}


def search(held: Store, body: Body, kind: str) -> Body:
    """Return the first page of what all filters let through, in the order of the ids."""
    filters = [one for group in body["filterGroups"] for one in group["filters"]]
    records = _all(held, kind)
    found = [id for id in sorted(records, key=int) if all(_fits(records[id], one) for one in filters)]
    shown = [_raw(kind, records[id], body["properties"]) for id in found[: min(int(body["limit"]), MOST)]]
    return {"total": len(found), **_page(shown, more=len(found) > len(shown))}


def _fits(values: Values, one: Body) -> bool:
    name, operator, value = one["propertyName"], one["operator"], values.get(one["propertyName"], "")
    if operator == "IN":
        return value in one["values"]
    moment = instant_of(value) if name == "hs_lastmodifieddate" else None
    number, wanted = millis(moment) if moment else int(value), int(one["value"])
    if operator not in ("GT", "GTE"):
        raise Refusal(400, "VALIDATION_ERROR", f"Cannot filter by {name} {operator}.")
    return number > wanted or (number == wanted and operator == "GTE")


def _page(results: list[Raw], *, more: bool) -> Body:
    return {"results": results} | ({"paging": {"next": {"after": results[-1]["id"]}}} if more else {})


def _all(held: Store, kind: str) -> dict[str, Values]:
    if kind not in held.objects:
        raise Refusal(404, "OBJECT_NOT_FOUND", "There are no such records.")
    return held.objects[kind]


def _raw(kind: str, values: Values, names: Iterable[str]) -> Raw:
    told: Mapping[str, str] = values | _closing(values["dealstage"]) if kind == "deals" else values
    id = values["hs_object_id"]
    return {"id": id, "properties": {name: told.get(name) for name in names}, "archived": False}


def _closing(stage: str) -> Values:
    _, probability, closed = world.STAGES[stage]
    return {
        "hs_deal_stage_probability": probability,
        "hs_is_closed": str(closed).lower(),
        "hs_is_closed_won": str(stage == "closedwon").lower(),
        "hs_is_closed_lost": str(stage == "closedlost").lower(),
    }


def links(held: Store, body: Body, source: str, target: str) -> Body:
    """Return which records belong to which."""
    results = []
    for one in body["inputs"]:
        if found := _linked(held, source, target, one["id"]):
            kind = {"category": "HUBSPOT_DEFINED", "typeId": 5 if target == "companies" else 19}
            to = [{"toObjectId": id, "associationTypes": [kind]} for id in found]
            results.append({"from": {"id": one["id"]}, "to": to})
    return {"status": "COMPLETE", "results": results}


def _linked(held: Store, source: str, target: str, id: str) -> list[str]:
    values = _all(held, source).get(id, {})
    if source == "deals" and target != "companies":
        return list(held.of_deal(target, id))
    name = "company" if target == "companies" else "deal"
    return [values[name]] if name in values else []


# Writing


@_saving
def change_deal(held: Store, body: Body, id: str) -> Body:
    """Set properties of a deal. Nobody is told: only what salespeople change is news."""
    if unknown := set(body["properties"]) - set(held.properties):
        raise Refusal(400, "VALIDATION_ERROR", f"Property {min(unknown)} does not exist.")
    return _change(held, "deals", id, body)


@_saving
def change_note(held: Store, body: Body, id: str) -> Body:
    """Write a note anew."""
    return _change(held, "notes", id, body)


def _change(held: Store, kind: str, id: str, body: Body) -> Body:
    if id not in held.objects[kind]:
        raise Refusal(404, "OBJECT_NOT_FOUND", "resource not found")
    held.change(kind, id, body["properties"], timezone.now())
    return _raw(kind, held.objects[kind][id], body["properties"])


@_saving
def make_note(held: Store, body: Body) -> Body:
    """Write a note beside a deal."""
    deal = body["associations"][0]["to"]["id"]
    if deal not in held.objects["deals"]:
        raise Refusal(400, "VALIDATION_ERROR", "There is no such deal.")
    id = held.add("notes", {**body["properties"], "deal": deal}, timezone.now())
    return _raw("notes", held.objects["notes"][id], ["hs_note_body"])


# What HubSpot keeps with the app, and the sandbox with each connection


@_saving
def take_hook(held: Store, body: Body, id: str) -> Body:
    """Send webhooks to this address from now on, signed with this secret."""
    held.hooks[id] = {"url": body["url"], "secret": body["secret"]}
    return {"id": id}


@_saving
def drop_hook(held: Store, body: Body, id: str) -> Body:
    """Send no more webhooks there."""
    held.hooks.pop(id, None)
    return {}
