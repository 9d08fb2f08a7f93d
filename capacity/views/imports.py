import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from capacity.forms.imports import MOST_BYTES, ImportForm, signed_file, unsigned_file
from capacity.selectors.pools import WEEKS_AHEAD, monday_of
from capacity.services.importing.people import import_people, plan_people
from capacity.services.importing.plan import MOST_ROWS, ImportPlan
from capacity.services.importing.time_off import import_time_off, plan_time_off
from capacity.views.previewing import Preview, preview_of
from tabular import Limits, Table, TableError, open_table
from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.roles import Permission
from ui.formatting import counted

KINDS = {"people": "People and machines", "time-off": "Time off and overtime"}


@dataclass(frozen=True)
class Upload:
    """A file that was uploaded, of which kind, and how it is written."""

    kind: str
    content: bytes
    unit: str
    dates: str

    @contextmanager
    def table(self) -> Iterator[Table]:
        """Open the file as a table; raises TableError when it is none."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "upload")
            path.write_bytes(self.content)
            yield open_table(path, limits=Limits(max_bytes=MOST_BYTES, max_rows=MOST_ROWS))

    def plan(self) -> ImportPlan[Any]:
        """Return what the file would do; raises TableError."""
        with self.table() as table:
            if self.kind == "people":
                return plan_people(table, in_minutes=self.unit == "minutes", date_order=self.dates)
            return plan_time_off(table, date_order=self.dates)

    def save(self, request: TenantRequest, digest: str) -> ImportPlan[Any]:
        """Do what the plan said; raises TableError and what the services refuse."""
        by, at = request.actor.person, timezone.now()
        with self.table() as table:
            if self.kind == "people":
                in_minutes = self.unit == "minutes"
                return import_people(
                    table=table, digest=digest, in_minutes=in_minutes, date_order=self.dates, by=by, at=at
                )
            return import_time_off(table=table, digest=digest, date_order=self.dates, by=by, at=at)


@requires(Permission.EDIT_CAPACITY)
def import_start(request: TenantRequest, kind: str) -> HttpResponse:
    """Take a file of people or of time off and show what it would do."""
    if kind not in KINDS:
        raise Http404("No such import")
    form = ImportForm(request.POST or None, request.FILES or None, kind=kind)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        upload = Upload(kind, data["file"], data.get("unit", "hours"), data["dates"])
        try:
            return _show(request, upload, upload.plan())
        except TableError as error:
            form.add_error("file", error.reason)
    context = {"form": form, "kind": kind, "kinds": _kinds(request, kind), "title": KINDS[kind]}
    return render(request, "capacity/import_start.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Permission.EDIT_CAPACITY)
def import_save(request: TenantRequest, kind: str) -> HttpResponse:
    """Import the file whose preview was seen, all of it or nothing."""
    values = unsigned_file(request.POST.get("file", ""), salt=_salt(request, kind))
    if values is None:
        messages.error(request, "The preview is too old. Upload the file again.")
        return redirect("capacity:import-start", request.organization.slug, kind)
    upload = Upload(kind, **values)
    try:
        plan = upload.plan()
        preview = _preview(request, plan)
        if not preview.may_be_saved:
            return _show(request, upload, plan, preview)
        done = upload.save(request, request.POST.get("digest", ""))
    except TableError as error:
        messages.error(request, error.reason)
        return redirect("capacity:import-start", request.organization.slug, kind)
    except DomainError as error:
        messages.warning(request, error.message)
        return _show(request, upload, upload.plan(), status=409)
    rows = counted(len(done.of("create")) + len(done.of("change")), "row", "rows")
    messages.success(request, f"{rows} imported.")
    return redirect("capacity:pool-list", request.organization.slug)


def _show(
    request: TenantRequest,
    upload: Upload,
    plan: ImportPlan[Any],
    preview: Preview | None = None,
    status: int = 200,
) -> HttpResponse:
    signed = signed_file(
        upload.content, unit=upload.unit, dates=upload.dates, salt=_salt(request, upload.kind)
    )
    context = {
        "plan": plan,
        "kind": upload.kind,
        "title": KINDS[upload.kind],
        "file": signed,
        "preview": preview or _preview(request, plan),
        "created": plan.of("create"),
        "changed": plan.of("change"),
        "same": plan.of("same"),
    }
    return render(request, "capacity/import_preview.html", context, status=status)


def _preview(request: TenantRequest, plan: ImportPlan[Any]) -> Preview:
    first_on = monday_of(timezone.localdate())
    last_on = first_on + timedelta(days=WEEKS_AHEAD * 7 - 1)
    return preview_of(request, plan.pool_ids, plan.unsaved, first_on=first_on, last_on=last_on)


def _salt(request: TenantRequest, kind: str) -> str:
    return f"capacity.import.{kind}.{request.organization.pk}"


def _kinds(request: TenantRequest, kind: str) -> list[dict[str, Any]]:
    slug = request.organization.slug
    return [
        {"label": label, "url": reverse("capacity:import-start", args=[slug, name]), "current": name == kind}
        for name, label in KINDS.items()
    ]
