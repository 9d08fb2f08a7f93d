"""Hours as people write them: "8", "7.5", "7,5", "7:30" or "8 h", as whole minutes."""

import re
from decimal import Decimal

from ui.formatting import hours_number

DECIMAL = re.compile(r"([0-9]{1,5})(?:[.,]([0-9]{1,4}))?")
CLOCK = re.compile(r"([0-9]{1,5}):([0-5][0-9])")
UNIT = re.compile(r"\s*(h|hours?|hrs?)$", re.IGNORECASE)


class NotHours(ValueError):
    """A text that is no length of time; the message is a sentence for the person who wrote it."""


def minutes_of(text: str) -> int:
    """Return the minutes of hours written as a decimal or as h:mm; raises NotHours, naming the text.

    Hours that are no whole number of minutes are refused rather than rounded.
    """
    plain = UNIT.sub("", text.strip())
    if clock := CLOCK.fullmatch(plain):
        return int(clock[1]) * 60 + int(clock[2])
    found = DECIMAL.fullmatch(plain)
    if not found:
        raise NotHours(f'"{text.strip()}" is no number of hours. Write 8, 7.5 or 7:30.')
    minutes = Decimal(f"{found[1]}.{found[2] or 0}") * 60
    if minutes != int(minutes):
        raise NotHours(f"{plain} h is no whole number of minutes. Write hours and minutes, as in 7:20.")
    return int(minutes)


def hours_text(minutes: int | None) -> str:
    """Return minutes as a field shows them: "8", "7.5", else "7:20"; "" for None."""
    if minutes is None:
        return ""
    if minutes % 30:
        return f"{minutes // 60}:{minutes % 60:02}"
    return hours_number(minutes).replace(",", "")
