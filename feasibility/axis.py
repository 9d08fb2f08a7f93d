"""The calendar axis: every calendar day has an index, whether anybody works on it or not."""

from dataclasses import dataclass
from datetime import date, timedelta

from feasibility.errors import OutsideAxis


@dataclass(frozen=True, slots=True)
class Axis:
    """`days` calendar days from `first_on`; index 0 is `first_on`. It may begin before today."""

    first_on: date
    days: int

    def __post_init__(self) -> None:
        if self.days < 1:
            raise OutsideAxis(f"A planning axis needs at least one day, not {self.days}.")

    @property
    def last_on(self) -> date:
        """The last day of the axis."""
        return self.first_on + timedelta(days=self.days - 1)

    def covers(self, on: date) -> bool:
        """Whether `on` lies on the axis."""
        return self.first_on <= on <= self.last_on

    def index(self, on: date) -> int:
        """The index of `on`; raises OutsideAxis when the axis does not cover it."""
        if not self.covers(on):
            raise OutsideAxis(f"{on} lies outside the planning axis {self.first_on} to {self.last_on}.")
        return (on - self.first_on).days

    def offset(self, on: date) -> int:
        """Days from `first_on` to `on`, also outside the axis: for rows that the book clips."""
        return (on - self.first_on).days

    def on(self, index: int) -> date:
        """The date of an index; raises OutsideAxis when there is no such day."""
        if not 0 <= index < self.days:
            raise OutsideAxis(f"Day {index} lies outside the planning axis of {self.days} days.")
        return self.first_on + timedelta(days=index)
