"""The rows of a file as deals, in the order of the file; what cannot be read is told by line and column."""

from collections import Counter
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.crm import DealRecord, LineRecord, Skipped
from integrations.files.grouping import LINE_FIELDS, KeyedRow, fitting, name_of
from integrations.files.mapping import Mapping
from integrations.files.rows import CONTENT, ReadRow, RowReader
from tabular.cells import Reader
from tabular.tables import Table


@dataclass(frozen=True, slots=True)
class Entry:
    """What one deal's rows say, or one row that cannot be read; `id` is empty where not even that can be."""

    id: str
    deal: DealRecord | None = None
    skipped: tuple[Skipped, ...] = ()


def entries_of(
    table: Table, mapping: Mapping, readers: Dictionary[str, Reader], *, at: datetime
) -> list[Entry]:
    """Return what the file says, read at this moment; rows that share an id are one deal's lines."""
    reader = RowReader("deals", mapping, dict(readers), today=at.date())
    rows = [reader.read(row) for row in table.rows()]
    _number_equal_keys(rows)
    together: dict[str, list[ReadRow]] = {}
    for row in rows:
        if not row.problems:
            together.setdefault(row.key, []).append(row)
    found = []
    for row in rows:
        if row.problems:
            found.append(Entry(row.key, skipped=(_skipped(row.key, row.line, row.problems),)))
        elif row is together[row.key][0]:
            found.append(_entry(row.key, together[row.key], mapping, at))
    return found


def _number_equal_keys(rows: Sequence[ReadRow]) -> None:
    """Count rows that have no id and the same content, as an import does; unreadable ones last."""
    counted: Counter[str] = Counter()
    for row in sorted(rows, key=lambda row: bool(row.problems)):
        if row.key.startswith(CONTENT):
            counted[row.key] += 1
            row.key = f"{row.key}#{counted[row.key]}"


def _entry(key: str, rows: list[ReadRow], mapping: Mapping, at: datetime) -> Entry:
    kept, problems = fitting([KeyedRow(row.line, row.line, row.values) for row in rows], mapping)
    skipped = tuple(_skipped(key, line, [problem]) for line, problem in problems.items())
    return Entry(key, _deal(key, kept, mapping, at), skipped)


def _skipped(key: str, line: int, problems: Sequence[Dictionary[str, str]]) -> Skipped:
    where = [f"column “{each['column']}”: " if each["column"] else "" for each in problems]
    reasons = "; ".join(place + each["reason"] for place, each in zip(where, problems, strict=True))
    named = key and not key.startswith(CONTENT)
    return Skipped(key, f"line {line}, {reasons}") if named else Skipped(f"line {line}", reasons)


def _deal(key: str, rows: Sequence[KeyedRow], mapping: Mapping, at: datetime) -> DealRecord:
    said = rows[0].data
    lines = [_line(row.data, mapping) for row in rows if any(row.data.get(name) for name in LINE_FIELDS)]
    first = lines[0] if len(lines) == 1 else LineRecord(product="")
    owner = said.get("owner") or ""
    return DealRecord(
        id=key,
        name=said.get("name") or name_of({**said, "external_id": key}),
        changed_at=at,
        stage_id=said.get("stage") or "",
        probability=said.get("probability"),
        amount=said.get("amount"),
        currency=said.get("currency") or "",
        close_on=said.get("close_on"),
        company=said.get("company") or "",
        owner_id=owner,
        owner_name=owner,
        owner_email=owner if "@" in owner else "",
        product=first.product,
        quantity=first.quantity,
        promised_on=first.promised_on,
        earliest_start=first.earliest_start,
        lines=tuple(lines) if len(lines) > 1 else None,
        url=said.get("url") or "",
        created_on=said.get("created_on"),
    )


def _line(said: Dictionary[str, Any], mapping: Mapping) -> LineRecord:
    """Return what one row asks for; without a column for it, one is meant."""
    quantity = said.get("quantity") if "quantity" in mapping.used else 1
    return LineRecord(
        product=said.get("product") or "",
        quantity=None if quantity is None else Decimal(quantity),
        promised_on=said.get("promised_on"),
        earliest_start=said.get("earliest_start"),
    )
