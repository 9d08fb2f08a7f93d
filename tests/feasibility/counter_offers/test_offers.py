"""Every offer, asked again, fits; and the kinds say what they should."""

from dataclasses import replace

import numpy as np
import pytest

from feasibility import Ask, Offer, PoolBook, Stage, Verdict, assess
from feasibility.counter_offers import KINDS
from feasibility.counter_offers.ranking import ranked
from tests.feasibility.asks import random_ask, random_books


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("stages", [1, 2])
def test_every_offer_asked_again_fits(stages: int, limited: bool) -> None:
    seen: dict[str, int] = {}
    for seed in range(60 if limited else 250):
        books = random_books(seed, 10, limited)
        ask = random_ask(seed, 10, stages, limited)
        for offer in assess(ask, books).offers:
            held = dict(books)
            for quantity, due in offer.parts:
                again = assess(replace(ask, quantity=quantity, due=due), held)
                assert again.verdict.fits, (seed, offer)
                for pool in {stage.pool for stage in again.stages}:
                    own = [stage for stage in again.stages if stage.pool == pool]
                    held[pool] = held[pool].with_stages(own)
            assert offer.quantity == sum(quantity for quantity, _ in offer.parts)
            assert offer.due == max(due for _, due in offer.parts)
            seen[offer.kind] = seen.get(offer.kind, 0) + 1
    assert set(seen) == {"later_date", "smaller_quantity", "split"}
    assert len(KINDS) == 3


def test_the_three_kinds_of_a_plain_ask() -> None:
    book = PoolBook(1, np.full(10, 100, np.int64))
    offers = assess(Ask((Stage(1, 100),), 6, 0, 3), {1: book}).offers
    assert offers == (
        Offer("later_date", 6, 5, ((6, 5),), 0, Verdict.FEASIBLE),
        Offer("split", 6, 5, ((4, 3), (2, 5)), 0, Verdict.FEASIBLE),
        Offer("smaller_quantity", 4, 3, ((4, 3),), 0, Verdict.FEASIBLE),
    )


def test_nothing_is_offered_when_nothing_fits_or_all_does() -> None:
    full = PoolBook(1, np.zeros(10, np.int64))
    assert assess(Ask((Stage(1, 100),), 6, 0, 3), {1: full}).offers == ()
    free = PoolBook(1, np.full(10, 900, np.int64))
    assert assess(Ask((Stage(1, 100),), 6, 0, 3), {1: free}).offers == ()


def test_ranking_keeps_most_of_the_ask_then_the_buffer_then_the_date() -> None:
    less = Offer("smaller_quantity", 4, 3, ((4, 3),), 0, Verdict.FEASIBLE)
    tight = Offer("later_date", 6, 5, ((6, 5),), 0, Verdict.TIGHT)
    calm = Offer("split", 6, 7, ((4, 3), (2, 7)), 0, Verdict.FEASIBLE)
    assert ranked([less, tight, calm], 6) == (calm, tight, less)
