"""Guards of views: who may open what. Every view carries one; a test walks all URLs and asserts it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import BasePermission

from tenants.errors import NotAllowed
from tenants.models import Membership, Organization, User
from tenants.roles import Permission

View = TypeVar("View", bound=Callable[..., HttpResponse])


@dataclass(frozen=True)
class Actor:
    """A person acting for an organization, with what they may do there."""

    person: User
    organization: Organization
    role: str
    permissions: frozenset[Permission]

    def may(self, permission: Permission) -> bool:
        """Return whether the actor has the permission."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise NotAllowed when the actor lacks the permission."""
        if permission not in self.permissions:
            raise NotAllowed(f"Your role does not allow this: {permission.label.lower()}.")


def actor_of(membership: Membership) -> Actor:
    """Return the member as an actor, with everything the role allows."""
    return Actor(membership.person, membership.organization, membership.role, membership.permissions)


class TenantRequest(HttpRequest):
    """A request inside an organization, as the middleware hands it to a guarded view."""

    actor: Actor
    organization: Organization
    htmx: Any


class AfterCommit(HttpResponse):
    """What a view answers whose work goes on at somebody else's server: `work` gives the real answer.

    It is called when the request's transaction is committed, outside any scope, so that nothing is locked
    meanwhile and what is stored on the way (a token that was rotated) outlives a failure.
    """

    def __init__(self, work: Callable[[], HttpResponse]) -> None:
        super().__init__(status=202)
        self.work = work


def requires(permission: Permission) -> Callable[[View], View]:
    """Guard a page inside an organization: 403 without the permission (404 and sign-in come before)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            kwargs.pop("slug", None)
            if not request.actor.may(permission):
                raise PermissionDenied(f"Your role does not allow this: {permission.label.lower()}.")
            return view(request, *args, **kwargs)

        guarded.required_permission = permission  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def public(view: View) -> View:
    """Mark a page that anybody may open."""
    view.required_permission = None  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Guard a page outside organizations that needs a signed-in person."""
    from django.contrib.auth.decorators import login_required

    guarded = login_required(view)
    guarded.required_permission = "signed-in"  # type: ignore[attr-defined]
    return guarded


class HasPermission(BasePermission):
    """API guard: the view names `permissions = {"GET": Permission.VIEW, ...}`; an unnamed verb is refused."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Return whether the token's actor has the permission of this verb."""
        wanted = view.permissions.get(request.method)
        if wanted is None or getattr(request, "actor", None) is None:
            return False
        return bool(request.actor.may(wanted))
