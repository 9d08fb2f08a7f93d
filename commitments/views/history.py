"""The ledger in words: one entry for each fact, newest first."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from commitments.models import Commitment, LedgerEvent
from commitments.selectors.standing import spare_words
from ui.formatting import counted, full_date, hours

LOOKS = {
    "drafted": ("pencil-line", ""),
    "proposed": ("circle-dashed", ""),
    "approved": ("circle-check", "ok"),
    "declined": ("circle-slash-2", "no"),
    "withdrawn": ("undo-2", ""),
    "cancelled": ("ban", "no"),
    "delivered": ("package-check", "ok"),
    "imported": ("upload", ""),
    "import_changed": ("upload", ""),
}
VERBS = {
    "drafted": "Drafted",
    "proposed": "Proposed",
    "approved": "Approved",
    "declined": "Declined",
    "withdrawn": "Withdrawn",
    "cancelled": "Cancelled",
    "delivered": "Delivered",
    "imported": "Imported",
    "import_changed": "Changed by an import",
}


@dataclass(frozen=True)
class Entry:
    """One fact as the ledger shows it; `snapshot` is what was known then, a picture per pool."""

    title: str
    icon: str
    tone: str
    aside: str
    at: datetime
    lines: list[str]
    reason: str
    verdict_id: int | None
    digest: str
    snapshot: list[dict[str, Any]] = field(default_factory=list)


def events_of(commitment: Commitment) -> list[LedgerEvent]:
    """Return the commitment's facts with their verdicts, newest first. One query."""
    return list(commitment.events.select_related("verdict").order_by("-id"))


def ledger_of(events: Iterable[LedgerEvent]) -> list[Entry]:
    """Return the facts in words; what was known is shown for decisions."""
    return [_entry(event) for event in events]


def _entry(event: LedgerEvent) -> Entry:
    icon, tone = LOOKS.get(event.kind, ("circle", ""))
    aside, tone = _aside(event, tone)
    decided = event.kind in ("approved", "declined")
    verdict = event.verdict
    return Entry(
        title=_title(event),
        icon=icon,
        tone=tone,
        aside=aside,
        at=event.at,
        lines=_lines(event),
        reason=event.reason,
        verdict_id=verdict.pk if verdict else None,
        digest=f"{verdict.digest[:4]}…{verdict.digest[-4:]}" if verdict else "",
        snapshot=[_known(picture) for picture in verdict.picture] if verdict and decided else [],
    )


def _known(picture: dict[str, Any]) -> dict[str, Any]:
    taken = picture["capacity_minutes"] - picture["free_minutes"]
    return picture | {"taken_minutes": max(0, taken), "spare": spare_words(picture["spare_minutes"])}


def _title(event: LedgerEvent) -> str:
    verb = VERBS.get(event.kind, event.kind.replace("_", " ").capitalize())
    return f"{verb} by {event.by_name}" if event.by_name else verb


def _aside(event: LedgerEvent, tone: str) -> tuple[str, str]:
    details = event.details
    if event.kind == "approved" and details.get("override"):
        return "knowing that it does not fit", "tight"
    if event.kind == "delivered" and details.get("days_late"):
        return f"{counted(details['days_late'], 'day', 'days')} late", "no"
    if event.kind == "proposed" and details.get("short_minutes"):
        return f"knowing it was {hours(details['short_minutes'])} short", "no"
    return event.get_side_display(), tone


def _lines(event: LedgerEvent) -> list[str]:
    details = event.details
    lines = []
    if details.get("quantity") and details.get("promised_on"):
        lines.append(f"{details['quantity']:,} by {_day(details['promised_on'])}.")
    if details.get("delivered_on"):
        lines.append(
            f"Delivered on {_day(details['delivered_on'])}, promised for {_day(details['promised_on'])}."
        )
    if details.get("source"):
        lines.append(f"As {details['source']} says.")
    return lines


def _day(text: str) -> str:
    return full_date(date.fromisoformat(text))
