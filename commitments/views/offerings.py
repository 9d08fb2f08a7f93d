"""Offerings: what can be promised and the work it takes."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from commitments.forms.errors import add_errors
from commitments.forms.offerings import (
    OfferingForm,
    ProductForm,
    StageForm,
    pool_choices,
    stage_values,
    typed_routing,
)
from commitments.forms.rows import Rows
from commitments.models import Offering
from commitments.selectors.offering_lists import (
    offering_page,
    offerings_with_stages,
    open_count,
    routing_words,
    unmapped_products,
)
from commitments.services.offerings import (
    MOST_STAGES,
    archive_offering,
    change_offering,
    create_offering,
    map_product,
)
from commitments.views.offering_words import stage_rows, summary_of, takes_words
from commitments.views.paging import page_urls
from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.roles import Permission
from ui.formatting import counted


@require_safe
@requires(Permission.VIEW)
def offering_list(request: TenantRequest) -> HttpResponse:
    """List what can be promised, and the products of deals that are no offering yet."""
    archived = "archived" in request.GET
    page = offering_page(cursor=request.GET.get("after", ""), archived=archived)
    may_edit = request.actor.may(Permission.EDIT_CAPACITY)
    context = {
        "rows": [(row, summary_of(row.routing)) for row in page.items],
        "archived": archived,
        "may_edit": may_edit,
        "products": [] if archived else unmapped_products(),
        "choices": _choices() if may_edit and not archived else [],
        **page_urls(request, page),
    }
    return render(request, "commitments/offering_list.html", context)


def _choices() -> list[tuple[int, str]]:
    rows = Offering.objects.filter(archived_at=None).order_by("name", "pk")
    return list(rows.values_list("pk", "name"))


@require_safe
@requires(Permission.VIEW)
def offering_detail(request: TenantRequest, offering_id: int) -> HttpResponse:
    """Show an offering: its stages and what a promise of it takes."""
    offering = get_object_or_404(offerings_with_stages(), pk=offering_id)
    routing = routing_words(offering)
    context = {
        "offering": offering,
        "stages": stage_rows(offering),
        "summary": summary_of(routing),
        "takes": takes_words(routing, offering.unit),
        "open_count": open_count(offering),
        "may_edit": request.actor.may(Permission.EDIT_CAPACITY) and offering.archived_at is None,
    }
    return render(request, "commitments/offering_detail.html", context)


@requires(Permission.EDIT_CAPACITY)
def offering_create(request: TenantRequest) -> HttpResponse:
    """Describe something new that can be promised."""
    return _offering_form(request, None)


@requires(Permission.EDIT_CAPACITY)
def offering_change(request: TenantRequest, offering_id: int) -> HttpResponse:
    """Change an offering's names and stages; promises already made keep their work."""
    in_use = offerings_with_stages().filter(archived_at=None)
    return _offering_form(request, get_object_or_404(in_use, pk=offering_id))


def _offering_form(request: TenantRequest, offering: Offering | None) -> HttpResponse:
    stages = list(offering.stages.all()) if offering else []
    pools = pool_choices(stages)
    rows: Rows[StageForm] = Rows(
        StageForm,
        "stage",
        data=request.POST if request.method == "POST" else None,
        initial=[stage_values(stage) for stage in stages] or [{}],
        most=MOST_STAGES,
        pools=pools,
    )
    form = _names_form(request, offering, rows)
    if rows.is_bound and (saved := _saved(request, offering, form, rows)):
        messages.success(request, f"{saved} is saved. Promises already made keep their work.")
        return redirect("commitments:offering-detail", request.organization.slug, saved.pk)
    context: dict[str, Any] = {
        "form": form,
        "rows": rows,
        "offering": offering,
        "has_pools": bool(pools),
        "takes": takes_words(typed_routing(rows), form["unit"].value() or "unit"),
    }
    return render(request, "commitments/offering_form.html", context, status=422 if rows.is_bound else 200)


def _names_form(request: TenantRequest, offering: Offering | None, rows: Rows[StageForm]) -> OfferingForm:
    if rows.is_bound:
        return OfferingForm(request.POST, offering=offering)
    typed = (
        {name: request.POST.get(name, "") for name in OfferingForm.base_fields} if rows.is_changing else {}
    )
    return OfferingForm(offering=offering, initial=typed)


def _saved(
    request: TenantRequest, offering: Offering | None, form: OfferingForm, rows: Rows[StageForm]
) -> Offering | None:
    """Save; None, with the reasons in the forms, when it was refused."""
    if not all([form.is_valid(), rows.is_valid()]):
        return None
    stages = [row.terms() for row in rows.filled()]
    name, unit = form.cleaned_data["name"], form.cleaned_data["unit"]
    by, at = request.actor, timezone.now()
    try:
        if offering is None:
            return create_offering(name=name, unit=unit, stages=stages, by=by, at=at)
        return change_offering(offering=offering, name=name, unit=unit, stages=stages, by=by, at=at)
    except (DomainError, ValidationError) as error:
        add_errors(form, error)
        return None


@require_POST
@requires(Permission.EDIT_CAPACITY)
def offering_archive(request: TenantRequest, offering_id: int) -> HttpResponse:
    """Take an offering out of use."""
    offering = get_object_or_404(Offering, pk=offering_id)
    archive_offering(offering=offering, by=request.actor, at=timezone.now())
    messages.success(request, f"{offering} is out of use. What was promised of it stays.")
    return redirect("commitments:offering-list", request.organization.slug)


@require_POST
@requires(Permission.EDIT_CAPACITY)
def offering_map(request: TenantRequest) -> HttpResponse:
    """Say which offering a product of the deals is."""
    form = ProductForm(request.POST)
    back = redirect("commitments:offering-list", request.organization.slug)
    if not form.is_valid():
        messages.error(request, "Choose the offering that the product is.")
        return back
    offering = get_object_or_404(Offering, pk=form.cleaned_data["offering"])
    product = form.cleaned_data["product"]
    try:
        count = map_product(product_name=product, offering=offering, by=request.actor, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
        return back
    lines = counted(count, "line", "lines")
    messages.success(
        request, f"“{product}” is {offering} now, in {lines} of deals. They are judged in a moment."
    )
    return back
