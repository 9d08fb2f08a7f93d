"""The computed middle ground: one module for each kind of other terms, and the tuple that lists them."""

from collections.abc import Callable

from feasibility.ask import Ask
from feasibility.assessment import Assessment
from feasibility.counter_offers.later_date import later_date
from feasibility.counter_offers.offer import Offer
from feasibility.counter_offers.ranking import ranked
from feasibility.counter_offers.smaller_quantity import smaller_quantity
from feasibility.counter_offers.split import split
from feasibility.prepared import Pools

Kind = Callable[[Ask, Pools, Assessment], Offer | None]

KINDS: tuple[Kind, ...] = (later_date, smaller_quantity, split)


def offers_for(ask: Ask, pools: Pools, answer: Assessment) -> tuple[Offer, ...]:
    """Every kind's offer for an ask that did not fit, best first; each was checked by the engine."""
    found = [kind(ask, pools, answer) for kind in KINDS]
    return ranked([offer for offer in found if offer is not None], ask.quantity)
