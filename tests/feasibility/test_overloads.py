from itertools import pairwise

import numpy as np

from feasibility import PromiseTable
from feasibility.overloads import overloads
from tests.feasibility.flow_oracle import most_placed
from tests.feasibility.random_books import loose_book


def test_disjoint_overloads_add_up_to_what_no_flow_can_place() -> None:
    for seed in range(200):
        capacity, rows = loose_book(seed)
        slack = PromiseTable.build(capacity, rows).slack
        found = overloads(slack)
        assert all(before[1] < after[0] for before, after in pairwise(found))
        assert -sum(int(slack[pair]) for pair in found) == rows.minutes.sum() - most_placed(capacity, rows)


def test_a_book_that_fits_has_none() -> None:
    assert overloads(PromiseTable.build(np.full(4, 60), loose_book(1)[1].within(0)).slack) == []
