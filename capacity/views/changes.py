from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from capacity.forms import ChangeForm, add_errors
from capacity.models import CapacityChange, Pool
from capacity.services.changes import add_capacity_change, remove_capacity_change
from capacity.services.resources import pool_ids_of
from capacity.unsaved import WithoutChange
from capacity.views.previewing import Preview, preview_of
from capacity.views.refusals import refusal
from capacity.views.undo import removed_change, undo_token
from capacity.wording import change_words
from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.roles import Permission


@requires(Permission.EDIT_CAPACITY)
def change_create(request: TenantRequest, pool_id: int) -> HttpResponse:
    """Add time off, overtime, an outage or extra capacity; what that would break is shown first."""
    pool = get_object_or_404(Pool, pk=pool_id)
    form = ChangeForm(request.POST or None, pool=pool, whose=request.GET.get("of", ""))
    preview = None
    if request.method == "POST" and form.is_valid():
        try:
            preview = _preview_of_new(request, form)
            if preview.may_be_saved:
                return _add(request, form)
        except (DomainError, ValidationError) as error:
            add_errors(form, error)
    context = {"form": form, "pool": pool, "preview": preview}
    return render(request, "capacity/change_form.html", context, status=422 if form.errors else 200)


def _preview_of_new(request: TenantRequest, form: ChangeForm) -> Preview:
    new = form.unsaved()
    return preview_of(request, [form.pool.pk], [new], first_on=new.starts_on, last_on=new.ends_on)


def _add(request: TenantRequest, form: ChangeForm) -> HttpResponse:
    new = form.unsaved()
    change = add_capacity_change(
        kind=new.kind,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        minutes_per_day=new.minutes_per_day,
        resource_id=new.resource_id,
        pool_id=new.pool_id,
        reason=form.cleaned_data["reason"],
        by=request.actor.person,
        at=timezone.now(),
    )
    messages.success(request, f"{change_words(change)}, is saved.")
    return redirect("capacity:pool-detail", request.organization.slug, form.pool.pk)


@requires(Permission.EDIT_CAPACITY)
def change_remove(request: TenantRequest, change_id: int) -> HttpResponse:
    """Remove a change; what that would break is shown first, and it can be put back."""
    change = get_object_or_404(CapacityChange.objects.select_related("resource", "pool"), pk=change_id)
    pool_ids = [change.pool_id] if change.pool_id else pool_ids_of(change.resource)
    preview = preview_of(
        request, pool_ids, [WithoutChange(change.pk)], first_on=change.starts_on, last_on=change.ends_on
    )
    if preview.may_be_saved:
        return _remove(request, change, pool_ids)
    context = {"change": change, "pool_id": pool_ids[0], "preview": preview}
    return render(request, "capacity/change_remove.html", context)


def _remove(request: TenantRequest, change: CapacityChange, pool_ids: list[int]) -> HttpResponse:
    token = undo_token(change)
    try:
        remove_capacity_change(change=change, by=request.actor.person, at=timezone.now())
    except DomainError as error:
        messages.error(request, refusal(error))
        return redirect("capacity:pool-detail", request.organization.slug, pool_ids[0])
    address = reverse("capacity:pool-detail", args=[request.organization.slug, pool_ids[0]])
    return HttpResponseRedirect(f"{address}?{urlencode({'removed': token})}")


@require_POST
@requires(Permission.EDIT_CAPACITY)
def change_restore(request: TenantRequest, pool_id: int) -> HttpResponse:
    """Put back a change that was removed a moment ago."""
    pool = get_object_or_404(Pool, pk=pool_id)
    values = removed_change(request, request.POST.get("removed", ""))
    if values is None:
        messages.error(request, "It is too long ago to put this back. Add it again.")
    else:
        words = values.pop("words")
        try:
            add_capacity_change(**values, by=request.actor.person, at=timezone.now())
        except (DomainError, ValidationError) as error:
            messages.error(request, refusal(error))
        else:
            messages.success(request, f"{words}, is back.")
    return redirect("capacity:pool-detail", request.organization.slug, pool.pk)
