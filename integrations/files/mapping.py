"""What is known about a file: which column is which, and how words and formats are meant."""

from collections.abc import Mapping as Dictionary
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from integrations.files.fields import REQUIRED, fields_of

FORMATS = ("dates", "numbers", "percents")
SOURCE = "file"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Columns by field (None: leave the field out), formats by field, words by what the file calls them."""

    columns: Dictionary[str, str | None] = field(default_factory=dict)
    dates: Dictionary[str, str] = field(default_factory=dict)
    numbers: Dictionary[str, str] = field(default_factory=dict)
    percents: Dictionary[str, str] = field(default_factory=dict)
    stages: Dictionary[str, str] = field(default_factory=dict)
    products: Dictionary[str, str] = field(default_factory=dict)
    defaults: Dictionary[str, str] = field(default_factory=dict)
    source: str = SOURCE

    @property
    def used(self) -> dict[str, str]:
        """Return the columns by field without the fields that are left out."""
        return {name: header for name, header in self.columns.items() if header is not None}

    def to_json(self) -> dict[str, Any]:
        """Return the mapping as it is stored and as M.json holds it."""
        return asdict(self)

    def with_columns(self, columns: Dictionary[str, str | None]) -> "Mapping":
        """Return the mapping with these columns added; what was said already stands."""
        return replace(self, columns={**columns, **self.columns})

    def lacks(self, kind: str) -> tuple[str, ...]:
        """Return the fields of which one needs a column and none has it; empty when all is there."""
        for group in REQUIRED[kind]:
            if not any(name in self.used for name in group):
                return group
        return ()


def lack_in_words(kind: str, group: tuple[str, ...]) -> str:
    """Say that none of these fields has a column."""
    labels = [fields_of(kind)[name].label for name in group]
    return f"No column is known to hold the {' or '.join(labels).lower()}."
