"""What the mapped columns of a table hold, found in one pass with counters only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tabular.columns import NUMERIC_KINDS, FieldKind
from tabular.date_inference import AmbiguousDates, DateCandidate, DateTally, NotDates
from tabular.dates import DateFormat, Order
from tabular.errors import CellProblem
from tabular.nulls import NULL_WORDS, is_empty
from tabular.numbers import (
    AmbiguousNumbers,
    AmbiguousPercents,
    NotNumbers,
    NumberTally,
    PercentTally,
)
from tabular.tables import Row, Table
from tabular.values import NumberStyle, PercentScale

DISTINCT_KEPT = 500
PROBLEMS_KEPT = 200
SHOWN_LENGTH = 200


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One mapped column: what its values look like; inferences are None when not asked for.

    `distinct` holds the first different values; `more_distinct` says that there are others.
    `typed` counts the cells whose type the file itself states (XLSX), by kind.
    """

    header: str
    filled: int
    empty: int
    distinct: tuple[str, ...]
    more_distinct: bool
    typed: Mapping[str, int]
    dates: DateFormat | AmbiguousDates | NotDates | None = None
    suggested_dates: DateFormat | None = None
    numbers: NumberStyle | AmbiguousNumbers | NotNumbers | None = None
    percents: PercentScale | AmbiguousPercents | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A table seen through a mapping; `problems` are the first, `problem_rows` counts all rows."""

    rows: int
    problem_rows: int
    problems: tuple[CellProblem, ...]
    columns: Mapping[str, ColumnProfile]


def profile(
    table: Table,
    mapping: Mapping[str, str],
    kinds: Mapping[str, FieldKind] | None = None,
    words: frozenset[str] = NULL_WORDS,
) -> Profile:
    """Read the table once and describe the column of each field of the mapping (field name: header).

    With `kinds` only what a field's kind needs is inferred; without, everything is. Rows with a
    problem of their own or in a mapped column are counted and left out of the inference.
    Raises TableError when the file breaks off, KeyError when the mapping names no column.
    """
    unknown = set(mapping.values()) - set(table.headers)
    if unknown:
        raise KeyError(f"the table has no column {sorted(unknown)[0]!r}")
    tallies = {name: _ColumnTally(header, (kinds or {}).get(name)) for name, header in mapping.items()}
    mapped = frozenset(mapping.values())
    rows, problem_rows, problems = 0, 0, list[CellProblem]()
    for row in table.rows():
        rows += 1
        problem = row.problem_within(mapped)
        if problem:
            problem_rows += 1
            if len(problems) < PROBLEMS_KEPT:
                problems.append(problem)
            continue
        for tally in tallies.values():
            tally.add(row, words)
    columns = {name: tally.result() for name, tally in tallies.items()}
    return Profile(rows, problem_rows, tuple(problems), _with_suggestions(columns))


@dataclass(slots=True)
class _ColumnTally:
    header: str
    kind: FieldKind | None
    filled: int = 0
    empty: int = 0
    distinct: dict[str, None] = field(default_factory=dict)
    more_distinct: bool = False
    typed: dict[str, int] = field(default_factory=dict)
    dates: DateTally = field(default_factory=DateTally)
    numbers: NumberTally = field(default_factory=NumberTally)
    wants_dates: bool = field(init=False)
    wants_numbers: bool = field(init=False)
    wants_percents: bool = field(init=False)
    percents: dict[NumberStyle, PercentTally] = field(
        default_factory=lambda: {style: PercentTally(style) for style in NumberStyle}
    )

    def add(self, row: Row, words: frozenset[str]) -> None:
        text = row.cells[self.header]
        if is_empty(text, words):
            self.empty += 1
            return
        self.filled += 1
        self._see(text)
        stated = row.kinds.get(self.header)
        if stated:
            self.typed[stated] = self.typed.get(stated, 0) + 1
        if self.wants_dates:
            self.dates.add(text)
        if self.wants_numbers and stated != "number":
            self.numbers.add(text)
        if self.wants_percents:
            self._see_percent(text, stated)

    def __post_init__(self) -> None:
        self.wants_dates = self.kind in (None, FieldKind.DATE)
        self.wants_numbers = self.kind is None or self.kind in NUMERIC_KINDS
        self.wants_percents = self.kind in (None, FieldKind.PERCENT)

    def _see(self, text: str) -> None:
        shown = text.strip()[:SHOWN_LENGTH]
        if shown not in self.distinct:
            if len(self.distinct) < DISTINCT_KEPT:
                self.distinct[shown] = None
            else:
                self.more_distinct = True

    def _see_percent(self, text: str, stated: str | None) -> None:
        """The style is not known before the end, so both are counted; a stated number has a point."""
        for tally in self.percents.values():
            if stated == "number":
                text = text.replace(".", ",") if tally.style is NumberStyle.COMMA else text
            tally.add(text)

    def result(self) -> ColumnProfile:
        numbers = self._numbers() if self.wants_numbers else None
        style = numbers if isinstance(numbers, NumberStyle) else NumberStyle.POINT
        return ColumnProfile(
            self.header,
            self.filled,
            self.empty,
            tuple(self.distinct),
            self.more_distinct,
            self.typed,
            dates=self.dates.result() if self.wants_dates else None,
            numbers=numbers,
            percents=self.percents[style].result() if self.wants_percents else None,
        )

    def _numbers(self) -> NumberStyle | AmbiguousNumbers | NotNumbers:
        if self.numbers.total == 0 and self.typed.get("number"):
            return NumberStyle.POINT
        return self.numbers.result()


def _with_suggestions(columns: Mapping[str, ColumnProfile]) -> dict[str, ColumnProfile]:
    """For a doubtful date column, the format its neighbours agree on: a proposal, not a decision."""
    orders = {
        pattern.order
        for column in columns.values()
        if isinstance(column.dates, DateFormat)
        for pattern in column.dates.patterns
    } & {Order.DAY_FIRST, Order.MONTH_FIRST}
    if len(orders) != 1:
        return dict(columns)
    order = orders.pop()
    return {name: _suggest(column, order) for name, column in columns.items()}


def _suggest(column: ColumnProfile, order: Order) -> ColumnProfile:
    if not isinstance(column.dates, AmbiguousDates):
        return column
    fitting = [each.format for each in column.dates.candidates if _has_order(each, order)]
    return ColumnProfile(
        column.header, column.filled, column.empty, column.distinct, column.more_distinct, column.typed,
        column.dates, fitting[0] if fitting else None, column.numbers, column.percents,
    )  # fmt: skip


def _has_order(candidate: DateCandidate, order: Order) -> bool:
    return any(pattern.order is order for pattern in candidate.format.patterns)
