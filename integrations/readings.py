"""Reads what vendors write into exact values; None where nothing (or nothing readable) stands. No Django."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

MOST = Decimal(10) ** 15


def text_of(value: Any, most: int = 200) -> str:
    """Return a text without control characters and outer spaces, at most `most` long; "" for nothing."""
    if value is None or value is False:
        return ""
    clean = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return " ".join(clean.split())[:most]


def decimal_of(value: Any) -> Decimal | None:
    """Return an exact number; None for nothing, for words, for what is not finite or beyond 10^15."""
    if value is None or isinstance(value, bool) or value == "":
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < MOST else None


def share_of(value: Any, *, of: int = 1) -> Decimal | None:
    """Return a probability from 0 to 1, as in share_of(60, of=100); None outside of it."""
    number = decimal_of(value)
    if number is None or not 0 <= number <= of:
        return None
    return (number / of).quantize(Decimal("0.0001"))


def date_of(value: Any) -> date | None:
    """Return the date of YYYY-MM-DD or of an ISO instant as written: a date is never shifted by a zone."""
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def instant_of(value: Any) -> datetime | None:
    """Return an aware datetime of an ISO 8601 text; without a zone it is UTC."""
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def instant_of_millis(value: Any) -> datetime | None:
    """Return an aware datetime of milliseconds since 1970 (a number or its text)."""
    number = decimal_of(value)
    if number is None:
        return None
    try:
        return datetime.fromtimestamp(int(number) / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def retry_at(value: Any, now: datetime) -> datetime | None:
    """Return the instant that a Retry-After header means: seconds from `now`, or an HTTP date."""
    if not value:
        return None
    seconds = decimal_of(value)
    if seconds is not None:
        return now + timedelta(seconds=min(max(int(seconds), 0), 86_400))
    try:
        moment = parsedate_to_datetime(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
