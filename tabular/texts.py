"""Delimited text files: opened again for every reading, one line in memory at a time."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tabular.delimiters import declared_delimiter, split_sample
from tabular.encodings import detect_encoding, refuse_binary
from tabular.errors import TableError
from tabular.formats import Kind, LineEnds, TableFormat
from tabular.kinds import EMPTY, refuse_markup
from tabular.limits import Limits
from tabular.records import Record, read_records

SAMPLE_LINES = 1_000
SAMPLE_CHARACTERS = 1_000_000
_ENDS = {"\r\n": LineEnds.CRLF, "\n": LineEnds.LF, "\r": LineEnds.CR}


@dataclass(frozen=True, slots=True)
class TextSource:
    """One text file and how it is written."""

    path: Path
    encoding: str
    delimiter: str
    limits: Limits
    declared: bool = False

    def records(self) -> Iterator[Record]:
        """Yield every record of the file, blank ones included."""
        lines = read_lines(self.path, self.encoding, self.limits)
        records = read_records(lines, self.delimiter, max_cell=self.limits.max_cell)
        return itertools.islice(records, 1, None) if self.declared else records


@dataclass(frozen=True, slots=True)
class OpenedText:
    """A source with what its beginning showed: the format, the first records, the usual width."""

    source: TextSource
    format: TableFormat
    sample: tuple[Record, ...]
    width: int


def open_text(path: Path, *, encoding: str | None, delimiter: str | None, limits: Limits) -> OpenedText:
    """Detect encoding, delimiter and line ends; raise TableError when the file is no table."""
    found = detect_encoding(path, encoding)
    lines, complete = _sample(path, found.name, limits)
    beginning = "".join(lines[:200])[:100_000]
    if not beginning.strip("\ufeff\x1a \t\r\n"):
        raise TableError(EMPTY)
    refuse_markup(beginning)
    refuse_binary(beginning)
    declared = declared_delimiter(lines[0])
    split = split_sample(lines, delimiter or declared, complete=complete, max_cell=limits.max_cell)
    sample = split.records[1:] if declared else split.records
    source = TextSource(path, found.name, split.delimiter, limits, declared is not None)
    form = TableFormat(Kind.TEXT, found.name, found.guessed, split.delimiter, _line_ends(split.records))
    return OpenedText(source, form, sample, split.width)


def read_lines(path: Path, encoding: str, limits: Limits) -> Iterator[str]:
    """Yield the lines with their ends (CR, LF or CRLF); raise TableError for a line beyond the cap."""
    longest = limits.max_line
    with path.open(encoding=encoding, newline="") as file:
        number = 0
        while line := file.readline(longest):
            number += 1
            if len(line) == longest:
                raise TableError(f"Line {number} has more than {longest:,} characters.", line=number)
            if line != "\x1a":  # the end mark of old DOS files
                yield line


def _sample(path: Path, encoding: str, limits: Limits) -> tuple[list[str], bool]:
    """The first lines, and whether they are the whole file."""
    lines: list[str] = []
    size = 0
    for line in read_lines(path, encoding, limits):
        if len(lines) >= SAMPLE_LINES or size >= SAMPLE_CHARACTERS:
            return lines, False
        lines.append(line)
        size += len(line)
    return lines, True


def _line_ends(records: tuple[Record, ...]) -> LineEnds:
    seen = {record.end for record in records if record.end}
    if not seen:
        return LineEnds.NONE
    return _ENDS[seen.pop()] if len(seen) == 1 else LineEnds.MIXED
