"""Pages of an import from upload to done."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from integrations.forms.imports import AnswerForm, UploadForm, WordsForm
from integrations.models import FileImport
from integrations.selectors.imports import newest_imports, rejected_rows, rejection
from integrations.services.uploading import answer, cancel, confirm, guesses_of, start_import
from tabular import TableError
from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.roles import Permission

PAGE = 25
LATE_AFTER = timedelta(minutes=2)
Status = FileImport.Status


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW)
def import_list(request: TenantRequest) -> HttpResponse:
    """Show past imports and take a new file."""
    form = _upload_form(request)
    if request.method != "POST":
        return _show_list(request, form)
    if not request.actor.may(Permission.IMPORT):
        raise PermissionDenied("Your role does not allow imports.")
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            imported = start_import(
                organization=request.organization,
                kind=form.cleaned_data["kind"],
                file_name=file.name,
                chunks=file.chunks(),
                by=request.actor,
                at=timezone.now(),
                source=form.cleaned_data["source"],
            )
        except DomainError as error:
            form.add_error("file", error.message)
        else:
            return _to(request, imported)
    return _show_list(request, form, status=422)


def _upload_form(request: TenantRequest) -> UploadForm:
    may = request.actor.may(Permission.DECIDE)
    return UploadForm(request.POST or None, request.FILES or None, may_import_promises=may)


def _show_list(request: TenantRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "imports": newest_imports(),
        "may_import": request.actor.may(Permission.IMPORT),
    }
    return render(request, "integrations/import_list.html", context, status=status)


@never_cache
@require_safe
@requires(Permission.VIEW)
def import_detail(request: TenantRequest, import_id: int) -> HttpResponse:
    """Show how far an import is, what it would do or did, and every row that was refused."""
    imported = get_object_or_404(FileImport, pk=import_id)
    if imported.status == Status.ASKING and request.actor.may(Permission.IMPORT):
        return _ask(request, imported)
    return _show_detail(request, imported, WordsForm(imported=imported))


def _show_detail(
    request: TenantRequest, imported: FileImport, words: WordsForm, status: int = 200
) -> HttpResponse:
    after = request.GET.get("after", "")
    rows = rejected_rows(imported, after_line=int(after[:9]) if after.isdecimal() else 0, limit=PAGE + 1)
    context = {
        "imported": imported,
        "words": words,
        "rejected": [rejection(row) for row in rows[:PAGE]],
        "after": after,
        "next_line": rows[PAGE - 1].line if len(rows) > PAGE else None,
        "facts": _facts(imported),
        "to_write": imported.created + imported.updated,
        "may_import": request.actor.may(_needed(imported)),
        **_progress(imported),
    }
    return render(request, "integrations/import_detail.html", context, status=status)


def _facts(imported: FileImport) -> list[dict[str, Any]]:
    """Return the figures of an import, each row counted in one of them."""
    rejected = {"label": "Rejected", "value": f"{imported.rejected:,}", "bad": imported.rejected > 0}
    return [
        {"label": "Rows read", "value": f"{imported.read:,}"},
        {"label": "New", "value": f"{imported.created:,}"},
        {"label": "Changed", "value": f"{imported.updated:,}"},
        {"label": "As they are", "value": f"{imported.unchanged:,}"},
        rejected,
    ]


def _needed(imported: FileImport) -> Permission:
    is_deals = imported.kind == FileImport.Kind.DEALS
    return Permission.IMPORT if is_deals else Permission.DECIDE


@never_cache
@require_safe
@requires(Permission.VIEW)
def import_progress(request: TenantRequest, import_id: int) -> HttpResponse:
    """Answer the progress bar; the whole page is shown anew when the work has come to an end."""
    imported = get_object_or_404(FileImport, pk=import_id)
    if not imported.is_working:
        return HttpResponseClientRefresh()
    return render(
        request, "integrations/_import_progress.html", {"imported": imported, **_progress(imported)}
    )


def _progress(imported: FileImport) -> dict[str, Any]:
    """Return how much of which step is done; no number where a step has none."""
    counted = imported.status == Status.CHECKING and imported.step != FileImport.Step.PROFILE
    return {
        "counted": counted and imported.rows_total > 0,
        "doing": "Importing" if imported.status == Status.APPLYING else imported.get_step_display(),
        "is_late": imported.is_working and timezone.now() - imported.moved_at > LATE_AFTER,
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.IMPORT)
def import_answer(request: TenantRequest, import_id: int) -> HttpResponse:
    """Ask which column is which and how doubtful values are meant."""
    imported = get_object_or_404(FileImport, pk=import_id)
    if imported.status not in (Status.ASKING, Status.CHECKED):
        return _to(request, imported)
    return _ask(request, imported)


def _ask(request: TenantRequest, imported: FileImport) -> HttpResponse:
    try:
        guesses, sample = guesses_of(imported)
    except TableError as error:
        messages.error(request, error.reason)
        return redirect("integrations:import-list", request.organization.slug)
    form = AnswerForm(request.POST or None, imported=imported, guesses=guesses, sample=sample)
    if request.method == "POST" and form.is_valid():
        try:
            answer(import_id=imported.pk, said=form.said(), by=request.actor, at=timezone.now())
        except DomainError as error:
            form.refuse(error.field, error.message)
        else:
            return _to(request, imported)
    context = {"imported": imported, "form": form}
    status = 422 if form.errors else 200
    return render(request, "integrations/import_answer.html", context, status=status)


@require_POST
@requires(Permission.IMPORT)
def import_words(request: TenantRequest, import_id: int) -> HttpResponse:
    """Take what stages and products mean and compare the rows anew."""
    imported = get_object_or_404(FileImport, pk=import_id)
    words = WordsForm(request.POST, imported=imported)
    if not words.is_valid():
        return _show_detail(request, imported, words, status=422)
    return _done(
        request,
        import_id,
        lambda: answer(
            import_id=import_id, said=words.said(imported.mapping), by=request.actor, at=timezone.now()
        ),
    )


@require_POST
@requires(Permission.IMPORT)
def import_confirm(request: TenantRequest, import_id: int) -> HttpResponse:
    """Import what was checked."""
    return _done(
        request, import_id, lambda: confirm(import_id=import_id, by=request.actor, at=timezone.now())
    )


@require_POST
@requires(Permission.IMPORT)
def import_cancel(request: TenantRequest, import_id: int) -> HttpResponse:
    """Give an import up."""
    return _done(request, import_id, lambda: cancel(import_id=import_id, by=request.actor, at=timezone.now()))


def _done(request: TenantRequest, import_id: int, act: Any) -> HttpResponse:
    """Do one thing with the import; show the page again whatever came of it."""
    imported = get_object_or_404(FileImport, pk=import_id)
    try:
        act()
    except DomainError as error:
        messages.error(request, error.message)
    return _to(request, imported)


def _to(request: TenantRequest, imported: FileImport) -> HttpResponse:
    return redirect("integrations:import-detail", request.organization.slug, imported.pk)
