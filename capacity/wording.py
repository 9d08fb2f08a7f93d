"""Changes of capacity in words, the same in history, pages and messages."""

from capacity.calendars import WHOLE_DAY_MINUTES
from capacity.models import CapacityChange
from ui.formatting import full_date, hours


def change_words(change: CapacityChange) -> str:
    """Return a change in words: "Time off of Ana Silva, Mon 1 March 2027 to Fri 5 March 2027, 8 h a day"."""
    days = full_date(change.starts_on)
    if change.ends_on != change.starts_on:
        days += f" to {full_date(change.ends_on)}"
    return f"{change.get_kind_display()} of {change.resource or change.pool}, {days}, {amount_words(change)}"


def amount_words(change: CapacityChange) -> str:
    """Return how much it is a day: "the whole day" or "4 h a day"."""
    amount = abs(change.minutes_per_day)
    return "the whole day" if amount >= WHOLE_DAY_MINUTES else f"{hours(amount)} a day"
