"""HubSpot's API (release 2026-09): its addresses, and how strictly it takes what is written."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from html import unescape
from typing import Any

import httpx

from tests.integrations.providers.fake_hubspot_account import Body
from tests.integrations.providers.fake_hubspot_reads import Reads, Refusal, ok

NOTE_LINK = 214


class Answers(Reads):
    """Answers requests."""

    def answer(self, request: httpx.Request) -> httpx.Response:
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
        return ok(self.raw("deals", id, body["properties"]))

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
        id = self.next_id()
        deal.notes[id] = unescape(body["properties"]["hs_note_body"])
        deal.changed_at = self.now  # notes move the deal's time of change
        return httpx.Response(201, json=self.raw("notes", id, ["hs_note_body"]))

    def _patch_note(self, id: str, body: Body, params: Body) -> httpx.Response:
        for deal in self.deals.values():
            if id in deal.notes:
                deal.notes[id] = unescape(body["properties"]["hs_note_body"])
                return ok(self.raw("notes", id, ["hs_note_body"]))
        raise Refusal(404, "OBJECT_NOT_FOUND", "resource not found")


def _invalid(message: str) -> Refusal:
    return Refusal(400, "VALIDATION_ERROR", "Not valid.", errors=[{"message": message}])


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
