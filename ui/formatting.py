"""Figures, dates and money in words, the same on every page, in every e-mail and in every export.

Minutes are integers (or floats where a figure is an expectation), money is `Decimal` with an ISO 4217 code,
fractions run from 0 to 1. The minus sign is U+2212. Nothing here reads a clock: today and now are arguments.
"""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone
from django.utils.dates import MONTHS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUS = "\N{MINUS SIGN}"
CURRENCY_SIGNS = {
    "EUR": "€",
    "GBP": "£",
    "USD": "$",
    "JPY": "¥",
    "INR": "₹",
    "ILS": "₪",
    "KRW": "₩",
}
WHOLE_CURRENCIES = frozenset({"JPY", "KRW", "CLP", "ISK", "VND", "HUF"})

Minutes = int | float


def _rounded(value: Decimal, digits: int) -> str:
    """Rounds half up, groups thousands and drops trailing zeros of the fraction."""
    quantum = Decimal(1).scaleb(-digits)
    text = f"{abs(value).quantize(quantum, rounding=ROUND_HALF_UP):,}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{MINUS}{text}" if value < 0 and text != "0" else text


def hours_number(minutes: Minutes) -> str:
    """Hours without the unit: one decimal place, two under an hour: a minute never shows as nothing."""
    value = Decimal(str(minutes)) / 60
    return _rounded(value, 2 if abs(value) < 1 else 1)


def hours(minutes: Minutes) -> str:
    """Minutes as hours with the unit: 2760 is "46 h", 450 is "7.5 h", -1080 is "−18 h"."""
    return f"{hours_number(minutes)} h"


def duration(minutes: Minutes) -> str:
    """A span of time as people say it: 137 is "2 h 17 min", 45 is "45 min", 120 is "2 h"."""
    whole = round(abs(minutes))
    sign = MINUS if minutes < 0 and whole else ""
    hour_count, rest = divmod(whole, 60)
    if not hour_count:
        return f"{sign}{rest} min"
    return f"{sign}{hour_count:,} h {rest} min" if rest else f"{sign}{hour_count:,} h"


def number(value: Minutes) -> str:
    """A plain number with grouped thousands and at most two decimal places."""
    return _rounded(Decimal(str(value)), 2)


def percent(fraction: float | Decimal, digits: int = 0) -> str:
    """A fraction as a percentage. What is neither nothing nor certain is never rounded to 0% or 100%."""
    value = Decimal(str(fraction)) * 100
    smallest = Decimal(1).scaleb(-digits)
    if 0 < value < smallest / 2:
        return f"<{smallest}%"
    if 100 - smallest / 2 <= value < 100:
        return f">{100 - smallest}%"
    return f"{_rounded(value, digits)}%"


def points(fraction: float | Decimal, digits: int = 0) -> str:
    """A difference of two fractions in percentage points with its sign: 0.15 is "+15 points"."""
    text = _rounded(Decimal(str(fraction)) * 100, digits)
    signed = text if text.startswith(MINUS) or text == "0" else f"+{text}"
    unit = ngettext("point", "points", 1 if text.lstrip(MINUS) == "1" else 2)
    return f"{signed} {unit}"


def money(amount: Decimal | int, currency: str) -> str:
    """An amount with its currency: "€2,944", "€2,944.50", "CHF 900", "−£18". Cents only when any."""
    value = Decimal(amount)
    digits = 0 if currency in WHOLE_CURRENCIES else 2
    rounded = abs(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    text = f"{rounded:,.0f}" if rounded == rounded.to_integral_value() else f"{rounded:,}"
    sign = MINUS if value < 0 and rounded else ""
    return f"{sign}{CURRENCY_SIGNS.get(currency, f'{currency} ')}{text}"


def counted(count: int, one: str, many: str) -> str:
    """A count with its noun: "1 commitment", "1,200 commitments"."""
    return f"{count:,} {one if abs(count) == 1 else many}"


def _local(at: datetime) -> datetime:
    return timezone.localtime(at) if timezone.is_aware(at) else at


def _as_day(day: date | datetime) -> date:
    return _local(day).date() if isinstance(day, datetime) else day


def weekday(day: date) -> str:
    """The short name of the day of the week: "Fri"."""
    return str(WEEKDAYS_ABBR[day.weekday()])


def short_date(day: date) -> str:
    """Day and short month, for axes: "12 Mar"."""
    return f"{day.day} {str(MONTHS[day.month])[:3]}"


def full_date(day: date | datetime) -> str:
    """A date as records carry it, always with the year: "Fri 12 March 2027"."""
    day = _as_day(day)
    return f"{weekday(day)} {day.day} {MONTHS[day.month]} {day.year}"


def weekday_date(day: date | datetime, today: date) -> str:
    """A date with its weekday, and with the year only when it is not this one: "Fri 12 March"."""
    day = _as_day(day)
    return full_date(day) if day.year != today.year else f"{weekday(day)} {day.day} {MONTHS[day.month]}"


def date_range_words(first: date, last: date, today: date, joiner: str = "") -> str:
    """Both ends of a range, saying the month once where it is the same: "Mon 1 to Fri 12 March".

    `joiner` replaces "to", as in "between Mon 1 and Fri 12 March". Raises ValueError when it runs backwards.
    """
    if last < first:
        raise ValueError(f"the range ends on {last} before it starts on {first}")
    if first == last:
        return weekday_date(first, today)
    joiner = joiner or _("to")
    end = weekday_date(last, today)
    if (first.year, first.month) == (last.year, last.month):
        return f"{weekday(first)} {first.day} {joiner} {end}"
    if first.year == last.year:
        return f"{weekday(first)} {first.day} {MONTHS[first.month]} {joiner} {end}"
    return f"{full_date(first)} {joiner} {full_date(last)}"


def clock(at: datetime) -> str:
    """The time of day, 24 hours: "16:20"."""
    return f"{_local(at):%H:%M}"


def moment(at: datetime, today: date) -> str:
    """Date and time: "Wed 10 February, 08:55", with the year when it is not this one."""
    return f"{weekday_date(at, today)}, {clock(at)}"


def full_moment(at: datetime) -> str:
    """Date and time as records carry it: "Wed 10 February 2027, 08:55"."""
    return f"{full_date(at)}, {clock(at)}"


def near_moment(at: datetime, today: date) -> str:
    """Date and time where it is recent: "Today 11:42", "Yesterday 17:05", "Wed 07:50", else as `moment`."""
    days = (today - _as_day(at)).days
    if days == 0:
        return _("Today %(time)s") % {"time": clock(at)}
    if days == 1:
        return _("Yesterday %(time)s") % {"time": clock(at)}
    if 1 < days < 7:
        return f"{weekday(_as_day(at))} {clock(at)}"
    return moment(at, today)


def span(length: timedelta) -> str:
    """A length of time in its largest unit, rounded down: "40 s", "12 min", "3 h", "2 days"."""
    seconds = int(abs(length).total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        return f"{seconds // 3600} h"
    days = seconds // 86400
    return counted(days, ngettext("day", "days", 1), ngettext("day", "days", 2))


def ago(at: datetime, now: datetime) -> str:
    """How long ago something was: "2 min ago". What lies within a second or ahead is "just now"."""
    passed = now - at
    return _("just now") if passed < timedelta(seconds=1) else _("%(span)s ago") % {"span": span(passed)}


def left(until: datetime, now: datetime) -> str:
    """How long is left: "2 h left", or "40 min over" once it has passed."""
    rest = until - now
    words = _("%(span)s left") if rest >= timedelta(0) else _("%(span)s over")
    return words % {"span": span(rest)}
