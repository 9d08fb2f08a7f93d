"""One table out of one uploaded file: its columns, and its rows as often as they are asked for."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tabular.errors import CellProblem, TableError
from tabular.formats import Kind, TableFormat
from tabular.headers import column_letters, filled, find_header, name_headers
from tabular.kinds import detect_kind
from tabular.limits import DEFAULT_LIMITS, Limits
from tabular.records import Record
from tabular.sheets import open_sheet
from tabular.texts import open_text

NUL_CHARACTER = "the cell holds a NUL character, which cannot be stored"


class Source(Protocol):
    """Where records come from; each call reads the file again."""

    def records(self) -> Iterator[Record]:
        """Yield the records from the beginning of the file."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `line` is where it starts in the file (a sheet's row number for XLSX).

    `kinds` holds the columns whose type the file itself states: date, datetime, time, number,
    boolean. `problems` holds what is wrong with the row, whatever it is later used for.
    """

    line: int
    cells: Mapping[str, str]
    problems: tuple[CellProblem, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def problem(self) -> CellProblem | None:
        """The first problem of the row."""
        return self.problems[0] if self.problems else None

    def problem_within(self, headers: frozenset[str] | set[str]) -> CellProblem | None:
        """The first problem of the row as a whole or of one of these columns."""
        for problem in self.problems:
            if problem.column is None or problem.column in headers:
                return problem
        return None


@dataclass(frozen=True, slots=True)
class Table:
    """A file that can be read: its format, its columns and what was noticed on the way."""

    path: Path
    format: TableFormat
    headers: tuple[str, ...]
    notes: tuple[str, ...]
    limits: Limits
    _source: Source

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header, one in memory at a time; blank rows are left out.

        Raises TableError when the file itself breaks off: an unclosed quote, too many rows.
        """
        count = 0
        for record in self._source.records():
            if record.line <= self.format.header_row or record.is_blank():
                continue
            count += 1
            if count > self.limits.max_rows:
                raise TableError(
                    f"The file has more than {self.limits.max_rows:,} rows. Split it into several files.",
                    line=record.line,
                )
            yield self._row(record)

    def _row(self, record: Record) -> Row:
        cells, width = record.cells, len(self.headers)
        problems = [
            CellProblem(record.line, self._column(fault.index), fault.reason) for fault in record.faults
        ]
        if len(cells) != width:
            wrong = self._wrong_width(record)
            if wrong is not None:
                problems.insert(0, wrong)
            cells = (cells + [""] * width)[:width]
        if any("\0" in cell for cell in cells):
            problems += [
                CellProblem(record.line, header, NUL_CHARACTER)
                for header, cell in zip(self.headers, cells, strict=True)
                if "\0" in cell
            ]
        kinds = {self.headers[index]: kind for index, kind in record.kinds.items() if index < width}
        return Row(record.line, dict(zip(self.headers, cells, strict=True)), tuple(problems), kinds)

    def _column(self, index: int | None) -> str | None:
        if index is None:
            return None
        return self.headers[index] if index < len(self.headers) else f"Column {column_letters(index)}"

    def _wrong_width(self, record: Record) -> CellProblem | None:
        """Cells beyond the header that hold something, or a text row that breaks off early."""
        found, expected = len(record.cells), len(self.headers)
        if found > expected and any(cell.strip() for cell in record.cells[expected:]):
            return CellProblem(record.line, None, f"the row has {found} cells, the header has {expected}")
        if found < expected and self.format.kind is Kind.TEXT:
            return CellProblem(record.line, None, f"the row has only {found} of {expected} cells")
        return None


def open_table(
    path: Path | str,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> Table:
    """Open a CSV, TSV, semicolon or pipe separated file or an XLSX workbook, told apart by content.

    `sheet`, `encoding` and `delimiter` override what is detected; with `header=False` the first
    row is data and the columns are called "Column A", "Column B", …
    Raises TableError with a sentence that says what to do when the file is not such a table.
    """
    path = Path(path)
    if detect_kind(path, limits) is Kind.XLSX:
        book = open_sheet(path, sheet=sheet, limits=limits)
        return _table(path, book.format, book.source, book.sample, book.width, header, limits)
    text = open_text(path, encoding=encoding, delimiter=delimiter, limits=limits)
    return _table(path, text.format, text.source, text.sample, text.width, header, limits)


def _table(
    path: Path,
    form: TableFormat,
    source: Source,
    sample: tuple[Record, ...],
    width: int,
    header: bool,
    limits: Limits,
) -> Table:
    first = find_header(sample, width) if header else None
    cells = first.cells if first else [""] * width
    cells = cells[: _named_width(cells, sample, first)] if first else cells
    if len(cells) > limits.max_columns:
        raise TableError(
            f"The file has {len(cells):,} columns; up to {limits.max_columns} can be read. "
            "Remove the others.",
            line=first.line if first else None,
        )
    names, notes = name_headers(cells)
    for name in names:
        if len(name) > limits.max_cell or "\0" in name:
            raise TableError("A column name is too long or holds a NUL character. Rename the column.")
    above = _notes_above(sample, first)
    guessed = (_guessed_note(form),) if form.encoding_guessed else ()
    row = first.line if first else 0
    form = form.with_header_row(row)
    return Table(path, form, names, (*guessed, *above, *(notes if first else ())), limits, source)


def _named_width(cells: list[str], sample: tuple[Record, ...], first: Record | None) -> int:
    """The header's width without trailing columns that have neither a name nor any value."""
    width = len(cells)
    while width > 1 and not cells[width - 1].strip():
        beyond = (record for record in sample if first is None or record.line > first.line)
        if any(len(record.cells) >= width and record.cells[width - 1].strip() for record in beyond):
            break
        width -= 1
    return width


def _notes_above(sample: tuple[Record, ...], first: Record | None) -> tuple[str, ...]:
    if first is None:
        return ()
    above = itertools.takewhile(lambda each: each.line < first.line, sample)
    titles = [record for record in above if filled(record)]
    if not titles:
        return ()
    return (f"{len(titles)} row(s) above the column names, from row {titles[0].line}, were left out.",)


def _guessed_note(form: TableFormat) -> str:
    return f"The characters were read as {form.encoding}; check names with accents before importing."
