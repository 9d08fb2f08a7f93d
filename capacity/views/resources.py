from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from capacity.forms import ResourceForm, add_errors
from capacity.models import Pool, Resource
from capacity.selectors.pools import WEEKS_AHEAD, monday_of
from capacity.services.resources import change_resource, create_resource, pool_ids_of
from capacity.views.previewing import Preview, preview_of
from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.roles import Permission


@requires(Permission.EDIT_CAPACITY)
def resource_create(request: TenantRequest, pool_id: int) -> HttpResponse:
    """Add a person, crew or machine to a pool."""
    return _resource_form(request, get_object_or_404(Pool, pk=pool_id), None)


@requires(Permission.EDIT_CAPACITY)
def resource_change(request: TenantRequest, resource_id: int) -> HttpResponse:
    """Change a person's hours, holidays, pool, first and last day; what that would break is shown first."""
    resource = get_object_or_404(Resource, pk=resource_id)
    return _resource_form(request, resource.pools.order_by("pk").first(), resource)


@require_safe
@requires(Permission.EDIT_CAPACITY)
def resource_regions(request: TenantRequest) -> HttpResponse:
    """Give the region field for the country just chosen."""
    form = ResourceForm(draft={"country": request.GET.get("country", "")})
    return render(request, "capacity/_region.html", {"form": form})


def _resource_form(request: TenantRequest, pool: Pool | None, resource: Resource | None) -> HttpResponse:
    if "show_regions" in request.POST:  # without scripts the regions of a country need a round trip
        draft = request.POST.dict() | {"region": ""}
        return _show(request, ResourceForm(resource=resource, pool=pool, draft=draft), pool, None)
    form = ResourceForm(request.POST or None, resource=resource, pool=pool)
    preview = None
    if request.method == "POST" and form.is_valid():
        try:
            preview = _preview(request, form)
            if preview.may_be_saved:
                return _save(request, form)
        except (DomainError, ValidationError) as error:
            add_errors(form, error)
    return _show(request, form, pool, preview)


def _show(
    request: TenantRequest, form: ResourceForm, pool: Pool | None, preview: Preview | None
) -> HttpResponse:
    context = {"form": form, "pool": pool, "resource": form.resource, "preview": preview}
    return render(request, "capacity/resource_form.html", context, status=422 if form.errors else 200)


def _preview(request: TenantRequest, form: ResourceForm) -> Preview:
    """Tell what the form would do in the weeks ahead to the pool it is in and the one it comes to."""
    unsaved = form.unsaved()
    old = pool_ids_of(form.resource) if form.resource else []
    first_on = monday_of(timezone.localdate())
    return preview_of(
        request,
        {*old, *unsaved.pool_ids},
        [unsaved],
        first_on=first_on,
        last_on=first_on + timedelta(days=WEEKS_AHEAD * 7 - 1),
    )


def _save(request: TenantRequest, form: ResourceForm) -> HttpResponse:
    by, at, fields = request.actor.person, timezone.now(), form.resource_fields()
    if form.resource is None:
        saved = create_resource(**fields, by=by, at=at)
    else:
        saved = change_resource(resource=form.resource, by=by, at=at, **fields)
    messages.success(request, f"{saved} is saved.")
    return redirect("capacity:pool-detail", request.organization.slug, form.cleaned_data["pool"].pk)
