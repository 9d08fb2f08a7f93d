"""The arithmetic of days: a weekly pattern, public holidays and changes give minutes a day.

A day is a calendar day of the organization, so no clock and no time zone comes into it: the day on which
the clocks change has the minutes of its weekday like any other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from capacity.public_holidays import public_holidays

Minutes = NDArray[np.int64]

#: Taken away by a change that is meant for the whole day, however long the day of a crew may be.
WHOLE_DAY_MINUTES = 144_000


@dataclass(frozen=True, slots=True)
class Span:
    """`days` calendar days from `first_on`; minutes arrays have one entry for each."""

    first_on: date
    days: int

    @property
    def last_on(self) -> date:
        """The last day."""
        return self.first_on + timedelta(days=self.days - 1)

    def slice(self, first_on: date | None, last_on: date | None) -> slice:
        """Return the part of an array that lies from first_on to last_on; None means no end."""
        first = 0 if first_on is None else (first_on - self.first_on).days
        last = self.days - 1 if last_on is None else (last_on - self.first_on).days
        return slice(max(first, 0), max(last + 1, 0))


@dataclass(frozen=True, slots=True)
class Change:
    """Signed minutes a day from starts_on to ends_on.

    only_working_days: it takes nothing on a day that has no minutes of its own (time off on a holiday).
    """

    starts_on: date
    ends_on: date
    minutes_per_day: int
    only_working_days: bool


def resource_minutes(
    span: Span,
    *,
    weekly_minutes: Sequence[int],
    holidays: str = "",
    active_from: date | None = None,
    active_until: date | None = None,
    changes: Iterable[Change] = (),
) -> Minutes:
    """Return a resource's minutes on each day: pattern, less holidays, plus changes, never below nothing.

    Before it begins and after it ends a resource gives nothing, whatever changes say. Overtime and extra
    count on days off as well. Raises UnknownHolidays for a code that is none.
    """
    minutes = np.asarray(weekly_minutes, np.int64)[_weekdays(span.first_on.weekday(), span.days)]
    if holidays:
        minutes[_holiday_indices(holidays, span)] = 0
    minutes = with_changes(span, minutes, changes)
    active = span.slice(active_from, active_until)
    minutes[: active.start] = 0
    minutes[active.stop :] = 0
    return minutes


def with_changes(span: Span, minutes: Minutes, changes: Iterable[Change]) -> Minutes:
    """Return the minutes with all changes added and every day clipped at nothing."""
    changed = minutes.copy()
    for change in changes:
        days = span.slice(change.starts_on, change.ends_on)
        if change.only_working_days:
            changed[days] += np.where(minutes[days] > 0, change.minutes_per_day, 0)
        else:
            changed[days] += change.minutes_per_day
    return np.maximum(changed, 0, out=changed)


def is_active(span: Span, active_from: date | None, active_until: date | None) -> bool:
    """Return whether a resource works on at least one day of the span."""
    days = span.slice(active_from, active_until)
    return bool(days.start < min(days.stop, span.days))


@lru_cache(maxsize=64)
def _weekdays(first: int, days: int) -> Minutes:
    return (first + np.arange(days, dtype=np.int64)) % 7


@lru_cache(maxsize=512)
def _holiday_indices(code: str, span: Span) -> Minutes:
    years = range(span.first_on.year, span.last_on.year + 1)
    offsets = [(day - span.first_on).days for year in years for day in public_holidays(code, year)]
    return np.array([offset for offset in offsets if 0 <= offset < span.days], np.int64)
