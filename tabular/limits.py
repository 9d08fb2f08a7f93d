"""How large a table may be before it is refused."""

from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps of one reading; sizes in bytes, cells in characters."""

    max_bytes: int = 50 * MEGABYTE
    max_rows: int = 50_000
    max_columns: int = 200
    max_cell: int = 32_768
    max_expanded_bytes: int = 400 * MEGABYTE
    max_part_bytes: int = 64 * MEGABYTE  # any part of a workbook that is held in memory as a whole

    @property
    def max_line(self) -> int:
        """The longest line read in one go, in characters."""
        return self.max_columns * self.max_cell


DEFAULT_LIMITS = Limits()
