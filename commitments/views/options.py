"""Counter-offers in words, and the terms a person picks as text in a form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commitments.selectors.checks import Check
from feasibility import Offer
from ui.formatting import counted, hours, weekday_date


@dataclass(frozen=True)
class Option:
    """Other terms that fit; `value` is what the form sends, so that it means the same a minute later."""

    value: str
    title: str
    why: str
    verdict: str
    spare: str


def options_of(check: Check) -> list[Option]:
    """Return the check's counter-offers, best first."""
    return [_option(offer, check) for offer in check.assessment.offers]


def _option(offer: Offer, check: Check) -> Option:
    axis, today = check.book.axis, check.book.today
    parts = [(quantity, axis.on(due)) for quantity, due in offer.parts]
    days = (parts[-1][1] - check.asked.promised_on).days
    whole = len(parts) == 1 and offer.quantity == check.asked.quantity
    return Option(
        value=parts_text(parts),
        title=f"{'All ' if whole else ''}{parts_words(parts, today)}",
        why=f"{_why(offer, check, days)} Nobody else moves.",
        verdict=str(offer.verdict),
        spare=f"{hours(offer.spare_minutes)} to spare",
    )


def _why(offer: Offer, check: Check, days: int) -> str:
    later = counted(days, "day later", "days later")
    if len(offer.parts) > 1:
        return f"{offer.parts[0][0]:,} keep the date, {offer.parts[-1][0]:,} come {later}."
    if offer.quantity < check.asked.quantity:
        return f"The other {check.asked.quantity - offer.quantity:,} stay unpromised."
    return f"{later.capitalize()}."


def parts_words(parts: Sequence[tuple[int, date]], today: date) -> str:
    """Return terms in words, as in "12 by Fri 12 March, 12 by Fri 19 March"."""
    return ", ".join(f"{quantity:,} by {weekday_date(due, today)}" for quantity, due in parts)


def parts_text(parts: Sequence[tuple[int, date]]) -> str:
    """Return terms as a form sends them, as in "12@2027-03-12+12@2027-03-19"."""
    return "+".join(f"{quantity}@{due.isoformat()}" for quantity, due in parts)
