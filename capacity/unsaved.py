"""Changes of capacity that nobody has saved yet, to see what they would do before they do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class NewChange:
    """A time off, overtime, outage or extra as it would be; of one resource or of one pool."""

    kind: str
    starts_on: date
    ends_on: date
    minutes_per_day: int
    resource_id: int | None = None
    pool_id: int | None = None


@dataclass(frozen=True)
class WithoutChange:
    """A saved change as if it had been removed."""

    change_id: int


@dataclass(frozen=True)
class ChangedResource:
    """A resource as it would be; resource_id None is one that does not exist yet."""

    resource_id: int | None
    pool_ids: tuple[int, ...]
    weekly_minutes: Sequence[int] | None
    holidays: str = ""
    active_from: date | None = None
    active_until: date | None = None


Unsaved = NewChange | WithoutChange | ChangedResource
