"""Pages of Tryton's opportunities: all of them once by id, later those that changed.

A cursor is {after, start} while all are read, and {since}, with {deals, lines, start} in mid-run, later on.
`start` is the newest change there was when the run began; all instants are texts in UTC, to the microsecond.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from integrations.crm import Cursor, Page
from integrations.providers.tryton.records import CHANGED, DEALS, LINES, Reader
from integrations.providers.tryton.wire import Row, Wire, instant_in, wire_instant

Key = list[Any]  # [instant, id] of the last row that was read


class Pull:
    """Reads one page; which one, the cursor says."""

    def __init__(
        self, wire: Wire, reader: Reader, *, size: int, look_back: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._wire, self._reader, self._size = wire, reader, size
        self._look_back, self._now = look_back, now

    def page(self, cursor: Cursor | None) -> Page:
        """Return the page at the cursor; None (or one of an empty Tryton) begins with all of them."""
        return self._changed(cursor) if cursor and "since" in cursor else self._all(cursor or {})

    def _all(self, at: Cursor) -> Page:
        start = at["start"] if at else self._newest()
        total = None if at else self._wire.call(f"{DEALS}.search_count", [])
        rows = self._reader.rows([["id", ">", at.get("after", 0)]], self._size)
        deals, skipped = self._reader.records(rows)
        if len(rows) == self._size:
            following: Cursor = {"after": rows[-1]["id"], "start": start}
            return Page(deals, following, done=False, skipped=skipped, total=total)
        return Page(deals, self._next_run(start), done=True, skipped=skipped, total=total)

    def _changed(self, at: Cursor) -> Page:
        """Return changed deals, and beside them the deals whose lines changed without them."""
        start = at["start"] if "start" in at else self._newest()
        begin = [at["since"], 0]
        deals_at, lines_at = at.get("deals", begin), at.get("lines", begin)
        rows = self._reader.rows(_behind(deals_at), self._size, by=CHANGED)
        fields = ["opportunity", CHANGED, f"opportunity.{CHANGED}"]
        lines = self._wire.rows(LINES, _behind(lines_at), fields, limit=self._size, by=CHANGED)
        deals, skipped = self._reader.records(rows)
        done = len(rows) < self._size and len(lines) < self._size
        following = {
            "since": at["since"],
            "start": start,
            "deals": _key(rows, deals_at),
            "lines": _key(lines, lines_at),
        }
        return Page(
            deals,
            self._next_run(start, at["since"]) if done else following,
            done=done,
            touched=_touched(lines),
            skipped=skipped,
        )

    def _newest(self) -> str | None:
        """Return the newest change of a deal or a line, never later than our own clock: when a run begins.

        It is Tryton's clock, whose difference to ours would otherwise have to be smaller than the look-back.
        """
        order = [[CHANGED, "DESC"], ["id", "DESC"]]
        found = [
            self._wire.call(f"{model}.search_read", [], 0, 1, order, [CHANGED]) for model in (DEALS, LINES)
        ]
        moments = [moment for rows in found for row in rows if (moment := instant_in(row[CHANGED]))]
        return min(max(moments), self._now()).isoformat() if moments else None

    def _next_run(self, start: str | None, since: str | None = None) -> Cursor:
        if start is None:
            return {"since": since} if since else {}
        return {"since": (datetime.fromisoformat(start) - self._look_back).isoformat()}


def _behind(key: Key) -> list[Any]:
    """Return the domain of what comes behind a row in the order of (change, id)."""
    moment = wire_instant(datetime.fromisoformat(key[0]))
    return ["OR", [CHANGED, ">", moment], [[CHANGED, "=", moment], ["id", ">", key[1]]]]


def _key(rows: Sequence[Row], before: Key) -> Key:
    moment = instant_in(rows[-1][CHANGED]) if rows else None
    return [moment.isoformat(), rows[-1]["id"]] if moment else before


def _touched(lines: Sequence[Row]) -> tuple[str, ...]:
    """Return the deals of lines that changed later than their deal; the others come as deals anyway."""
    return tuple(dict.fromkeys(str(row["opportunity"]) for row in lines if _is_later(row)))


def _is_later(line: Row) -> bool:
    mine, deals = instant_in(line[CHANGED]), instant_in((line.get("opportunity.") or {}).get(CHANGED))
    return mine is not None and (deals is None or mine > deals)
