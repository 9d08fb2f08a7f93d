"""Dates read strictly in a known format, and every way one text could be read as a date."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from tabular.date_formats import ISO, ZERO_DATES, DateFormat, Order, Pattern, Shape
from tabular.errors import ValueProblem
from tabular.months import month_number

__all__ = [
    "ISO",
    "ZERO_DATES",
    "DateFormat",
    "Order",
    "Pattern",
    "Reading",
    "Shape",
    "days",
    "read_date",
    "read_datetime",
    "readings",
]

MAX_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text; `on` is None when the pattern fits but there is no such day."""

    pattern: Pattern
    on: date | None
    at: time = time()
    zone: timezone | None = None


_TIME = (
    r"(?:(?:[T ]|, | at )\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<micro>[.,]\d{1,9})?)?"
    r"\s?(?P<half>[AaPp]\.?[Mm]\.?)?\s?(?P<zone>Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?\s*\Z"
)
_YEAR_FIRST = re.compile(
    r"(?P<a>\d{4})(?P<separator>[-/.])(?P<b>\d{1,2})(?P=separator)(?P<c>\d{1,2})" + _TIME, re.ASCII
)
_PARTS = re.compile(
    r"(?P<a>\d{1,2})(?P<separator>[-/.])(?P<b>\d{1,2})(?P=separator)(?P<c>\d{4}|\d{2})" + _TIME, re.ASCII
)
_COMPACT = re.compile(
    r"(?P<a>(?:19|20)\d{2})(?P<b>\d{2})(?P<c>\d{2})(?:T(?=\d{6})(?P<clock>\d{6})Z?)?\Z", re.ASCII
)
_WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,?\s+)?"
_NAME = r"(?P<b>[^\W\d_]{3,10})\.?"
_DAY_NAME = re.compile(
    _WEEKDAY + r"(?P<a>\d{1,2})(?:st|nd|rd|th|er|º|\.)?(?:\s+de\s+|\s+of\s+|[-/. ]\s*)" + _NAME
    + r"(?:\s+de\s+|,?[-/. ]\s*)(?P<c>\d{4}|\d{2})" + _TIME
)  # fmt: skip
_NAME_DAY = re.compile(
    _WEEKDAY + _NAME + r"[-/. ]\s*(?P<a>\d{1,2})(?:st|nd|rd|th)?(?:,\s*|[-/. ]\s*)(?P<c>\d{4}|\d{2})" + _TIME
)
_SERIAL = re.compile(r"(?P<days>\d{5})(?P<fraction>\.\d+)?\Z", re.ASCII)
_WRITTEN_OUT = Shape()
_EXCEL_EPOCH = date(1899, 12, 30)


def readings(text: str, *, serials: bool = False) -> tuple[Reading, ...]:
    """Every way the text could be read as a date; none when it does not look like one."""
    bare = text.strip()
    if not bare or len(bare) > MAX_LENGTH or not any(map(str.isdigit, bare)):
        return ()
    for read in _READERS:
        found = read(bare)
        if found:
            return found
    return _serial(bare) if serials else ()


def read_date(text: str, form: DateFormat, zone: tzinfo | None = None) -> date:
    """The day a text names in this format; with `zone`, an instant with an offset is moved there first.

    Raises ValueProblem when the text is no date, not in this format, or names no existing day.
    """
    reading = _the_reading(text, form)
    if zone is not None and reading.zone is not None:
        return _moment(reading).astimezone(zone).date()
    assert reading.on is not None
    return reading.on


def read_datetime(text: str, form: DateFormat) -> datetime:
    """The moment a text names; midnight when it has no time, aware only when it states an offset."""
    return _moment(_the_reading(text, form))


def _the_reading(text: str, form: DateFormat) -> Reading:
    serials = any(pattern.order is Order.SERIAL for pattern in form.patterns)
    found = readings(text, serials=serials)
    if not found:
        raise ValueProblem(f"{_shown(text)} is not a date")
    fitting = [reading for reading in found if reading.pattern in form.patterns]
    if not fitting:
        raise ValueProblem(f"{_shown(text)} is not written as {form.label}")
    if fitting[0].on is None:
        raise ValueProblem(
            f"{_shown(text)} is not a day of the calendar when read as {fitting[0].pattern.label}"
        )
    return fitting[0]


def _moment(reading: Reading) -> datetime:
    assert reading.on is not None
    return datetime.combine(reading.on, reading.at, reading.zone)


def _year_first(text: str) -> tuple[Reading, ...]:
    match = _YEAR_FIRST.match(text)
    return _one(match, Order.YEAR_FIRST, "abc") if match else ()


def _parts(text: str) -> tuple[Reading, ...]:
    match = _PARTS.match(text)
    if not match:
        return ()
    shape = Shape(match["separator"], len(match["c"]))
    orders = [(Order.DAY_FIRST, "cba"), (Order.MONTH_FIRST, "cab")]
    if shape.year_digits == 2:
        orders.append((Order.SHORT_YEAR_FIRST, "abc"))
    found: tuple[Reading, ...] = ()
    for order, places in orders:
        found += _one(match, order, places, shape)
    return found


def _compact(text: str) -> tuple[Reading, ...]:
    match = _COMPACT.match(text)
    if not match:
        return ()
    on = _day(int(match["a"]), int(match["b"]), int(match["c"]))
    clock = _clock_of_digits(match["clock"])
    return (Reading(Pattern(Order.COMPACT), on, clock),) if on and clock is not None else ()


def _day_name(text: str) -> tuple[Reading, ...]:
    return _named(_DAY_NAME.match(text), Order.DAY_NAME_YEAR)


def _name_day(text: str) -> tuple[Reading, ...]:
    return _named(_NAME_DAY.match(text), Order.NAME_DAY_YEAR)


_READERS: tuple[Callable[[str], tuple[Reading, ...]], ...] = (
    _year_first,
    _parts,
    _compact,
    _day_name,
    _name_day,
)


def _one(match: re.Match[str], order: Order, places: str, shape: Shape = _WRITTEN_OUT) -> tuple[Reading, ...]:
    """The reading that takes year, month and day from these groups; none when the time is impossible."""
    year, month, day = (match[place] for place in places)
    clock = _clock(match)
    if clock is None:
        return ()
    on = _day(_full_year(year), int(month), int(day)) if len(year) != 1 else None
    return (Reading(Pattern(order, shape), on, clock, _zone(match["zone"])),)


def _named(match: re.Match[str] | None, order: Order) -> tuple[Reading, ...]:
    month = month_number(match["b"]) if match else None
    clock = _clock(match) if match else None
    if match is None or month is None or clock is None:
        return ()
    on = _day(_full_year(match["c"]), month, int(match["a"]))
    return (Reading(Pattern(order), on, clock, _zone(match["zone"])),)


def _serial(text: str) -> tuple[Reading, ...]:
    """Excel's count of days since the end of 1899, with the time as a fraction."""
    match = _SERIAL.match(text)
    if not match:
        return ()
    seconds = round(float(match["fraction"] or 0) * 86_400)
    moment = datetime.combine(_EXCEL_EPOCH, time()) + timedelta(days=int(match["days"]), seconds=seconds)
    return (Reading(Pattern(Order.SERIAL), moment.date(), moment.time()),)


def _full_year(digits: str) -> int:
    """Two digits mean 1969 to 2068, as in POSIX."""
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year < 69 else 1900)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _clock(match: re.Match[str]) -> time | None:
    """The time of day in a match, midnight when there is none, None when it does not exist."""
    if match["hour"] is None:
        return time()
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"][0] in "Pp" else 0)
    micro = int((match["micro"] or ".0")[1:7].ljust(6, "0"))
    try:
        return time(hour, int(match["minute"]), int(match["second"] or 0), micro)
    except ValueError:
        return None


def _clock_of_digits(digits: str | None) -> time | None:
    try:
        return time(int(digits[:2]), int(digits[2:4]), int(digits[4:])) if digits else time()
    except ValueError:
        return None


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in ("Z", "z", "UTC", "GMT"):
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if offset >= timedelta(hours=24):
        return None
    return timezone(-offset if text[0] == "-" else offset)


def _shown(text: str) -> str:
    bare = text.strip()
    return f"“{bare}”" if len(bare) <= 40 else f"“{bare[:37]}…”"


def days(texts: Iterable[str], form: DateFormat) -> list[tuple[str, date]]:
    """The texts with the days they name in this format, for showing; impossible ones are left out."""
    found = []
    for text in texts:
        for reading in readings(text):
            if reading.pattern in form.patterns and reading.on is not None:
                found.append((text, reading.on))
    return found
