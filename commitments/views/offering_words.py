"""Offerings and what they take, in words."""

from dataclasses import dataclass

from commitments.models import Offering
from commitments.selectors.offering_lists import Routing, pool_label
from ui.formatting import counted, hours

EXAMPLE = 10


@dataclass(frozen=True)
class StageRow:
    """A stage as the page of an offering shows it."""

    pool_id: int
    pool: str
    per_unit: str
    setup: str
    lag: str
    crew: str


def stage_rows(offering: Offering) -> list[StageRow]:
    """Return the stages of an offering that was read with them."""
    return [
        StageRow(
            stage.pool_id,
            pool_label(stage.pool),
            hours(stage.minutes_per_unit),
            hours(stage.setup_minutes) if stage.setup_minutes else "–",
            counted(stage.lag_days, "day", "days") if stage.lag_days else "–",
            f"{hours(stage.max_minutes_per_day)} a day" if stage.max_minutes_per_day else "–",
        )
        for stage in offering.stages.all()
    ]


def summary_of(routing: Routing) -> str:
    """Return the work in a line: "Design office 1 h, then Electricians 4 h"."""
    if not routing.stages:
        return "No stages yet: what it takes is not known"
    return ", then ".join(f"{stage.pool_name} {hours(stage.minutes_per_unit)}" for stage in routing.stages)


def takes_words(routing: Routing, unit: str) -> list[str]:
    """Return sentences about what one and what ten take; none without stages."""
    if not routing.stages:
        return []
    setup = f", and {hours(routing.setup_minutes)} of set-up once a promise" if routing.setup_minutes else ""
    pools = routing.minutes_of(EXAMPLE)
    each = ", ".join(f"{hours(minutes)} {name}" for name, minutes in pools)
    whole = hours(sum(minutes for _, minutes in pools))
    in_all = f"{whole} in all: {each}" if len(pools) > 1 else each
    sentences = [
        f"One {unit} takes {hours(routing.minutes_per_unit)}{setup}.",
        f"A promise of {EXAMPLE} takes {in_all}.",
    ]
    if routing.lag_days:
        days = counted(routing.lag_days, "day", "days")
        sentences.append(f"{days} of lead time pass in which nobody works on it.")
    return sentences
