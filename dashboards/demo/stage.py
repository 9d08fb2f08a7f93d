"""What every part of the generator works with."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from capacity.models import Pool
from commitments.models import Company, Deal, Offering
from tenants.access import Actor


@dataclass(frozen=True)
class Size:
    """How much to make."""

    deals: int = 240
    commitments: int = 320
    pools: int = 9
    seed: int = 7


@dataclass
class Scene:
    """What has been made so far, who made it, and the one source of chance."""

    size: Size
    chance: random.Random
    at: datetime
    ops: Actor
    sellers: list[Actor]
    pools: list[Pool] = field(default_factory=list)
    offerings: list[Offering] = field(default_factory=list)
    prices: dict[int, int] = field(default_factory=dict)
    sizes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    companies: list[Company] = field(default_factory=list)
    won: list[Deal] = field(default_factory=list)

    @property
    def today(self) -> date:
        """Return the day it is in the organization."""
        return self.at.astimezone(self.ops.organization.zone).date()

    @property
    def monday(self) -> date:
        """Return the first day of this week."""
        return self.today - timedelta(days=self.today.weekday())

    def seller(self) -> Actor:
        """Return somebody who sells."""
        return self.chance.choice(self.sellers)

    def moment(self, day: date) -> datetime:
        """Return some time of that working day, never ahead of now."""
        clock = time(self.chance.randint(8, 16), self.chance.randint(0, 59), self.chance.randint(0, 59))
        return min(datetime.combine(day, clock, self.ops.organization.zone), self.at)

    def working_day(self, day: date) -> date:
        """Return the day, or the Friday before when it falls on a weekend."""
        return day - timedelta(days=max(0, day.weekday() - 4))
