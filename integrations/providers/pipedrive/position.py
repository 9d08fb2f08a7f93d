"""How far a run has come: through deals, archived deals, deleted deals, each in Pipedrive's own pages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.crm import Cursor
from integrations.readings import instant_of

DEALS, ARCHIVED, DELETED = "deals", "archived", "deleted"
PATHS: Mapping[str, str] = {DEALS: "v2/deals", ARCHIVED: "v2/deals/archived", DELETED: "v2/deals"}
# Which deals a list brings besides those it is of: an archived deal that was deleted is in no other list.
STATUSES: Mapping[str, str] = {ARCHIVED: "open,won,lost,deleted", DELETED: "deleted"}
NEXT: Mapping[str, str] = {DEALS: ARCHIVED, ARCHIVED: DELETED, DELETED: ""}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run goes on. Without `since` it is a backfill; `after` is the vendor's mark of a page."""

    started: datetime
    since: datetime | None = None
    stream: str = DEALS
    after: str = ""
    newest: datetime | None = None

    @classmethod
    def of(cls, cursor: Cursor | None, *, now: datetime) -> "Position":
        """Return the position that a cursor says; a run begins where none says when it did."""
        said = cursor or {}
        return cls(
            started=instant_of(said.get("started")) or now,
            since=instant_of(said.get("since")),
            stream=said.get("stream", DEALS),
            after=said.get("after", ""),
            newest=instant_of(said.get("newest")),
        )

    def question(self) -> dict[str, Any]:
        """Return the parameters that choose and order the deals of this position."""
        asked: dict[str, Any] = {"cursor": self.after, "sort_direction": "asc"}
        if self.since is None:
            return asked | {"sort_by": "id"}
        asked |= {"sort_by": "update_time", "updated_since": _seconds(self.since)}
        return asked | status_of(self.stream)

    def seen(self, rows: Iterable[Mapping[str, Any]], after: str) -> "Position":
        """Return the position behind these rows."""
        times = [instant_of(row.get("update_time")) for row in rows]
        newest = max((moment for moment in [self.newest, *times] if moment), default=None)
        return replace(self, after=after, newest=newest)

    def next_stream(self) -> "Position | None":
        """Return the beginning of the next stream, None after the last. A backfill has nothing to forget."""
        following = NEXT[self.stream]
        if not following or (following == DELETED and self.since is None):
            return None
        return replace(self, stream=following, after="")

    def cursor(self) -> Cursor:
        """Return what brings a later call back here."""
        return {
            "started": self.started.isoformat(),
            "since": self.since.isoformat() if self.since else "",
            "stream": self.stream,
            "after": self.after,
            "newest": self.newest.isoformat() if self.newest else "",
        }

    def next_run(self, look_back: timedelta) -> Cursor:
        """Return where the next run begins; a run that brought nothing leaves it where it was."""
        if self.newest is None and self.since is not None:
            return {"since": self.since.isoformat()}
        begin = min(self.newest or self.started, self.started) - look_back
        return {"since": max(begin, self.since or begin).isoformat()}


def status_of(stream: str) -> dict[str, str]:
    """Return the parameter that brings deleted deals too, where the list is asked for them."""
    return {"status": STATUSES[stream]} if stream in STATUSES else {}


def _seconds(moment: datetime) -> str:
    """Return a time as Pipedrive takes it: whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
