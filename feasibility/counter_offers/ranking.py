"""Which terms to show first."""

from collections.abc import Iterable

from feasibility.assessment import Verdict
from feasibility.counter_offers.offer import Offer


def ranked(offers: Iterable[Offer], asked_quantity: int) -> tuple[Offer, ...]:
    """Most of the ask kept first, then a buffer left alone, then the sooner, then the fewer parts."""

    def order(offer: Offer) -> tuple[int, bool, int, int, str]:
        lost = max(0, asked_quantity - offer.quantity)
        return lost, offer.verdict is Verdict.TIGHT, offer.due, len(offer.parts), offer.kind

    return tuple(sorted(offers, key=order))
