"""Pages that show connections: the list, and for each one how it does, its mapping, its history."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from integrations.forms.connections import MappingForm
from integrations.models import Connection
from integrations.selectors import connections as of_connections
from integrations.services.syncing import mapping
from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.roles import Permission

TABS = (
    ("Overview", "connection-detail"),
    ("Mapping", "connection-mapping"),
    ("Sync history", "connection-history"),
    ("What we write back", "connection-written"),
)


@require_safe
@requires(Permission.MANAGE)
def connection_list(request: TenantRequest) -> HttpResponse:
    """Show every connection with its health, and the CRMs that could be connected."""
    context = {"cards": of_connections.cards(at=timezone.now())}
    return render(request, "integrations/connection_list.html", context)


@never_cache
@require_safe
@requires(Permission.MANAGE)
def connection_detail(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Show how a connection does and what can be done with it."""
    connection = get_object_or_404(Connection, pk=connection_id)
    return _page(request, connection, "connection_detail", _overview(connection))


def _overview(connection: Connection) -> dict[str, Any]:
    rows = of_connections.mapping_rows(connection)
    written = of_connections.write_backs(connection)
    run = of_connections.running_run(connection)
    return {
        "rows": rows,
        "written": written,
        "run": run,
        "next_turn": of_connections.next_turn(connection),
        "facts": _facts(connection, rows, written),
    }


def _facts(connection: Connection, rows: Any, written: dict[str, Any]) -> list[dict[str, Any]]:
    unmapped = sum(row.without for row in rows.unmapped_products)
    facts = [
        {"label": "Deals here", "value": f"{sum(row.deals for row in rows.stages):,}"},
        {"label": "Without an offering", "value": f"{unmapped:,}", "bad": unmapped > 0},
    ]
    if not of_connections.can_write(connection):
        return facts
    return [
        *facts,
        {"label": "Verdicts written", "value": f"{written['written']:,}"},
        {"label": "Refused there", "value": f"{written['refused']:,}", "bad": written["refused"] > 0},
    ]


@never_cache
@require_safe
@requires(Permission.MANAGE)
def connection_progress(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Answer the progress of a first import; the page is shown anew when it has ended."""
    connection = get_object_or_404(Connection, pk=connection_id)
    run = of_connections.running_run(connection)
    if run is None:
        return HttpResponseClientRefresh()
    return render(request, "integrations/_connection_progress.html", {"connection": connection, "run": run})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE)
def connection_mapping(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Show and take what the CRM's words mean."""
    connection = get_object_or_404(Connection, pk=connection_id)
    rows = of_connections.mapping_rows(connection)
    form = MappingForm(request.POST if request.method == "POST" else None, connection=connection, rows=rows)
    if request.method == "POST" and form.is_valid():
        try:
            mapping.save_mapping(connection=connection, by=request.actor, at=timezone.now(), **form.said())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "Saved. Deals are read again with these meanings.")
            return redirect("integrations:connection-detail", request.organization.slug, connection.pk)
    status = 422 if form.is_bound else 200
    return _page(request, connection, "connection_mapping", {"form": form, "rows": rows}, status=status)


@require_safe
@requires(Permission.MANAGE)
def connection_history(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Show each time of reading and what came of it."""
    connection = get_object_or_404(Connection, pk=connection_id)
    context = {
        "history": of_connections.history(connection),
        "ticks": of_connections.ticks(connection),
    }
    return _page(request, connection, "connection_history", context)


@require_safe
@requires(Permission.MANAGE)
def connection_written(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Show what was written back, and what the CRM refused."""
    connection = get_object_or_404(Connection, pk=connection_id)
    context = {"written": of_connections.write_backs(connection)}
    return _page(request, connection, "connection_written", context)


def _page(
    request: TenantRequest, connection: Connection, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    here = name.replace("_", "-")
    tabs = [
        {
            "label": label,
            "url": reverse(f"integrations:{page}", args=[request.organization.slug, connection.pk]),
            "current": page == here,
        }
        for label, page in TABS
    ]
    around = {
        "connection": connection,
        "can_write": of_connections.can_write(connection),
        "has_vendor": of_connections.vendor_of(connection) is not None,
        "health": of_connections.health_of(connection, at=timezone.now()),
        "tabs_here": tabs,
    }
    return render(request, f"integrations/{name}.html", around | context, status=status)
