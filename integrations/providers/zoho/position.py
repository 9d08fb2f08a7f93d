"""How far a run has come: through deals by (time, id), then through the list of deleted ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from integrations.crm import Cursor
from integrations.providers.zoho.calls import MOST, select, stamp
from integrations.readings import instant_of, text_of

DEALS, DELETED = "deals", "deleted"
COLUMNS = "id, Modified_Time"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run goes on. Without `since` it is a backfill, ordered by id alone.

    `last_time` and `last_id` are those of the last deal seen, `mark` is the next page of deleted deals.
    """

    started: datetime
    since: datetime | None = None
    stream: str = DEALS
    last_time: str = ""
    last_id: str = ""
    mark: Mapping[str, Any] = field(default_factory=lambda: {"page": 1})
    newest: datetime | None = None

    @classmethod
    def of(cls, cursor: Cursor | None, *, now: datetime) -> "Position":
        """Return the position that a cursor says; a run begins where none says when it did."""
        said = cursor or {}
        return cls(
            started=instant_of(said.get("started")) or now,
            since=instant_of(said.get("since")),
            stream=said.get("stream", DEALS),
            last_time=said.get("last_time", ""),
            last_id=said.get("last_id", ""),
            mark=said.get("mark", {"page": 1}),
            newest=instant_of(said.get("newest")),
        )

    def question(self) -> str:
        """Return the COQL query for the next ids. The order is total, so equal times are no trap."""
        if self.since is None:
            where = f"id > '{self.last_id}'" if self.last_id else "id is not null"
            return select(COLUMNS, where, order="id asc", most=MOST)
        where = f"Modified_Time >= '{stamp(self.since)}'"
        if self.last_id:
            later, same = f"Modified_Time > '{self.last_time}'", f"Modified_Time = '{self.last_time}'"
            where = f"({later} or ({same} and id > '{self.last_id}'))"
        return select(COLUMNS, where, order="Modified_Time asc, id asc", most=MOST)

    def behind(self, rows: list[Mapping[str, Any]]) -> "Position":
        """Return the position behind these rows of the query."""
        if not rows:
            return self
        last = instant_of(rows[-1].get("Modified_Time"))
        return replace(
            self.seen(rows, "Modified_Time"),
            last_id=text_of(rows[-1].get("id")),
            last_time=stamp(last) if last else "",
        )

    def seen(self, rows: Iterable[Mapping[str, Any]], name: str) -> "Position":
        """Return the position with the newest of the times that stand under this name."""
        times = [instant_of(row.get(name)) for row in rows]
        newest = max((moment for moment in [self.newest, *times] if moment), default=None)
        return replace(self, newest=newest)

    def cursor(self) -> Cursor:
        """Return what brings a later call back here."""
        return {
            "started": stamp(self.started),
            "since": stamp(self.since) if self.since else "",
            "stream": self.stream,
            "last_time": self.last_time,
            "last_id": self.last_id,
            "mark": dict(self.mark),
            "newest": stamp(self.newest) if self.newest else "",
        }

    def next_run(self, look_back: timedelta) -> Cursor:
        """Return where the next run begins; a run that brought nothing leaves it where it was."""
        if self.newest is None and self.since is not None:
            return {"since": stamp(self.since)}
        begin = min(self.newest or self.started, self.started) - look_back
        return {"since": stamp(max(begin, self.since or begin))}
