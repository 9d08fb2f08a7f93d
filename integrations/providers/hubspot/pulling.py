"""Pages of HubSpot's deals: all of them once, later those changed, those with changed lines, those deleted.

A cursor is {phase, since, start, newest, last or after}, instants in milliseconds as HubSpot's filters have
them. Changed records are paged by id within "changed since", so that neither a timestamp that thousands
share nor the search's limit of 10,000 results matters.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.crm import Cursor, DealRecord, Gone, Page, Setup
from integrations.providers.hubspot import records
from integrations.providers.hubspot.wire import BATCH, OBJECTS, Wire, next_of, results_of
from integrations.readings import instant_of

DEALS = f"{OBJECTS}/deals"
# A search's body is refused beyond 3,000 characters; this many are left for the pipelines' ids.
MOST_CHOSEN = 1500


def millis(moment: datetime) -> int:
    """Return an instant as HubSpot's filters want it."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


class Pull:
    """Reads one page; which one, the cursor says."""

    def __init__(self, wire: Wire, setup: Setup, web: str, look_back: timedelta) -> None:
        self._wire, self._setup, self._web = wire, setup, web
        self._look_back = look_back // timedelta(milliseconds=1)

    def page(self, cursor: Cursor | None, now: datetime) -> Page:
        at: Cursor = {"phase": "all", "start": millis(now), **(cursor or {})}
        phases = {
            "all": self._all,
            "changed": self._changed,
            "lines": self._lines,
            "deleted": self._deleted,
        }
        return phases[at["phase"]](at)

    def _all(self, at: Cursor) -> Page:
        if "total" not in at:
            at = {**at, "total": self._total()}
        params = {
            "limit": BATCH,
            "archived": "false",
            "properties": ",".join(records.properties(self._setup)),
        }
        answer = self._wire.ask("GET", DEALS, params=params | _after(at))
        after = next_of(answer)
        return self._of_deals(results_of(answer), at, {**at, "after": after} if after else None)

    def _total(self) -> int | None:
        total = self._wire.search("deals", [], self._chosen()).get("total")
        return int(total) if total is not None else None

    def _changed(self, at: Cursor) -> Page:
        filters = [*_newer(at), *self._chosen()]
        answer = self._wire.search("deals", records.properties(self._setup), filters)
        return self._of_deals(
            results_of(answer), at, _further(answer, at) or {**at, "phase": "lines", "last": "0"}
        )

    def _lines(self, at: Cursor) -> Page:
        """Find the deals whose lines changed: HubSpot does not promise that they count as changed then."""
        answer = self._wire.search("line_items", ["hs_lastmodifieddate"], _newer(at))
        ids = [str(raw["id"]) for raw in results_of(answer)]
        links = self._wire.links("line_items", "deals", ids) if ids else {}
        touched = dict.fromkeys(str(link["toObjectId"]) for found in links.values() for link in found)
        cursor = _further(answer, at) or {**at, "phase": "deleted"}
        return Page((), cursor, done=False, touched=tuple(touched))

    def _deleted(self, at: Cursor) -> Page:
        answer = self._wire.ask("GET", DEALS, params={"limit": BATCH, "archived": "true"} | _after(at))
        recent = [str(raw["id"]) for raw in results_of(answer) if _archived_since(raw, at["since"])]
        gone = gone_among(self._wire, recent)
        after = next_of(answer)
        if after:
            return Page((), {**at, "after": after}, done=False, gone=gone)
        return Page((), self._next_run(at), done=True, gone=gone)

    def _of_deals(self, raws: Sequence[records.Raw], at: Cursor, cursor: Cursor | None) -> Page:
        deals, skipped = records.read(self._wire, raws, self._setup, self._web)
        newest = _newest(deals, at.get("newest"))
        following = {**cursor, "newest": newest} if cursor else self._next_run({**at, "newest": newest})
        return Page(
            deals,
            following,
            done=cursor is None,
            gone=records.gone_of(records.merged(raws)),
            skipped=skipped,
            total=at.get("total"),
        )

    def _next_run(self, at: Cursor) -> Cursor:
        """Begin again a little before the newest change seen, never behind where this run began."""
        newest, since = at.get("newest"), at.get("since")
        if newest is None and since is not None:
            return {"phase": "changed", "since": since}
        seen = at["start"] if newest is None else min(newest, at["start"])
        return {"phase": "changed", "since": max(seen - self._look_back, since or 0)}

    def _chosen(self) -> list[dict[str, Any]]:
        """Narrow a search to the chosen pipelines; too many of them are told apart afterwards."""
        chosen = list(self._setup.pipelines)
        if len(json.dumps(chosen)) > MOST_CHOSEN:
            return []
        return [{"propertyName": "pipeline", "operator": "IN", "values": chosen}] if chosen else []


def gone_among(wire: Wire, ids: Sequence[str]) -> tuple[Gone, ...]:
    """Return these deleted deals, with the survivor for those that were merged."""
    if not ids:
        return ()
    # HubSpot reads a merged deal's id as its survivor.
    found = wire.batch("deals", ids, ["hs_merged_object_ids"])
    survivors, alive = records.merged(found), {str(raw["id"]) for raw in found}
    return tuple(Gone(id, survivors.get(id, "")) for id in ids if id not in alive)


def _newer(at: Cursor) -> list[dict[str, Any]]:
    return [
        {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(at["since"])},
        {"propertyName": "hs_object_id", "operator": "GT", "value": str(at.get("last", "0"))},
    ]


def _after(at: Cursor) -> dict[str, str]:
    return {"after": at["after"]} if at.get("after") else {}


def _further(answer: dict[str, Any], at: Cursor) -> Cursor | None:
    """Return where the next page of a search begins; None after the last one."""
    ids = [int(raw["id"]) for raw in results_of(answer)]
    return {**at, "last": str(max(ids))} if ids and next_of(answer) else None


def _newest(deals: Sequence[DealRecord], before: int | None) -> int | None:
    seen = [millis(deal.changed_at) for deal in deals]
    return max([*seen, before] if before is not None else seen, default=None)


def _archived_since(raw: records.Raw, since: int) -> bool:
    moment = instant_of(raw.get("archivedAt"))
    return moment is None or millis(moment) >= since
