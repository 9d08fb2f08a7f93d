"""Part by the asked day, the rest as soon as it can be done."""

from dataclasses import replace

from feasibility.ask import Ask
from feasibility.assessment import Assessment
from feasibility.counter_offers.offer import Offer, checked_offer
from feasibility.judging import judge
from feasibility.prepared import Pools, rooms_for
from feasibility.routing import pass_forward


def split(ask: Ask, pools: Pools, answer: Assessment) -> Offer | None:
    """The most by the due day and the rest at its earliest day; each part sets up anew."""
    most = answer.max_quantity or 0
    if not 0 < most < ask.quantity:
        return None
    first = judge(replace(ask, quantity=most), pools)
    if not first.verdict.fits:
        return None
    after = {
        pool: held.with_stages([stage for stage in first.stages if stage.pool == pool])
        for pool, held in pools.items()
    }
    rest = replace(ask, quantity=ask.quantity - most)
    end = pass_forward(rest, rooms_for(rest, after)).end_of(len(ask.stages))
    if end is None:
        return None
    parts = [(most, ask.due), (rest.quantity, max(end, ask.due))]
    return checked_offer("split", ask, pools, parts)
