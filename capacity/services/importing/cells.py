"""Single cells read strictly; what is wrong is said with its column."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from capacity.calendars import WHOLE_DAY_MINUTES
from capacity.hours import NotHours, minutes_of
from capacity.services.importing.plan import Rejected
from tabular import Row, Table, TableError, ValueProblem
from tabular.date_inference import AmbiguousDates, infer_dates
from tabular.dates import DateFormat, Order, read_date
from tabular.nulls import is_empty

#: More hours than this on one day are taken for minutes in the wrong column.
MOST_HOURS = 100
DAY_FIRST, MONTH_FIRST = str(Order.DAY_FIRST), str(Order.MONTH_FIRST)


class RowProblem(Exception):
    """A row that cannot be used, with the column at fault."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass(frozen=True)
class Cells:
    """One row by field; a column that the file does not have is empty."""

    row: Row
    headers: Mapping[str, str]
    dates: Mapping[str, DateFormat] = field(default_factory=dict)

    def text(self, name: str, *, most: int = 200) -> str:
        """Return the text, "" for nothing; raise RowProblem when it is too long."""
        header = self.headers.get(name)
        text = "" if header is None else " ".join(self.row.cells[header].split())
        if is_empty(text):
            return ""
        if len(text) > most:
            raise RowProblem(header or name, f"at most {most} characters")
        return text

    def needed(self, name: str, *, most: int = 120) -> str:
        """Return the text; raise RowProblem when there is none."""
        text = self.text(name, most=most)
        if not text:
            raise self.problem(name, "the cell is empty")
        return text

    def on(self, name: str) -> date | None:
        """Return the day, None for nothing; raise RowProblem when it is no day."""
        text = self.text(name)
        if not text:
            return None
        if name not in self.dates:
            raise self.problem(name, f'"{text}" is no date')
        try:
            return read_date(text, self.dates[name])
        except ValueProblem as error:
            raise self.problem(name, error.reason) from error

    def minutes(self, name: str, *, in_minutes: bool = False) -> int | None:
        """Return minutes written as hours, or as whole minutes, None for nothing."""
        text = self.text(name)
        if not text:
            return None
        try:
            minutes = _whole(text) if in_minutes else minutes_of(text)
        except NotHours as error:
            raise self.problem(name, str(error)) from error
        if not in_minutes and minutes > MOST_HOURS * 60:
            raise self.problem(name, f'{text} h a day is too much; if it is minutes, choose "minutes"')
        if minutes > WHOLE_DAY_MINUTES:
            raise self.problem(name, f"{text} minutes a day are too many")
        return minutes

    def problem(self, name: str, reason: str) -> RowProblem:
        """Return a problem of the column that holds this field."""
        return RowProblem(self.headers.get(name, name.replace("_", " ")), reason)

    def rejected(self, problem: RowProblem) -> Rejected:
        """Return the row as rejected."""
        return Rejected(self.row.line, problem.column, problem.reason)


def date_formats(
    table: Table, headers: Mapping[str, str], names: Iterable[str], order: str
) -> dict[str, DateFormat]:
    """Return how each column of days is written; `order` is "dmy", "mdy" or "" for "find out".

    Raises TableError when a column can be read in two ways and nobody has said which.
    """
    formats = {}
    for name in names:
        if name in headers:
            found = _date_format([row.cells[headers[name]] for row in table.rows()], headers[name], order)
            if found is not None:
                formats[name] = found
    return formats


def _date_format(values: list[str], header: str, order: str) -> DateFormat | None:
    found = infer_dates(values)
    if isinstance(found, DateFormat):
        return found
    if not isinstance(found, AmbiguousDates):
        return None
    for candidate in found.candidates:
        if order in {str(pattern.order) for pattern in candidate.format.patterns}:
            return candidate.format
    text = found.candidates[0].examples[0][0]
    raise TableError(
        f'Column "{header}": "{text}" can be read in two ways. Choose how the dates are written.'
    )


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotHours(f'"{text}" is no whole number of minutes.')
    return int(text)
