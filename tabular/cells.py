"""Readers of one column's cells, made from what was decided for the whole column."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tabular.dates import ISO, DateFormat, read_date
from tabular.nulls import NULL_WORDS, is_empty
from tabular.tables import Row
from tabular.values import Money, NumberStyle, PercentScale, read_decimal, read_int, read_money, read_percent

DATE_KINDS = ("date", "datetime")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the cells of one column; a type the file itself states needs no format.

    Every method returns None for an empty cell and raises ValueProblem for a bad one.
    """

    header: str
    dates: DateFormat = ISO
    numbers: NumberStyle = NumberStyle.POINT
    percents: PercentScale = PercentScale.HUNDRED
    words: frozenset[str] = NULL_WORDS

    def text(self, row: Row) -> str | None:
        """The text without outer spaces."""
        text = row.cells[self.header].strip()
        return None if is_empty(text, self.words) else text

    def date(self, row: Row) -> date | None:
        """The day in the column's format."""
        text = row.cells[self.header]
        if row.kinds.get(self.header) in DATE_KINDS:
            return read_date(text, ISO)
        return None if self.dates.is_empty(text, self.words) else read_date(text, self.dates)

    def decimal(self, row: Row) -> Decimal | None:
        """The number in the column's style."""
        text = self.text(row)
        return None if text is None else read_decimal(text, self._style(row))

    def integer(self, row: Row) -> int | None:
        """The whole number."""
        text = self.text(row)
        return None if text is None else read_int(text, self._style(row))

    def money(self, row: Row) -> Money | None:
        """The amount with the currency the cell names, if it does."""
        text = self.text(row)
        return None if text is None else read_money(text, self._style(row))

    def percent(self, row: Row) -> Decimal | None:
        """The share from 0 to 1."""
        text = self.text(row)
        return None if text is None else read_percent(text, self.percents, self._style(row))

    def _style(self, row: Row) -> NumberStyle:
        return NumberStyle.POINT if row.kinds.get(self.header) == "number" else self.numbers
