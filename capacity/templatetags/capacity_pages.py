"""Words and addresses of the capacity pages."""

from collections.abc import Iterable

from django import template
from django.utils.dates import WEEKDAYS_ABBR

from capacity.models import CapacityChange
from capacity.public_holidays import holidays_words
from capacity.wording import amount_words, change_words

register = template.Library()


@register.simple_tag(takes_context=True)
def cursor_url(context: template.Context, name: str, cursor: str) -> str:
    """Return this page's address with one list turned to another of its pages, "" for no cursor."""
    if not cursor:
        return ""
    query = context["request"].GET.copy()
    query.pop("removed", None)
    query[name] = cursor
    return f"?{query.urlencode()}"


@register.filter
def by_day(minutes: Iterable[int]) -> Iterable[tuple[object, int]]:
    """{{ person.weekly_minutes|by_day }} pairs the name of each weekday with its minutes, Monday first."""
    return zip(WEEKDAYS_ABBR.values(), minutes, strict=True)


@register.filter
def total(minutes: Iterable[int]) -> int:
    """{{ person.weekly_minutes|total }} is the minutes of the week."""
    return sum(minutes)


@register.filter
def holiday_words(code: str) -> str:
    """{{ "DE-BY"|holiday_words }} is "Germany, Bayern"."""
    return holidays_words(code)


@register.filter
def amount(change: CapacityChange) -> str:
    """{{ change|amount }} is "the whole day" or "4 h a day"."""
    return amount_words(change)


@register.filter
def change_sentence(change: CapacityChange) -> str:
    """{{ change|change_sentence }} says kind, whose, days and hours."""
    return change_words(change)
