"""Imports and the rows they refused, for pages and for the command's summary."""

from collections.abc import Iterator
from typing import Any

from integrations.models import FileImport, StagedRow

PAGE = 50


def newest_imports(*, limit: int = PAGE) -> list[FileImport]:
    """Return the newest imports of the organization."""
    return list(FileImport.objects.order_by("-pk")[:limit])


def rejected_rows(imported: FileImport, *, after_line: int = 0, limit: int = PAGE) -> list[StagedRow]:
    """Return the next refused rows below a line, in the order of the file."""
    rows = StagedRow.objects.filter(
        file_import=imported, action=StagedRow.Action.REJECTED, line__gt=after_line
    )
    return list(rows.order_by("line")[:limit])


def all_rejected_rows(imported: FileImport) -> Iterator[StagedRow]:
    """Yield every refused row, a page in memory at a time."""
    line = 0
    while page := rejected_rows(imported, after_line=line, limit=1000):
        yield from page
        line = page[-1].line


def summary(imported: FileImport) -> dict[str, Any]:
    """Return an import as the command prints it, without its refused rows."""
    return {
        "import": imported.pk,
        "file": imported.file_name,
        "kind": imported.kind,
        "status": imported.status,
        "format": imported.format,
        "columns": imported.mapping.get("columns", {}),
        "read": imported.read,
        "created": imported.created,
        "updated": imported.updated,
        "unchanged": imported.unchanged,
        "rejected": imported.rejected,
        "notes": imported.notes,
        "words": imported.words,
    }


def rejection(row: StagedRow) -> dict[str, Any]:
    """Return a refused row with its first problem, and the others under "also"."""
    first, *others = row.problems
    answer = {"line": row.line, "column": first["column"] or None, "reason": first["reason"]}
    return answer | ({"also": others} if others else {})
