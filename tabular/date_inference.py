"""How a whole column writes its dates, decided over all values by counters alone."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from tabular.dates import ZERO_DATES, DateFormat, Order, Pattern, Reading, Shape, days, readings
from tabular.nulls import NULL_WORDS, is_empty

EXAMPLES = 3
# Evidence for the other order is taken for typing errors up to one in this many values.
RARE = 100
# A column is a date column when at least one in this many values looks like a date.
ENOUGH = 10


@dataclass(frozen=True, slots=True)
class DateCandidate:
    """One possible format with examples of what the texts would mean."""

    format: DateFormat
    examples: tuple[tuple[str, date], ...]


@dataclass(frozen=True, slots=True)
class AmbiguousDates:
    """The values fit two formats; only the person who uploaded them knows."""

    candidates: tuple[DateCandidate, ...]


@dataclass(frozen=True, slots=True)
class NotDates:
    """The column holds no dates to speak of; `examples` are the first other values."""

    examples: tuple[str, ...]


@dataclass(slots=True)
class _Votes:
    """What the values of one shape say about the order of day and month."""

    total: int = 0
    day_only: int = 0
    month_only: int = 0
    differing: int = 0
    same: int = 0
    short_year: int = 0
    examples: list[str] = field(default_factory=list)
    decisive: list[str] = field(default_factory=list)

    def add(self, text: str, found: tuple[Reading, ...]) -> None:
        day, month = found[0].on, found[1].on
        self.total += 1
        self.short_year += len(found) > 2 and found[2].on is not None
        if day and month:
            self.same += day == month
            self.differing += day != month
        if day != month:
            _remember(self.examples if day and month else self.decisive, text)
        self.day_only += bool(day and not month)
        self.month_only += bool(month and not day)

    def order(self) -> Order | None:
        """The order the values agree on; None when they leave it open or contradict each other."""
        if self.day_only > RARE * self.month_only or (self.day_only and not self.month_only):
            return Order.DAY_FIRST
        if self.month_only > RARE * self.day_only or (self.month_only and not self.day_only):
            return Order.MONTH_FIRST
        return None

    def open(self) -> bool:
        """Whether the choice matters and is not made."""
        return self.order() is None and bool(self.differing or self.day_only)


@dataclass(slots=True)
class DateTally:
    """Counts how the values seen so far can be read; its size does not depend on their number."""

    serials: bool = False
    total: int = 0
    zeros: int = 0
    bad: int = 0
    plain: dict[Pattern, int] = field(default_factory=dict)
    votes: dict[Shape, _Votes] = field(default_factory=dict)
    bad_examples: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Count one value that is not empty."""
        self.total += 1
        bare = text.strip()
        found = _readings(bare, self.serials)
        if bare in ZERO_DATES:
            self.zeros += 1
        elif not found:
            self.bad += 1
            _remember(self.bad_examples, bare)
        elif len(found) == 1:
            self._add_plain(bare, found[0])
        else:
            self.votes.setdefault(found[0].pattern.shape, _Votes()).add(bare, found)
            if all(reading.on is None for reading in found):
                _remember(self.bad_examples, bare)

    def _add_plain(self, text: str, reading: Reading) -> None:
        if reading.on is None:
            self.bad += 1
            _remember(self.bad_examples, text)
        else:
            self.plain[reading.pattern] = self.plain.get(reading.pattern, 0) + 1

    def result(self) -> DateFormat | AmbiguousDates | NotDates:
        """The column's format, or the two it may be, or the values that show it holds no dates."""
        known = set(self.plain)
        undecided: list[Shape] = []
        for shape, votes in self.votes.items():
            if votes.open():
                undecided.append(shape)
            else:
                known |= self._decided(shape, votes)
        dates = sum(self.plain.values()) + sum(votes.total for votes in self.votes.values())
        if not (known or undecided) or dates * ENOUGH < self.total - self.zeros:
            return NotDates(tuple(self.bad_examples))
        if undecided:
            return self._ambiguous(known, undecided)
        return self._format(known)

    def _decided(self, shape: Shape, votes: _Votes) -> set[Pattern]:
        order = votes.order()
        if order is None and votes.same:
            order = Order.DAY_FIRST  # every value names the same day in either order
        if order is None and votes.short_year:
            order = Order.SHORT_YEAR_FIRST
        return {Pattern(order, shape)} if order else set()

    def _format(self, patterns: set[Pattern]) -> DateFormat:
        zero_is_empty = self.zeros > 0 and self.bad == 0
        return DateFormat(tuple(sorted(patterns)), zero_is_empty)

    def _ambiguous(self, known: set[Pattern], undecided: list[Shape]) -> AmbiguousDates:
        candidates = []
        texts = [
            text for shape in undecided for text in self.votes[shape].examples or self.votes[shape].decisive
        ][:EXAMPLES]
        for order in (Order.DAY_FIRST, Order.MONTH_FIRST):
            form = self._format(known | {Pattern(order, shape) for shape in undecided})
            candidates.append(DateCandidate(form, tuple(days(texts, form))))
        return AmbiguousDates(tuple(candidates))


def infer_dates(
    values: Iterable[str], words: frozenset[str] = NULL_WORDS, *, serials: bool = False
) -> DateFormat | AmbiguousDates | NotDates:
    """Decide the format over all values, read once; Excel's day numbers count only with `serials`.

    Values that only one order can read decide for all of the same shape (separator, year digits);
    a few that contradict (under 1 in 100) are left to be reported when they are read. A "0" where a
    date is missing counts as empty when nothing else in the column is unreadable.
    """
    tally = DateTally(serials)
    for value in values:
        if not is_empty(value, words):
            tally.add(value)
    return tally.result()


@functools.lru_cache(maxsize=8192)
def _readings(text: str, serials: bool) -> tuple[Reading, ...]:
    return readings(text, serials=serials)


def _remember(examples: list[str], text: str) -> None:
    if len(examples) < EXAMPLES and text[:80] not in examples:
        examples.append(text[:80])
