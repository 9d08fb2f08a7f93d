"""What an import is going to do, row by row, before it does anything."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from capacity.unsaved import Unsaved

Values = TypeVar("Values")
MOST_ROWS = 5_000


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be imported, with the column and the reason."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True)
class Planned(Generic[Values]):
    """A row that can: what it does ("create", "change" or "same") in one sentence, and its values."""

    line: int
    what: str
    sentence: str
    values: Values


@dataclass(frozen=True)
class ImportPlan(Generic[Values]):
    """Every row of a file; unsaved tells the same to the arithmetic of days."""

    rows: Sequence[Planned[Values]]
    rejected: Sequence[Rejected]
    new_pools: Sequence[str] = ()
    pool_ids: frozenset[int] = frozenset()
    unsaved: Sequence[Unsaved] = ()
    notes: Sequence[str] = ()

    def of(self, what: str) -> list[Planned[Values]]:
        """Return the rows that do this."""
        return [row for row in self.rows if row.what == what]

    @property
    def may_be_saved(self) -> bool:
        """Return whether every row can be imported and at least one changes anything."""
        return not self.rejected and any(row.what != "same" for row in self.rows)

    @property
    def digest(self) -> str:
        """Return a short text that differs when the plan does anything else."""
        lines = [f"{row.line} {row.what} {row.sentence}" for row in self.rows]
        return hashlib.sha256("\n".join([*lines, *self.new_pools]).encode()).hexdigest()[:32]
