"""What sales asks: a quantity of something made in stages, from a first day to a due day."""

from dataclasses import dataclass
from itertools import accumulate

from feasibility.errors import BadAsk


@dataclass(frozen=True, slots=True)
class Stage:
    """Work on one pool: minutes for each unit and once for setting up, days of lag before it.

    `max_minutes_per_day` is the most that can be worked on it in one day (a crew limit).
    """

    pool: int
    minutes_per_unit: int
    setup_minutes: int = 0
    lag_days: int = 0
    max_minutes_per_day: int | None = None

    def __post_init__(self) -> None:
        if min(self.minutes_per_unit, self.setup_minutes, self.lag_days) < 0:
            raise BadAsk(f"A stage on pool {self.pool} has minutes or lag days below zero.")
        if self.max_minutes_per_day is not None and self.max_minutes_per_day < 1:
            raise BadAsk(f"A stage on pool {self.pool} may be worked on less than a minute a day.")

    @property
    def limit(self) -> int:
        """The daily limit in minutes, 0 when there is none."""
        return self.max_minutes_per_day or 0

    def effort(self, quantity: int) -> int:
        """Minutes for `quantity` units."""
        return self.setup_minutes + self.minutes_per_unit * quantity

    def most_units(self, minutes: int) -> int | None:
        """The most units that fit into `minutes`: None when units cost nothing here."""
        if minutes < self.setup_minutes:
            return 0
        return (minutes - self.setup_minutes) // self.minutes_per_unit if self.minutes_per_unit else None

    def least_days(self, quantity: int) -> int:
        """The fewest days that the stage takes, whatever the pool can do."""
        return max(1, -(-self.effort(quantity) // self.limit)) if self.limit else 1


@dataclass(frozen=True, slots=True)
class Ask:
    """`quantity` units through `stages`, from day `start` until the end of day `due` (indices)."""

    stages: tuple[Stage, ...]
    quantity: int
    start: int
    due: int

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise BadAsk(f"A quantity of {self.quantity} cannot be promised.")
        if self.due < self.start:
            raise BadAsk(f"The due day {self.due} lies before the start day {self.start}.")

    @property
    def efforts(self) -> tuple[int, ...]:
        """Minutes of each stage."""
        return tuple(stage.effort(self.quantity) for stage in self.stages)

    def wide_windows(self) -> tuple[tuple[int, int], ...]:
        """The first and last day each stage could touch, however fast the others are.

        The stages before it take their lags and least days, those after it theirs. A first day behind
        the last one says that the order alone does not fit.
        """
        days = [stage.least_days(self.quantity) for stage in self.stages]
        lags = [stage.lag_days for stage in self.stages]
        steps = list(accumulate(lag + taken for lag, taken in zip(lags, days, strict=True)))
        return tuple(
            (self.start + through - taken, self.due - (steps[-1] - through))
            for through, taken in zip(steps, days, strict=True)
        )

    def spare_days(self) -> int:
        """Days of the window beyond lags and the stages' least days; below zero when it is too short."""
        needed = sum(stage.lag_days + stage.least_days(self.quantity) for stage in self.stages)
        return self.due - self.start + 1 - needed
