"""The refused rows of an import as a file."""

from collections.abc import Iterator
from typing import Any

from defusedcsv import csv
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from integrations.models import FileImport
from integrations.selectors.imports import all_rejected_rows
from tenants.access import TenantRequest, requires
from tenants.roles import Permission


class _Line:
    """Takes what the CSV writer writes and gives it back."""

    def write(self, text: str) -> str:
        return text


@require_safe
@requires(Permission.VIEW)
def import_rejected(request: TenantRequest, import_id: int) -> HttpResponse:
    """Give every problem of every refused row; what a spreadsheet would run is made harmless."""
    imported = get_object_or_404(FileImport, pk=import_id)
    response = StreamingHttpResponse(_lines(imported), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejected-rows-{imported.pk}.csv"'
    return response  # type: ignore[return-value]


def _lines(imported: FileImport) -> Iterator[Any]:
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(["line", "column", "reason"])
    for row in all_rejected_rows(imported):
        for problem in row.problems:
            yield writer.writerow([row.line, problem["column"], problem["reason"]])
