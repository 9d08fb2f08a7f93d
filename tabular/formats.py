"""The description of a file's form, as shown to the person who uploaded it."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """The two families of files that can be read."""

    TEXT = "text"
    XLSX = "xlsx"


class LineEnds(StrEnum):
    """How the records of a text file end."""

    CRLF = "CRLF"
    LF = "LF"
    CR = "CR"
    MIXED = "mixed"
    NONE = "none"


DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


@dataclass(frozen=True, slots=True)
class TableFormat:
    """How one file is written; `header_row` is a line (text) or sheet row, 0 when there is none."""

    kind: Kind
    encoding: str | None = None
    encoding_guessed: bool = False
    delimiter: str | None = None
    line_ends: LineEnds = LineEnds.NONE
    sheet: str | None = None
    header_row: int = 0

    @property
    def label(self) -> str:
        """The format in a few words, for example "comma separated text, utf-8, CRLF"."""
        if self.kind is Kind.XLSX:
            return f"Excel workbook, sheet {self.sheet}"
        name = DELIMITER_NAMES.get(self.delimiter or "", repr(self.delimiter))
        return f"{name} separated text, {self.encoding}, {self.line_ends}"

    def with_header_row(self, header_row: int) -> "TableFormat":
        """The same format with the header found at this row."""
        return replace(self, header_row=header_row)
