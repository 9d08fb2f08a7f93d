"""Pages that end in every way, each after writing an invitation: for tests of the middleware."""

from collections.abc import Iterator
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import include, path
from django.utils import timezone

from tenants.errors import NotAllowed
from tenants.models import Invitation


def _write() -> None:
    Invitation.objects.create(
        email="erin@acme.example",
        role="viewer",
        secret_digest="x",
        expires_at=timezone.now() + timedelta(days=1),
    )


def written(request: HttpRequest, slug: str) -> HttpResponse:
    """Write and answer with the status that is asked for."""
    _write()
    return HttpResponse(status=int(request.GET["status"]))


def broken(request: HttpRequest, slug: str) -> HttpResponse:
    """Write and fail."""
    _write()
    raise {
        "crash": ZeroDivisionError("x"),
        "missing": Http404("x"),
        "denied": PermissionDenied("x"),
        "not-allowed": NotAllowed("Only admins may."),
    }[request.GET["how"]]


def streamed(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Ask the database while the body is sent."""

    def body() -> Iterator[str]:
        yield str(Invitation.objects.count())
        yield f" {timezone.get_current_timezone_name()}"

    return StreamingHttpResponse(body())


def zone(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Say the time zone."""
    return HttpResponse(timezone.get_current_timezone_name())


inside = [
    path("written/", written),
    path("broken/", broken),
    path("streamed/", streamed),
    path("zone/", zone),
]
urlpatterns = [
    path("o/<slug:slug>/", include(inside)),
    path("zone/", zone),
    path("", include("config.urls")),
]
