"""All of it, on the first day by which all of it can be done."""

from feasibility.ask import Ask
from feasibility.assessment import Assessment
from feasibility.counter_offers.offer import Offer, checked_offer
from feasibility.prepared import Pools


def later_date(ask: Ask, pools: Pools, answer: Assessment) -> Offer | None:
    """The whole quantity by its earliest day, None when the axis has no such day."""
    if answer.earliest is None:
        return None
    return checked_offer("later_date", ask, pools, [(ask.quantity, answer.earliest)])
