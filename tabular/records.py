"""Records of a delimited text: the lines between line ends, with quotes understood."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tabular.errors import TableError

TOO_LONG = "the cell is longer than {limit:,} characters"
AFTER_QUOTE = "there is text after a closing quote; a quote inside a quoted cell must be doubled"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a record; `index` is the cell from 0, None for the whole record."""

    index: int | None
    reason: str


@dataclass(slots=True)
class Record:
    """One record: the line it starts on (from 1), its cells, faults, and what is known of the cells.

    `kinds` names the cells whose type the file itself states, by index: date, datetime, time,
    number, boolean. `end` is the line end the record closed with.
    """

    line: int
    cells: list[str]
    faults: tuple[Fault, ...] = ()
    kinds: dict[int, str] = field(default_factory=dict)
    end: str = ""

    def is_blank(self) -> bool:
        """Whether no cell holds anything and nothing is wrong."""
        return not self.faults and not any(map(str.strip, self.cells))


def read_records(lines: Iterable[str], delimiter: str, *, max_cell: int) -> Iterator[Record]:
    """Yield the records of the lines (each with its line end kept).

    Raises TableError when a quote is never closed, naming the line it was opened on.
    """
    numbered = _Lines(lines)
    for body in numbered:
        start = numbered.number
        if '"' in body:
            record = _Quoted(numbered, delimiter, max_cell).read(body)
        else:
            cells = body.split(delimiter)
            faults = _long_cells(cells, max_cell) if len(body) > max_cell else ()
            record = Record(start, cells, faults)
        record.end = numbered.end
        yield record


class _Lines:
    """The lines without their ends, counting them."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.number = 0
        self.end = ""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        if line.endswith("\r\n"):
            self.end = "\r\n"
            return line[:-2]
        if line[-1:] in ("\n", "\r"):
            self.end = line[-1]
            return line[:-1]
        self.end = ""
        return line


class _Quoted:
    """Reads one record in which a quote was seen; it may go on over several lines."""

    def __init__(self, lines: _Lines, delimiter: str, max_cell: int) -> None:
        self.lines, self.delimiter, self.max_cell = lines, delimiter, max_cell
        self.start = lines.number
        self.cells: list[str] = []
        self.faults: list[Fault] = []
        self.text = ""
        self.position = 0

    def read(self, body: str) -> Record:
        """The record that begins with this line."""
        self.text = body
        while self._read_cell():
            pass
        return Record(self.start, self.cells, tuple(self.faults))

    def _read_cell(self) -> bool:
        """Read one cell; False when it was the record's last."""
        quote = self.position
        while self.text[quote : quote + 1] == " ":
            quote += 1
        if self.text[quote : quote + 1] != '"':
            cell, more = self._up_to_delimiter()
            self._add(cell, len(cell))
            return more
        opened = self.lines.number
        self.position = quote + 1
        cell, length = self._inside_quotes(opened)
        rest, more = self._up_to_delimiter()
        if rest.strip(" "):
            self._fault_after_quote(opened)
            cell, length = cell + rest, length + len(rest)
        self._add(cell, length)
        return more

    def _up_to_delimiter(self) -> tuple[str, bool]:
        end = self.text.find(self.delimiter, self.position)
        if end == -1:
            return self.text[self.position :], False
        found = self.text[self.position : end]
        self.position = end + 1
        return found, True

    def _inside_quotes(self, opened: int) -> tuple[str, int]:
        """The text up to the closing quote and its true length; nothing is kept beyond the cap."""
        parts: list[str] = []
        length = 0
        while True:
            close = self.text.find('"', self.position)
            doubled = close != -1 and self.text[close + 1 : close + 2] == '"'
            if close == -1:
                piece = self.text[self.position :] + self.lines.end
            else:
                piece = self.text[self.position : close + 1 if doubled else close]
            length += len(piece)
            if length <= self.max_cell:
                parts.append(piece)
            if close == -1:
                self._next_line(opened)
            elif doubled:
                self.position = close + 2
            else:
                self.position = close + 1
                return "".join(parts), length

    def _next_line(self, opened: int) -> None:
        try:
            self.text = next(self.lines)
        except StopIteration:
            raise unclosed_quote(opened) from None
        self.position = 0

    def _fault_after_quote(self, opened: int) -> None:
        """Text after a closing quote: a slip on one line, an unclosed quote over several."""
        if self.lines.number != opened:
            raise unclosed_quote(opened)
        self.faults.append(Fault(len(self.cells), AFTER_QUOTE))

    def _add(self, cell: str, length: int) -> None:
        if length > self.max_cell:
            self.faults.append(Fault(len(self.cells), TOO_LONG.format(limit=self.max_cell)))
            cell = ""
        self.cells.append(cell)


def unclosed_quote(line: int) -> TableError:
    """The error for a quote that opens on this line and is never properly closed."""
    return TableError(
        f'Line {line} opens a quote (") that is not closed. Close it, or double it when it belongs '
        "to the text, then upload the file again.",
        line=line,
    )


def _long_cells(cells: list[str], max_cell: int) -> tuple[Fault, ...]:
    faults = []
    for index, cell in enumerate(cells):
        if len(cell) > max_cell:
            faults.append(Fault(index, TOO_LONG.format(limit=max_cell)))
            cells[index] = ""
    return tuple(faults)
