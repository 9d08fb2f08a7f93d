"""An interval of days with what is wanted in it and what it can give."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """Days start..end, the minutes that must be done inside it and the minutes it has."""

    start: int
    end: int
    demand_minutes: int
    capacity_minutes: int

    @property
    def slack_minutes(self) -> int:
        """What is left over; below zero when the interval is short."""
        return self.capacity_minutes - self.demand_minutes
