"""What HubSpot's API (release 2026-09) tells of an account: its page caps, its search window."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from tests.integrations.crm.fake import START
from tests.integrations.providers.fake_hubspot_account import Account, Body, iso

WINDOW = 10_000  # a search shows no more results than this
MOST_SIGNS = 3_000  # in a search's body
ZONE = "US/Eastern"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COMPANY_LINK, PRIMARY_LINK = 341, 5


class Refusal(Exception):
    """What HubSpot answers instead."""

    def __init__(self, status: int, category: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.content = {"status": "error", "category": category, "message": message, **more}


class Reads(Account):
    """Answers what is asked."""

    def _account(self, body: Body, params: Body) -> httpx.Response:
        return ok(
            {
                "portalId": 7001, "accountType": "STANDARD", "portalName": "Kestrel",
                "companyCurrency": "EUR", "additionalCurrencies": [], "timeZone": ZONE,
                "utcOffset": "-05:00", "utcOffsetMilliseconds": -18_000_000,
                "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1",
            }
        )  # fmt: skip

    def _pipelines(self, body: Body, params: Body) -> httpx.Response:
        stages = [
            {
                "id": id, "label": id.title(), "displayOrder": order,
                "metadata": {"probability": "1.0" if won else "0.0" if lost else "0.4"},
            }
            for order, (id, won, lost) in enumerate(self.stages)
        ]  # fmt: skip
        return ok({"results": [{"id": "default", "label": "Sales", "displayOrder": 0, "stages": stages}]})

    def _owners(self, body: Body, params: Body) -> httpx.Response:
        archived = params.get("archived") == "true"
        return _page([owner for owner in self.owners if owner["archived"] is archived], params)

    def _list_properties(self, body: Body, params: Body) -> httpx.Response:
        return ok({"results": list(self.properties.values())})

    def _list(self, kind: str, body: Body, params: Body) -> httpx.Response:
        names = params.get("properties", "").split(",")
        archived = params.get("archived") == "true"
        return _page(self._all(kind, archived), params, lambda id: self.raw(kind, id, names))

    def _batch_read(self, kind: str, body: Body, params: Body) -> httpx.Response:
        ids = [one["id"] for one in body["inputs"]]
        if len(ids) > 100 or not ids:
            raise Refusal(400, "VALIDATION_ERROR", "A batch holds 1 to 100 inputs.")
        there = set(self._all(kind, params.get("archived") == "true"))
        if kind == "deals":
            ids = [self.deals[id].merged_into or id if id in self.deals else id for id in ids]
        found = [id for id in ids if id in there]  # two that were merged bring their survivor twice
        return _batch(
            [self.raw(kind, id, body["properties"]) for id in found],
            [_absent("Could not get some objects.", {"ids": [id]}) for id in ids if id not in there],
        )

    def _search(self, kind: str, body: Body, params: Body) -> httpx.Response:
        missing = {"after", "filterGroups", "limit", "properties", "sorts"} - body.keys()
        if len(json.dumps(body, separators=(",", ":"))) > MOST_SIGNS:
            raise Refusal(400, "VALIDATION_ERROR", "The query is too long.")
        if missing or body["limit"] > 200 or int(body["after"]) + body["limit"] > WINDOW:
            raise Refusal(400, "VALIDATION_ERROR", "The search is not one that can be answered.")
        filters = [one for group in body["filterGroups"] for one in group["filters"]]
        found = self._all(kind, archived=False)
        for one in sorted(filters, key=lambda one: one["propertyName"] != "hs_object_id"):
            test = self._test(kind, one)
            found = [id for id in found if test(id)]
        if [sort["propertyName"] for sort in body["sorts"]] != ["hs_object_id"]:
            found.reverse()  # no order is promised
        start = int(body["after"])
        shown = found[start : start + body["limit"]]
        answer = {"total": len(found), "results": [self.raw(kind, id, body["properties"]) for id in shown]}
        if start + len(shown) < len(found):
            answer["paging"] = {"next": {"after": str(start + len(shown))}}
        return ok(answer)

    def _test(self, kind: str, one: Body) -> Callable[[str], bool]:
        name, operator = one["propertyName"], one["operator"]
        if name == "hs_object_id" and operator == "GT":
            last = int(one["value"])
            return lambda id: int(id) > last
        if name == "hs_lastmodifieddate" and operator in ("GTE", "GT"):
            since = EPOCH + timedelta(milliseconds=int(one["value"]) + (operator == "GT"))
            return lambda id: self._changed(kind, id) >= since
        if name == "pipeline" and operator == "IN":
            return lambda id: "default" in one["values"]
        raise Refusal(400, "VALIDATION_ERROR", f"Cannot filter by {name} {operator}.")

    def _associations(self, source: str, target: str, body: Body, params: Body) -> httpx.Response:
        results, errors = [], []
        for one in body["inputs"]:
            # One page holds two associations, so that whoever does not read on loses some.
            links = self._links(source, target, one["id"])
            start = int(one.get("after", 0))
            if not links[start:]:
                errors.append(_absent(f"No {target} is associated with {one['id']}.", {}))
                continue
            result: Body = {"from": {"id": one["id"]}, "to": links[start : start + 2]}
            if len(links) > start + 2:
                result["paging"] = {"next": {"after": str(start + 2)}}
            results.append(result)
        return _batch(results, errors)

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

    def raw(self, kind: str, id: str, names: Iterable[str]) -> Body:
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
            raw |= {"archived": True, "archivedAt": iso(self.deals[id].changed_at)}
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
            "closedate": _evening(deal.close_on) if deal.close_on else None,
            "hubspot_owner_id": deal.owner_id or None,
            "createdate": iso(START),
            "hs_deal_stage_probability": _text(deal.probability),
            "hs_is_closed": "true" if won or lost else "false",
            "hs_is_closed_won": "true" if won else "false",
            "hs_is_closed_lost": "true" if lost else "false",
            "hs_lastmodifieddate": iso(deal.changed_at),
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
            "hs_lastmodifieddate": iso(self.touched[id[:-3]]),
        }

    def _company(self, id: str) -> Body:
        return {"name": next(name for name, known in self.companies.items() if known == id)}

    def _note(self, id: str) -> Body:
        return {"hs_note_body": next(d.notes[id] for d in self.deals.values() if id in d.notes)}


def _batch(results: list[Body], errors: list[Body]) -> httpx.Response:
    answer: Body = {"status": "COMPLETE", "results": results}
    if errors:
        answer |= {"numErrors": len(errors), "errors": errors}
    return httpx.Response(207 if errors else 200, json=answer)


def _absent(message: str, context: Body) -> Body:
    return {"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": context}


def _evening(day: date) -> str:
    """Return when somebody in the account's zone picked the day: UTC has the next one already."""
    return iso(datetime.combine(day, time(20, 30), ZoneInfo(ZONE)))


def ok(content: Body) -> httpx.Response:
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
    return ok(answer)


def _link(id: str, kind: int) -> Body:
    return {"toObjectId": id, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": kind}]}


def _line_id(deal_id: str, number: int) -> str:
    return f"{deal_id}{number:03}"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
