"""The answer to an ask, with everything that both sides want to see behind it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feasibility.counter_offers.offer import Offer


class Verdict(StrEnum):
    """Fits; fits but eats the buffer; cannot fit; something needed is missing."""

    FEASIBLE = "feasible"
    TIGHT = "tight"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"

    @property
    def fits(self) -> bool:
        """Whether the ask can be carried."""
        return self in (Verdict.FEASIBLE, Verdict.TIGHT)


class Lack(StrEnum):
    """What can be missing."""

    NO_ROUTING = "no_routing"
    NO_CAPACITY = "no_capacity"
    ZERO_EFFORT = "zero_effort"
    BEYOND_HORIZON = "beyond_horizon"
    BEFORE_HORIZON = "before_horizon"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that has to be added before the ask can be answered."""

    what: Lack
    pool: int | None = None
    stage: int | None = None


@dataclass(frozen=True, slots=True)
class StageWindow:
    """A stage's minutes, its milestones [start, due] to be stored and its wide window for proofs."""

    pool: int
    minutes: int
    start: int
    due: int
    earliest: int
    latest: int
    limit: int = 0


@dataclass(frozen=True, slots=True)
class BottleneckPart:
    """Days start..end of one pool."""

    pool: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class AskedRow:
    """Work of the ask itself on the pool of a bottleneck: window, minutes and daily limit (0 = none)."""

    start: int
    due: int
    minutes: int
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """Where `stage` fails: hard and asked minutes inside the parts against what the parts can give.

    `asked` are the rows of the ask that were counted, the failing stage last.
    """

    parts: tuple[BottleneckPart, ...]
    demand_minutes: int
    capacity_minutes: int
    stage: int
    asked: tuple[AskedRow, ...]

    @property
    def short_minutes(self) -> int:
        """Demand that capacity cannot carry."""
        return self.demand_minutes - self.capacity_minutes


@dataclass(frozen=True, slots=True)
class PlanRow:
    """Minutes of one stage of the new promise on one day."""

    pool: int
    day: int
    minutes: int
    stage: int = 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """The verdict on one ask.

    `earliest` is the first day by which the whole quantity could be done from the asked start,
    `max_quantity` the most that fits by the asked due day (None: not looked for), `missing_days` how
    many days the window is too short whatever the capacity. `proven` is false for a routing that found
    no place beside the others' milestones although moving those might still help. `reach` is the first
    day on which each stage of an ask that fits can begin, at or before its late milestone window.
    """

    verdict: Verdict
    engine: str
    stages: tuple[StageWindow, ...] = ()
    spare_minutes: int = 0
    earliest: int | None = None
    max_quantity: int | None = 0
    proven: bool = True
    bottleneck: Bottleneck | None = None
    plan: tuple[PlanRow, ...] = ()
    offers: "tuple[Offer, ...]" = ()
    missing: tuple[Missing, ...] = ()
    missing_days: int = 0
    reach: tuple[int, ...] = ()
