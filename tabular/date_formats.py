"""The ways dates are written, and the code by which a column's way is remembered."""

import re
from dataclasses import dataclass
from enum import StrEnum

from tabular.nulls import NULL_WORDS, is_empty

# What programs write where a date is missing.
ZERO_DATES = frozenset({"0", "0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "00-00-0000", "00.00.0000"})


class Order(StrEnum):
    """The order of day, month and year in a text."""

    YEAR_FIRST = "ymd"
    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"
    SHORT_YEAR_FIRST = "yymmdd"
    DAY_NAME_YEAR = "d-month-y"
    NAME_DAY_YEAR = "month-d-y"
    COMPACT = "yyyymmdd"
    SERIAL = "serial"


_LABELS = {
    Order.YEAR_FIRST: "year-month-day",
    Order.DAY_FIRST: "day/month/year",
    Order.MONTH_FIRST: "month/day/year",
    Order.SHORT_YEAR_FIRST: "short year/month/day",
    Order.DAY_NAME_YEAR: "day, month name, year",
    Order.NAME_DAY_YEAR: "month name, day, year",
    Order.COMPACT: "year, month, day without separators",
    Order.SERIAL: "Excel day number",
}


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """What a text looks like before day and month are told apart: separator and year digits."""

    separator: str = ""
    year_digits: int = 4


@dataclass(frozen=True, slots=True, order=True)
class Pattern:
    """One way of writing dates; `code` is its lasting name, as in "dmy/4"."""

    order: Order
    shape: Shape = Shape()

    @property
    def code(self) -> str:
        """The name under which the pattern is remembered."""
        if self.order in _NUMERIC:
            return f"{self.order}{self.shape.separator}{self.shape.year_digits}"
        return str(self.order)

    @property
    def label(self) -> str:
        """The pattern in words with its own separator."""
        words = _LABELS[self.order]
        return words.replace("/", self.shape.separator) if self.order in _NUMERIC else words


_NUMERIC = (Order.DAY_FIRST, Order.MONTH_FIRST, Order.SHORT_YEAR_FIRST)
_CODE = re.compile(r"(dmy|mdy|yymmdd)([-/.])([24])\Z")


@dataclass(frozen=True, slots=True)
class DateFormat:
    """How one column writes its dates: one pattern, or several that cannot be confused."""

    patterns: tuple[Pattern, ...]
    zero_is_empty: bool = False

    @property
    def code(self) -> str:
        """A text from which `parse` makes the same format again, to remember it by."""
        return "+".join(
            [*(pattern.code for pattern in self.patterns), *(["zero"] if self.zero_is_empty else [])]
        )

    @property
    def label(self) -> str:
        """The patterns in words, for the person who checks."""
        return " or ".join(dict.fromkeys(pattern.label for pattern in self.patterns))

    @classmethod
    def parse(cls, code: str) -> "DateFormat":
        """The format remembered under this code; ValueError when there is none such."""
        parts = code.split("+")
        patterns = tuple(_parse_pattern(part) for part in parts if part != "zero")
        if not patterns:
            raise ValueError(f"{code!r} names no date pattern")
        return cls(patterns, "zero" in parts)

    def is_empty(self, text: str, words: frozenset[str] = NULL_WORDS) -> bool:
        """Whether the text stands for a missing date in this column."""
        return is_empty(text, words) or (self.zero_is_empty and text.strip() in ZERO_DATES)


ISO = DateFormat((Pattern(Order.YEAR_FIRST),))


def _parse_pattern(code: str) -> Pattern:
    match = _CODE.match(code)
    if match:
        return Pattern(Order(match[1]), Shape(match[2], int(match[3])))
    order = Order(code)
    if order in _NUMERIC:
        raise ValueError(f"{code!r} has no shape: separator and year digits are missing")
    return Pattern(order)
