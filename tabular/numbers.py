"""How a whole column writes its numbers, decided by counting, never by one value."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from tabular.errors import ValueProblem
from tabular.nulls import NULL_WORDS, is_empty
from tabular.values import Money, NumberStyle, PercentScale, read_money

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class AmbiguousNumbers:
    """Both styles are possible; `examples` holds (text, read with point, read with comma)."""

    candidates: tuple[NumberStyle, ...]
    examples: tuple[tuple[str, Decimal | None, Decimal | None], ...]


@dataclass(frozen=True, slots=True)
class NotNumbers:
    """The column holds no numbers to speak of; `examples` are the first other values."""

    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AmbiguousPercents:
    """Values without a sign fit both scales; `examples` are some of them."""

    candidates: tuple[PercentScale, ...]
    examples: tuple[str, ...]


@dataclass(slots=True)
class NumberTally:
    """Counts how the values seen so far can be read; its size does not depend on their number."""

    total: int = 0
    bad: int = 0
    only: dict[NumberStyle, int] = field(default_factory=lambda: dict.fromkeys(NumberStyle, 0))
    both: int = 0
    bad_examples: list[str] = field(default_factory=list)
    only_examples: dict[NumberStyle, list[str]] = field(
        default_factory=lambda: {style: [] for style in NumberStyle}
    )
    both_examples: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Count one value that is not empty."""
        self.total += 1
        bare = text.strip()
        if bare.isdigit() and bare.isascii() and len(bare) <= 30:
            return
        point, comma = (_attempt(bare, style) for style in NumberStyle)
        if point is None and comma is None:
            self.bad += 1
            _remember(self.bad_examples, bare)
        elif point is None or comma is None:
            style = NumberStyle.COMMA if point is None else NumberStyle.POINT
            self.only[style] += 1
            _remember(self.only_examples[style], bare)
        elif point != comma:
            self.both += 1
            _remember(self.both_examples, bare)

    def result(self) -> NumberStyle | AmbiguousNumbers | NotNumbers:
        """The column's style; a column of whole numbers without marks reads the same either way."""
        if self.total == 0 or self.bad * 2 > self.total:
            return NotNumbers(tuple(self.bad_examples))
        point, comma = self.only[NumberStyle.POINT], self.only[NumberStyle.COMMA]
        if point and comma:
            examples = self.only_examples[NumberStyle.POINT][:2] + self.only_examples[NumberStyle.COMMA][:2]
            return self._ambiguous(examples)
        if comma:
            return NumberStyle.COMMA
        if self.both and not point:
            return self._ambiguous(self.both_examples)
        return NumberStyle.POINT

    @staticmethod
    def _ambiguous(examples: list[str]) -> AmbiguousNumbers:
        read = tuple(
            (each, _amount(each, NumberStyle.POINT), _amount(each, NumberStyle.COMMA)) for each in examples
        )
        return AmbiguousNumbers(tuple(NumberStyle), read)


def infer_numbers(
    values: Iterable[str], words: frozenset[str] = NULL_WORDS
) -> NumberStyle | AmbiguousNumbers | NotNumbers:
    """Decide the decimal mark over all values; a value that only one style can read decides.

    A column in which some values need a point and others a comma is ambiguous, as is one where
    every mark stands before exactly three digits.
    """
    tally = NumberTally()
    for value in values:
        if not is_empty(value, words):
            tally.add(value)
    return tally.result()


@dataclass(slots=True)
class PercentTally:
    """Counts what percentages look like; signs decide for themselves."""

    style: NumberStyle = NumberStyle.POINT
    above_one: int = 0
    below_one: int = 0
    exactly_one: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Count one value that is not empty; what is not a number counts for nothing."""
        bare = text.strip()
        amount = None if bare.endswith(("%", "％")) else _amount(bare, self.style)
        if amount is None or amount == 0:
            return
        if amount == 1:
            self.exactly_one += 1
        elif amount > 1:
            self.above_one += 1
        else:
            self.below_one += 1
        _remember(self.examples, bare)

    def result(self) -> PercentScale | AmbiguousPercents:
        """HUNDRED when values pass 1, FRACTION when they stay below; both, or only 1, is doubtful."""
        if (self.above_one and self.below_one) or (self.exactly_one and not self.above_one + self.below_one):
            return AmbiguousPercents(tuple(PercentScale), tuple(self.examples))
        return PercentScale.FRACTION if self.below_one else PercentScale.HUNDRED


def infer_percents(
    values: Iterable[str],
    words: frozenset[str] = NULL_WORDS,
    style: NumberStyle = NumberStyle.POINT,
) -> PercentScale | AmbiguousPercents:
    """Decide over all values whether 0.6 or 60 means 60 %; values with a sign do not matter."""
    tally = PercentTally(style)
    for value in values:
        if not is_empty(value, words):
            tally.add(value)
    return tally.result()


@functools.lru_cache(maxsize=8192)
def _attempt(text: str, style: NumberStyle) -> Money | None:
    try:
        return read_money(text.rstrip("%％ ") if text.endswith(("%", "％")) else text, style)
    except ValueProblem:
        return None


def _amount(text: str, style: NumberStyle) -> Decimal | None:
    money = _attempt(text, style)
    return money.amount if money else None


def _remember(examples: list[str], text: str) -> None:
    if len(examples) < EXAMPLES and text[:80] not in examples:
        examples.append(text[:80])
