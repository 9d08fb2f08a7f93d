"""What can be wrong with an uploaded table: the file, one cell, or one value."""

from dataclasses import dataclass


class TableError(Exception):
    """The file as a whole cannot be read; the message says why and what to do."""

    def __init__(self, reason: str, *, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class ValueProblem(ValueError):
    """One text cannot be read as the kind of value asked for; the message is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CellProblem:
    """One thing wrong in one row; `column` is None when the whole row is meant."""

    line: int
    column: str | None
    reason: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.column is None else f"line {self.line}, column {self.column}"
        return f"{where}: {self.reason}"
