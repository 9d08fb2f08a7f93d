"""Rows that share a key: several lines of one deal, as far as they fit together."""

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integrations.files.fields import fields_of
from integrations.files.mapping import Mapping

LINE_FIELDS = ("product", "quantity", "promised_on", "earliest_start")
MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class KeyedRow:
    """A row that was read: its id and line, and its values by field."""

    pk: int
    line: int
    data: Dictionary[str, Any]


def fitting(rows: Sequence[KeyedRow], mapping: Mapping) -> tuple[list[KeyedRow], dict[int, dict[str, str]]]:
    """Return the rows of one key that fit together, in the order of the file, and problems by row's id.

    Several rows are several lines of one deal when they agree on the deal and differ in a line's fields. A
    row that repeats another, or says something else about the deal, is refused.
    """
    kept, problems = [rows[0]], dict[int, dict[str, str]]()
    for row in rows[1:]:
        problem = _misfit(row, rows[0], kept, mapping)
        if problem:
            problems[row.pk] = problem
        else:
            kept.append(row)
    return kept, problems


def _misfit(
    row: KeyedRow, head: KeyedRow, kept: Sequence[KeyedRow], mapping: Mapping
) -> dict[str, str] | None:
    for name, value in row.data.items():
        # Exports of line items often fill the deal's own columns in its first row alone.
        if name in LINE_FIELDS or value is None or value == head.data.get(name):
            continue
        label = fields_of("deals")[name].label.lower()
        return {
            "column": mapping.used.get(name, ""),
            "reason": f"“{value}” is not the {label} that line {head.line} gives for the same deal",
        }
    asked = [row.data.get(name) for name in LINE_FIELDS]
    for other in kept:
        if asked == [other.data.get(name) for name in LINE_FIELDS]:
            return {"column": "", "reason": f"the row repeats line {other.line}"}
    if len(kept) >= MOST_LINES:
        return {"column": "", "reason": f"a deal has at most {MOST_LINES} lines"}
    return None


def name_of(values: Dictionary[str, Any]) -> str:
    """Return a name for a deal that has none: company and product, else its id."""
    parts = [part for part in (values.get("company"), values.get("product")) if part]
    return (": ".join(parts) or str(values.get("external_id") or ""))[:250]
