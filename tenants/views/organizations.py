"""Making an organization and changing what it decides for all its promises."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from tenants.access import TenantRequest, requires, signed_in
from tenants.errors import DomainError
from tenants.forms import OrganizationForm, OrganizationSettingsForm, add_errors
from tenants.models import Organization
from tenants.roles import Permission
from tenants.services.organizations import change_organization, create_organization


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def organization_new(request: Any) -> HttpResponse:
    """Make an organization; who makes it is its admin."""
    form = OrganizationForm(request.POST or None, initial={"time_zone": "UTC", "currency": "EUR"})
    if request.method == "POST" and form.is_valid():
        try:
            made = create_organization(by=request.user, at=timezone.now(), **form.cleaned_data)
        except (DomainError, ValidationError) as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{made.name} is set up. You are its admin.")
            return redirect("tenants:landing", slug=made.slug)
    status = 422 if form.is_bound else 200
    return render(request, "tenants/organization_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE)
def settings(request: TenantRequest) -> HttpResponse:
    """Change the organization's name, time zone, currency and targets."""
    # The form writes into its instance while it checks; the actor's own must not change by that.
    organization = Organization.objects.get(pk=request.organization.pk)
    form = OrganizationSettingsForm(request.POST or None, instance=organization)
    if request.method == "POST" and form.is_valid():
        change_organization(organization=request.organization, at=timezone.now(), **form.cleaned_data)
        messages.success(request, "The settings are saved.")
        return redirect("tenants:settings", slug=request.organization.slug)
    status = 422 if form.is_bound else 200
    return render(request, "tenants/settings.html", {"form": form}, status=status)
