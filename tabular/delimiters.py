"""Which character separates the cells, by how evenly it divides many rows."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tabular.errors import TableError
from tabular.records import Record, read_records

CANDIDATES = (",", ";", "\t", "|")
_DECLARED = re.compile(r'"?sep=(?P<delimiter>[^\r\n"])"?\s*\Z', re.IGNORECASE)
ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Split:
    """The sample's records under one delimiter; `width` is the most frequent number of cells."""

    delimiter: str
    records: tuple[Record, ...]
    width: int
    score: float
    closed: bool


def declared_delimiter(first_line: str) -> str | None:
    """The delimiter of Excel's own first line "sep=;", None when the line is something else."""
    match = _DECLARED.match(first_line.strip("\ufeff"))
    return match["delimiter"] if match else None


def split_sample(lines: Sequence[str], delimiter: str | None, *, complete: bool, max_cell: int) -> Split:
    """The sample under this delimiter, or under the one that divides it most evenly.

    Raises TableError when a quote stays open under every delimiter.
    """
    wanted = CANDIDATES if delimiter is None else (delimiter,)
    splits = [_split(lines, each, complete=complete, max_cell=max_cell) for each in wanted]
    if delimiter is not None:
        return splits[0]
    closed = [split for split in splits if split.closed] or splits
    best = max(closed, key=lambda split: (round(split.score, 2), split.width))
    return best if best.score >= ENOUGH else splits[0]


def _split(lines: Sequence[str], delimiter: str, *, complete: bool, max_cell: int) -> Split:
    records: list[Record] = []
    closed = True
    try:
        for record in read_records(lines, delimiter, max_cell=max_cell):
            records.append(record)
    except TableError:
        closed = not complete  # a sample that ends inside a cell proves nothing
    filled = [record for record in records if not record.is_blank()]
    width, score = _evenness(filled)
    return Split(delimiter, tuple(records), width, score, closed)


def _evenness(records: Sequence[Record]) -> tuple[int, float]:
    """The usual width and a score: share of rows that have it, more when the first row has it too."""
    if not records:
        return 1, 0.0
    widths = Counter(len(record.cells) for record in records)
    several = {width: count for width, count in widths.items() if width > 1}
    if not several:
        return 1, 0.0
    first = len(records[0].cells)
    width = max(several, key=lambda each: (several[each], each == first, each))
    clean = sum(1 for record in records if len(record.cells) == width and not record.faults)
    heads = 0.5 if first == width else 0.0
    return width, clean / len(records) + heads
