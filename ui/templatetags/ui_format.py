"""Filters that put figures, dates and money in words (see ui.formatting)."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone

from ui import formatting

register = template.Library()


def _or_dash(words: Callable[..., str], value: object, *arguments: object) -> str:
    """Missing is said with a dash, never as nothing and never as zero."""
    return "–" if value is None or value == "" else words(value, *arguments)


def _today(today: date | str | None) -> date:
    """The day given, or the local day now. Raises TypeError for anything else: a typo is not swallowed."""
    if today in (None, ""):
        return timezone.localdate()
    if not isinstance(today, date):
        raise TypeError(f"today is {today!r}, not a date")
    return today


def _now(now: datetime | str | None) -> datetime:
    return now if isinstance(now, datetime) else timezone.now()


@register.filter
def hours(minutes: Any) -> str:
    """{{ 2760|hours }} is "46 h"."""
    return _or_dash(formatting.hours, minutes)


@register.filter
def hours_number(minutes: Any) -> str:
    """{{ 2760|hours_number }} is "46"."""
    return _or_dash(formatting.hours_number, minutes)


@register.filter
def duration(minutes: Any) -> str:
    """{{ 137|duration }} is "2 h 17 min"."""
    return _or_dash(formatting.duration, minutes)


@register.filter
def number(value: Any) -> str:
    """{{ 1234.5|number }} is "1,234.5"."""
    return _or_dash(formatting.number, value)


@register.filter
def percent(fraction: Any, digits: int = 0) -> str:
    """{{ 0.222|percent:1 }} is "22.2%"."""
    return _or_dash(formatting.percent, fraction, digits)


@register.filter
def points(fraction: Any, digits: int = 0) -> str:
    """{{ 0.15|points }} is "+15 points"."""
    return _or_dash(formatting.points, fraction, digits)


@register.filter
def money(amount: Decimal | int | None, currency: str) -> str:
    """{{ deal.amount|money:deal.currency }} is "€312,000"."""
    return _or_dash(formatting.money, amount, currency)


@register.filter
def counted(count: int, nouns: str) -> str:
    """{{ 5|counted:"commitment,commitments" }} is "5 commitments"."""
    one, many = nouns.split(",")
    return formatting.counted(count, one.strip(), many.strip())


@register.filter
def weekday_date(day: Any, today: date | str | None = None) -> str:
    """{{ day|weekday_date }} is "Fri 12 March"; give `today` where the page has its own."""
    return _or_dash(formatting.weekday_date, day, _today(today))


@register.filter
def full_date(day: Any) -> str:
    """{{ day|full_date }} is "Fri 12 March 2027"."""
    return _or_dash(formatting.full_date, day)


@register.filter
def short_date(day: Any) -> str:
    """{{ day|short_date }} is "12 Mar"."""
    return _or_dash(formatting.short_date, day)


@register.filter
def clock(at: Any) -> str:
    """{{ at|clock }} is "16:20"."""
    return _or_dash(formatting.clock, at)


@register.filter
def moment(at: Any, today: date | str | None = None) -> str:
    """{{ at|moment }} is "Wed 10 February, 08:55"."""
    return _or_dash(formatting.moment, at, _today(today))


@register.filter
def full_moment(at: Any) -> str:
    """{{ at|full_moment }} is "Wed 10 February 2027, 08:55"."""
    return _or_dash(formatting.full_moment, at)


@register.filter
def near_moment(at: Any, today: date | str | None = None) -> str:
    """{{ at|near_moment }} is "Today 11:42"."""
    return _or_dash(formatting.near_moment, at, _today(today))


@register.filter
def ago(at: Any, now: datetime | None = None) -> str:
    """{{ at|ago }} is "2 min ago"."""
    return _or_dash(formatting.ago, at, _now(now))


@register.filter
def left(until: Any, now: datetime | None = None) -> str:
    """{{ until|left }} is "2 h left"."""
    return _or_dash(formatting.left, until, _now(now))


@register.simple_tag(takes_context=True)
def date_range(context: template.Context, first: date, last: date, joiner: str = "") -> str:
    """{% date_range a b %} is "Mon 1 to Fri 12 March"; {% date_range a b "and" %} for "between …"."""
    return formatting.date_range_words(first, last, _today(context.get("today")), joiner)
