"""Opens the tenant's transaction around every request that belongs to an organization."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.defaults import page_not_found, permission_denied
from django_htmx.http import HttpResponseClientRedirect

from tenants.access import Actor, AfterCommit
from tenants.errors import NotAllowed
from tenants.models import Organization, User
from tenants.roles import permissions_of
from tenants.scope import tenant_scope
from tenants.services.tokens import actor_of_token
from tenants.tenant_lookup import OrganizationOfPerson, organization_id_of_token, organizations_of

PAGE = re.compile(r"^/o/(?P<slug>[a-z0-9-]+)/")
API = "/api/v1/"
LAST_ORGANIZATION = "organization"  # key of the session


class TenantMiddleware:
    """Finds the organization by URL and person, or by token, and runs the view inside its scope.

    Somebody else's organization answers 404 like one that does not exist. A response of 500 or more, or an
    exception out of the view, rolls everything back: Django has made a response of it before it gets here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, in a tenant's scope where it belongs to one."""
        if request.path_info.startswith(API):
            return self._api(request)
        match = PAGE.match(request.path_info)
        if match is None:
            return self.get_response(request)
        if not isinstance(request.user, User):
            return _to_sign_in(request)
        return self._page(request, request.user, match["slug"])

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Note that the view ended with an exception; answer 403 to what a service does not allow."""
        request.view_raised = True  # type: ignore[attr-defined]
        if isinstance(exception, NotAllowed):
            return permission_denied(request, PermissionDenied(exception.message))
        return None

    def _page(self, request: HttpRequest, person: User, slug: str) -> HttpResponseBase:
        found = next((row for row in organizations_of_request(request) if row.slug == slug), None)
        if found is None:
            return page_not_found(request, Http404("No such organization"))
        if request.session.get(LAST_ORGANIZATION) != slug:
            request.session[LAST_ORGANIZATION] = slug
        with tenant_scope(found.id):
            organization = Organization.objects.get(pk=found.id)
            actor = Actor(person, organization, found.role, permissions_of(found.role))
            response = self._answer(request, actor)
        return _committed(response, actor)

    def _api(self, request: HttpRequest) -> HttpResponseBase:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        organization_id = organization_id_of_token(token.strip()) if scheme.lower() == "bearer" else None
        if organization_id is None:
            return self.get_response(request)
        with tenant_scope(organization_id):
            actor = actor_of_token(token.strip(), at=timezone.now())
            if actor is None:
                return self.get_response(request)
            response = self._answer(request, actor)
        return _committed(response, actor)

    def _answer(self, request: Any, actor: Actor) -> HttpResponseBase:
        request.actor = actor
        request.organization = actor.organization
        # The person's own zone is not asked for: an organization's days are everybody's days.
        with timezone.override(actor.organization.zone):
            response = self.get_response(request)
        if response.status_code >= 500 or getattr(request, "view_raised", False):
            transaction.set_rollback(True)
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = _inside(actor.organization, response.streaming_content)
        return response


def _committed(response: HttpResponseBase, actor: Actor) -> HttpResponseBase:
    """Return the real answer of a view whose work goes on after its transaction."""
    if not isinstance(response, AfterCommit):
        return response
    with timezone.override(actor.organization.zone):
        return response.work()


def organizations_of_request(request: Any) -> list[OrganizationOfPerson]:
    """Return the organizations of the signed-in person, asked for once in a request; none when signed out."""
    if not hasattr(request, "organizations_of_person"):
        is_known = isinstance(request.user, User)
        request.organizations_of_person = organizations_of(request.user.pk) if is_known else []
    found: list[OrganizationOfPerson] = request.organizations_of_person
    return found


def _inside(organization: Organization, parts: Any) -> Iterator[bytes]:
    """Give the parts of a streamed body, made in the tenant's scope: the request's own has ended by then."""
    with tenant_scope(organization.pk), timezone.override(organization.zone):
        yield from parts


def _to_sign_in(request: Any) -> HttpResponse:
    answer = redirect_to_login(request.get_full_path())
    if request.htmx:
        # A fragment's request must not put the sign-in page into the fragment's place.
        answer = redirect_to_login(request.htmx.current_url_abs_path or "/")
        return HttpResponseClientRedirect(answer.url)
    return answer
