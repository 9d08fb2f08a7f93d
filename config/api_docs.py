"""The API's own description: the OpenAPI schema, a page drawn from it, and what is said off its map."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.settings import patched_settings
from drf_spectacular.validation import validate_schema
from rest_framework.exceptions import NotFound

from config.api_chapters import Chapter, chapters_of
from feasibility import Verdict
from tenants.access import public
from tenants.api_schema import REFUSALS
from tenants.api_views import ApiView

#: Names of the sets of words that several objects use.
ENUMS = {
    "VerdictWord": [each.value for each in Verdict],
    "CapacityChangeKind": "capacity.models.CapacityChange.Kind",
    "FlagKind": "commitments.models.Flag.Kind",
    "ConnectionStatus": "integrations.models.Connection.Status",
    "StageMeaning": "integrations.models.Connection.StageMeaning",
    "RunKind": "integrations.models.SyncRun.Kind",
    "RunStatus": "integrations.models.SyncRun.Status",
    "CommitmentState": "commitments.models.Commitment.State",
    "DealStatus": "commitments.models.Deal.Status",
    "Side": "commitments.models.LedgerEvent.Side",
    "Role": "tenants.roles.Role",
    "Permission": "tenants.roles.Permission",
}


class NothingHere(ApiView):
    """Every address under /api/v1/ that is not one: a problem, not a page."""

    authentication_classes = ()
    permission_classes = ()
    schema = None  # type: ignore[assignment]

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Raise NotFound for any verb."""
        hint = "" if request.path.endswith("/") else f" Addresses end with a slash: {request.path}/"
        raise NotFound(f"There is nothing at {request.path}.{hint}")


@cache
def description() -> dict[str, Any]:
    """Return the OpenAPI description; raise ValidationError when it is not a valid one."""
    with patched_settings({"ENUM_NAME_OVERRIDES": ENUMS}):
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]
        described: dict[str, Any] = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    validate_schema(described)  # type: ignore[no-untyped-call]
    return described


@cache
def _description_text() -> bytes:
    rendered: bytes = OpenApiJsonRenderer().render(description(), renderer_context={})
    return rendered


@public
@require_safe
def api_schema(request: HttpRequest) -> HttpResponse:
    """Answer the OpenAPI description as JSON, which YAML readers read too."""
    return HttpResponse(_description_text(), content_type="application/json")


@cache
def _chapters() -> tuple[Chapter, ...]:
    return chapters_of(description())


@public
@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """Show the description as a page."""
    return render(
        request, "config/api_docs.html", {"chapters": _chapters(), "refusals": tuple(REFUSALS.items())}
    )
