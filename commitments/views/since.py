"""What is different from a stored verdict, in sentences."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commitments.models import LedgerEvent, StoredVerdict
from commitments.selectors.checks import Check
from ui.formatting import hours, weekday_date

MOST_EVENTS = 5


@dataclass(frozen=True)
class Since:
    """A verdict of then and the sentences on what has changed by now."""

    stored: StoredVerdict
    changes: list[str]


def since_then(key: str, answered: Check) -> Since | None:
    """Return what changed since the stored verdict with this key; None when there is no such verdict."""
    if not key.isascii() or not key.isdigit():
        return None
    stored = StoredVerdict.objects.filter(pk=int(key)).first()
    if stored is None:
        return None
    return Since(stored, [*_differences(stored.answer, answered), *_decisions_since(stored.as_of)])


def _differences(then: dict[str, Any], now: Check) -> list[str]:
    changes = []
    if then["verdict"] != str(now.verdict):
        changes.append(f"It was {then['verdict']}, it is {now.verdict}.")
    short_then = (then["bottleneck"] or {}).get("short_minutes", 0)
    if short_then != now.short_minutes:
        changes.append(f"Short by {hours(now.short_minutes)} instead of {hours(short_then)}.")
    earliest = now.earliest_on.isoformat() if now.earliest_on else None
    if then["earliest_date"] != earliest and now.earliest_on is not None:
        changes.append(
            f"The earliest date for all of it is {weekday_date(now.earliest_on, now.book.today)} now."
        )
    return changes


def _decisions_since(at: datetime) -> list[str]:
    kinds = ["approved", "cancelled", "delivered"]
    events = LedgerEvent.objects.filter(kind__in=kinds, at__gt=at, commitment__isnull=False)
    return [
        f"{event.commitment.title} was {event.kind}."
        for event in events.select_related("commitment__offering", "commitment__company").order_by("-id")[
            :MOST_EVENTS
        ]
    ]
