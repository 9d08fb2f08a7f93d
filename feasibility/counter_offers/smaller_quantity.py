"""As many units as fit by the asked day."""

from feasibility.ask import Ask
from feasibility.assessment import Assessment
from feasibility.counter_offers.offer import Offer, checked_offer
from feasibility.prepared import Pools


def smaller_quantity(ask: Ask, pools: Pools, answer: Assessment) -> Offer | None:
    """The most by the due day, None when not a single unit fits."""
    most = answer.max_quantity or 0
    if not 0 < most < ask.quantity:
        return None
    return checked_offer("smaller_quantity", ask, pools, [(most, ask.due)])
