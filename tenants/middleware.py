"""Opens the tenant's transaction around every request that belongs to an organization."""

import re
from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from tenants.access import Actor
from tenants.models import Membership, Organization
from tenants.scope import tenant_scope
from tenants.services.tokens import actor_of_token
from tenants.tenant_lookup import organization_id_of_token, organizations_of

PAGE = re.compile(r"^/o/(?P<slug>[a-z0-9-]+)/")
API = "/api/v1/"


class TenantMiddleware:
    """Finds the organization by URL and person, or by token, and runs the view inside its scope.

    Somebody else's organization answers 404 like one that does not exist. A response of 500 or more rolls
    everything back: Django has turned the exception into a response before it gets here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, in a tenant's scope where it belongs to one."""
        if request.path.startswith(API):
            return self._api(request)
        match = PAGE.match(request.path)
        if match is None:
            return self.get_response(request)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return self._page(request, match["slug"])

    def _page(self, request: HttpRequest, slug: str) -> HttpResponse:
        assert request.user.is_authenticated
        found = [row for row in organizations_of(request.user.pk) if row.slug == slug]
        if not found:
            return _not_found(request)
        with tenant_scope(found[0].id):
            membership = Membership.objects.get(person=request.user)
            organization = Organization.objects.get(pk=found[0].id)
            _enter(request, Actor(request.user, organization, membership.role, membership.permissions))
            return _rolled_back_on_error(self.get_response(request))

    def _api(self, request: HttpRequest) -> HttpResponse:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        organization_id = organization_id_of_token(token.strip()) if scheme.lower() == "bearer" else None
        if organization_id is None:
            return self.get_response(request)
        with tenant_scope(organization_id):
            actor = actor_of_token(token.strip(), at=timezone.now())
            if actor is not None:
                _enter(request, actor)
            return _rolled_back_on_error(self.get_response(request))


def _enter(request: HttpRequest, actor: Actor) -> None:
    request.actor = actor  # type: ignore[attr-defined]
    request.organization = actor.organization  # type: ignore[attr-defined]
    # The person's own zone is not asked for: an organization's days are everybody's days.
    timezone.activate(actor.organization.zone)


def _rolled_back_on_error(response: HttpResponse) -> HttpResponse:
    if response.status_code >= 500:
        transaction.set_rollback(True)
    return response


def _not_found(request: HttpRequest) -> HttpResponse:
    from django.views.defaults import page_not_found

    return page_not_found(request, Http404("No such organization"))
