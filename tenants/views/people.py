"""Pages of a person, outside of any organization."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods, require_safe

from tenants.access import TenantRequest, public, requires, signed_in
from tenants.forms import PersonForm
from tenants.middleware import LAST_ORGANIZATION, organizations_of_request
from tenants.models import User
from tenants.roles import Permission


@require_safe
@public
def home(request: HttpRequest) -> HttpResponse:
    """Welcome who is signed out; send who is signed in to the organization they were in last."""
    if not isinstance(request.user, User):
        return render(request, "tenants/welcome.html", {"sign_up_is_open": settings.SIGN_UP_OPEN})
    rows = organizations_of_request(request)
    if not rows:
        return redirect("organization-new")
    last = request.session.get(LAST_ORGANIZATION)
    slug = last if any(row.slug == last for row in rows) else rows[0].slug
    return redirect("tenants:landing", slug=slug)


@require_safe
@requires(Permission.VIEW)
def landing(request: TenantRequest) -> HttpResponse:
    """Send the person to the page where their role begins."""
    for permission, page in settings.LANDING_PAGES:
        if request.actor.may(Permission(permission)):
            try:
                return HttpResponseRedirect(reverse(page, args=[request.organization.slug]))
            except NoReverseMatch:
                continue
    return redirect("person-settings")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def person_settings(request: Any) -> HttpResponse:
    """Change one's name and whether single letters are shortcuts."""
    form = PersonForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your settings are saved.")
        return redirect("person-settings")
    status = 422 if form.is_bound else 200
    return render(request, "tenants/person_settings.html", {"form": form}, status=status)
