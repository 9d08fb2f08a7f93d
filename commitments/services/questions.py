"""Tells whether a question was answered before, so that workers judge again only what may have changed."""

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b

from commitments.models import DealLine, Offering
from commitments.selectors.book import Book
from feasibility import ENGINE_VERSION, Stage


class Questions:
    """What a verdict on a line follows from, as a number: equal numbers have equal verdicts.

    It holds the day, the pools' capacity and work, the offering's routing and what the line asks. The number
    comes from a digest, so nobody who changes one of them has to think of it.
    """

    def __init__(self, book: Book, offered: Mapping[int, tuple[Offering, tuple[Stage, ...]]]) -> None:
        """Take the book and the routings of one run."""
        self._book, self._offered = book, offered
        self._prints = cache(book.print_of)
        self._places = cache(self._place_of)

    def number_of(self, line: DealLine) -> int:
        """Return the number of a line that has an offering and a promised date."""
        assert line.offering_id is not None
        start = max(line.earliest_start or self._book.today, self._book.today)
        asked = (self._places(line.offering_id), line.quantity or 1, start, line.promised_on)
        return int.from_bytes(blake2b(repr(asked).encode(), digest_size=8).digest(), signed=True)

    def _place_of(self, offering_id: int) -> str:
        _, routing = self._offered[offering_id]
        pools = [self._prints(pool) for pool in sorted({stage.pool for stage in routing})]
        return blake2b(repr((ENGINE_VERSION, routing, pools)).encode(), digest_size=16).hexdigest()
