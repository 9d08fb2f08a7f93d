"""Pages of imports: upload, answer what is unsure, look at what would happen, import."""

import csv
import io
from typing import Any

from defusedcsv import csv as safe_csv
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from commitments.models import Offering
from integrations.forms import AnswerForm, UploadForm, WordsForm
from integrations.models import FileImport
from integrations.selectors.imports import all_rejected_rows, newest_imports, rejected_rows, rejection
from integrations.services import uploading
from tabular import TableError
from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.roles import Permission

Status = FileImport.Status
PERCENT = 100


@require_http_methods(["GET", "POST"])
@requires(Permission.VIEW)
def import_list(request: TenantRequest) -> HttpResponse:
    """List imports; take a file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        request.actor.require(Permission.IMPORT)
        if form.is_valid() and (imported := _start(request, form)) is not None:
            return _to_detail(request, imported.pk)
    context = {
        "form": form,
        "imports": newest_imports(),
        "may_import": request.actor.may(Permission.IMPORT),
    }
    return render(
        request,
        "integrations/import_list.html",
        context,
        status=422 if form.is_bound and form.errors else 200,
    )


def _start(request: TenantRequest, form: UploadForm) -> FileImport | None:
    file = form.cleaned_data["file"]
    try:
        return uploading.start_import(
            organization=request.organization,
            kind=form.cleaned_data["kind"],
            file_name=file.name,
            chunks=file.chunks(),
            by=request.actor,
            at=timezone.now(),
        )
    except DomainError as error:
        form.add_error("file", error.message)
        return None


@require_GET
@requires(Permission.VIEW)
def import_detail(request: TenantRequest, import_id: int) -> HttpResponse:
    """Show an import wherever it is; htmx asks for the progress alone."""
    imported = get_object_or_404(FileImport.objects, pk=import_id)
    if request.htmx and imported.is_working:
        return render(request, "integrations/_progress.html", _progress(imported))
    if request.htmx:
        answer = HttpResponse()
        answer["HX-Refresh"] = "true"
        return answer
    return _detail(request, imported)


def _detail(
    request: TenantRequest, imported: FileImport, *, answers: AnswerForm | None = None, status: int = 200
) -> HttpResponse:
    may = request.actor.may(Permission.IMPORT)
    after = request.GET.get("after", "0")
    rejected = rejected_rows(imported, after_line=int(after) if after.isdigit() and len(after) < 9 else 0)
    context: dict[str, Any] = {
        **_progress(imported),
        "may_import": may,
        "rejected": [rejection(row) for row in rejected],
        "more_after": rejected[-1].line if len(rejected) >= PERCENT // 2 else None,
        "answers": answers or (_answers(imported) if may and not imported.is_over else None),
        "words": None,
    }
    if may and imported.status == Status.CHECKED and imported.words:
        context["words"] = WordsForm(imported, _offerings())
    return render(request, "integrations/import_detail.html", context, status=status)


def _progress(imported: FileImport) -> dict[str, Any]:
    whole = max(imported.rows_total, 1)
    return {
        "imported": imported,
        "seen": min(imported.rows_seen, whole),
        "whole": whole,
        "counts": [
            {"label": "Rows read", "value": f"{imported.read:,}"},
            {"label": "New", "value": f"{imported.created:,}"},
            {"label": "Changed", "value": f"{imported.updated:,}"},
            {"label": "Unchanged", "value": f"{imported.unchanged:,}"},
            {"label": "Rejected", "value": f"{imported.rejected:,}", "bad": imported.rejected > 0},
        ],
    }


def _answers(imported: FileImport, data: Any = None) -> AnswerForm | None:
    if imported.status not in (Status.ASKING, Status.CHECKED):
        return None
    try:
        guesses, sample = uploading.guesses_of(imported)
    except TableError:
        return None
    return AnswerForm(imported, guesses, sample, data)


def _offerings() -> list[str]:
    return list(Offering.objects.filter(archived_at=None).order_by("name").values_list("name", flat=True))


@require_POST
@requires(Permission.IMPORT)
def import_answer(request: TenantRequest, import_id: int) -> HttpResponse:
    """Take columns and formats, and have the file checked anew."""
    imported = get_object_or_404(FileImport.objects, pk=import_id)
    form = _answers(imported, request.POST)
    if form is None:
        messages.error(request, "This import is over; upload the file again to read it differently.")
        return _to_detail(request, import_id)
    if form.is_valid():
        try:
            uploading.answer(import_id=import_id, said=form.said(), by=request.actor, at=timezone.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            return _to_detail(request, import_id)
    return _detail(request, imported, answers=form, status=422)


@require_POST
@requires(Permission.IMPORT)
def import_words(request: TenantRequest, import_id: int) -> HttpResponse:
    """Take what stages and products mean, and compare anew."""
    imported = get_object_or_404(FileImport.objects, pk=import_id)
    form = WordsForm(imported, _offerings(), request.POST)
    if form.is_valid():
        _say(request, uploading.answer, import_id, said=form.said(imported.mapping))
    else:
        messages.error(request, "Choose a meaning for each stage.")
    return _to_detail(request, import_id)


@require_POST
@requires(Permission.IMPORT)
def import_confirm(request: TenantRequest, import_id: int) -> HttpResponse:
    """Import what was checked."""
    get_object_or_404(FileImport.objects, pk=import_id)
    _say(request, uploading.confirm, import_id)
    return _to_detail(request, import_id)


@require_POST
@requires(Permission.IMPORT)
def import_cancel(request: TenantRequest, import_id: int) -> HttpResponse:
    """Give an import up."""
    get_object_or_404(FileImport.objects, pk=import_id)
    if _say(request, uploading.cancel, import_id):
        messages.success(request, "Nothing was imported; the file was deleted.")
    return _to_detail(request, import_id)


def _say(request: TenantRequest, service: Any, import_id: int, **said: Any) -> bool:
    """Call a service of an import; tell the person what it refuses."""
    try:
        service(import_id=import_id, by=request.actor, at=timezone.now(), **said)
    except DomainError as error:
        messages.error(request, error.message)
        return False
    return True


@require_GET
@requires(Permission.VIEW)
def import_rejected(request: TenantRequest, import_id: int) -> HttpResponse:
    """Hand out the rejected rows as CSV that is safe to open in a spreadsheet."""
    imported = get_object_or_404(FileImport.objects, pk=import_id)
    text = io.StringIO()
    rows = safe_csv.writer(text, quoting=csv.QUOTE_MINIMAL)
    rows.writerow(["line", "column", "reason"])
    for row in all_rejected_rows(imported):
        for problem in row.problems:
            rows.writerow([row.line, problem["column"], problem["reason"]])
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="rejected-{imported.pk}.csv"'
    return answer


def _to_detail(request: HttpRequest, import_id: int) -> HttpResponse:
    slug = request.organization.slug  # type: ignore[attr-defined]
    return redirect("integrations:import-detail", slug=slug, import_id=import_id)
