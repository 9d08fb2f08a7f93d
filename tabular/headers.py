"""Where the column names stand and what the columns are called."""

import re
from collections.abc import Sequence

from tabular.errors import TableError
from tabular.records import Record

_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ,].*)?\Z")
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\Z")
_NUMBER = re.compile(r"[-+(]?[€$£]?\s?\d*[.,]?\d+([.,' ]\d+)*\)?%?\Z")
_SPACE = re.compile(r"[\s\ufeff\u200b\x00]+")
NO_HEADER = (
    "The first row looks like data, not like column names ({why}). "
    "Add a row with a name for each column and upload the file again."
)


def find_header(records: Sequence[Record], width: int) -> Record:
    """The first record as wide as the others and at least half filled.

    Raises TableError when there is none or when it reads like data.
    """
    for record in records:
        if record.is_blank():
            continue
        if len(record.cells) >= width and 2 * filled(record) >= min(width, len(record.cells)):
            _refuse_data(record)
            return record
    raise TableError(
        "No row with column names was found. Add one as the first row and upload the file again."
    )


def filled(record: Record) -> int:
    """How many cells hold something."""
    return sum(1 for cell in record.cells if cell.strip())


def name_headers(cells: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Unique names for the columns, and a sentence for each name that had to be made.

    Trailing columns without a name are kept; the reader drops them when they hold nothing.
    """
    names: list[str] = []
    notes: list[str] = []
    taken: set[str] = set()
    for index, cell in enumerate(cells):
        clean = _SPACE.sub(" ", cell).strip()
        name = clean or f"Column {column_letters(index)}"
        if name in taken or (clean and name in _made_names(cells)):
            unique = _numbered(name, taken)
            notes.append(
                f"Column {column_letters(index)} repeats the name “{name}” and is called “{unique}”."
            )
            name = unique
        elif not clean:
            notes.append(f"Column {column_letters(index)} has no name and is called “{name}”.")
        taken.add(name)
        names.append(name)
    return tuple(names), tuple(notes)


def column_letters(index: int) -> str:
    """The spreadsheet's letters of a column counted from 0: A, B, … Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _made_names(cells: Sequence[str]) -> frozenset[str]:
    return frozenset(f"Column {column_letters(i)}" for i, cell in enumerate(cells) if not cell.strip())


def _numbered(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def _refuse_data(record: Record) -> None:
    """Column names are words: a date, a time or mostly numbers mean the names are missing."""
    cells = [cell.strip() for cell in record.cells if cell.strip()]
    for cell in cells:
        if _DATE.match(cell) or _TIME.match(cell):
            raise TableError(NO_HEADER.format(why=f"it holds “{cell[:40]}”"), line=record.line)
    numbers = [cell for cell in cells if _NUMBER.match(cell[:60])]
    if 2 * len(numbers) >= len(cells):
        raise TableError(NO_HEADER.format(why=f"it holds “{numbers[0][:40]}”"), line=record.line)
