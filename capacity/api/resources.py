"""Resources for programs: people, crews and machines with their working week."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from capacity.calendars import WHOLE_DAY_MINUTES
from capacity.models import Pool, Resource
from capacity.services.resources import change_resource, create_resource
from tenants.api_changes import created, matched, single
from tenants.api_fields import DayField, QueryReferenceField, ReferenceField, TextField, WholeNumberField
from tenants.api_paging import PageQuery, page, paged
from tenants.api_reading import StrictSerializer, body_of, found, query_of
from tenants.api_schema import documented
from tenants.api_views import ApiRequest, ApiView
from tenants.roles import Permission

EXAMPLE = {
    "id": 7,
    "name": "Crew North",
    "pools": [1],
    "weekly_minutes": [480, 480, 480, 480, 360, 0, 0],
    "time_zone": "Europe/Berlin",
    "holidays": "DE-HH",
    "active_from": "2027-01-01",
    "active_until": None,
}


class ResourceSerializer(StrictSerializer):
    """A person, crew or machine with a working week."""

    id = serializers.IntegerField(read_only=True)
    name = TextField(max_length=120)
    pools = serializers.ListField(child=ReferenceField(), max_length=50, help_text="Where it works")
    weekly_minutes = serializers.ListField(
        child=WholeNumberField(most=WHOLE_DAY_MINUTES),
        min_length=7,
        max_length=7,
        allow_null=True,
        default=None,
        help_text="Minutes a day, Monday first; null: not known, which is not zero",
    )
    time_zone = TextField(max_length=64, allow_blank=True, default="", help_text="As in Europe/Berlin")
    holidays = TextField(max_length=16, allow_null=True, default=None, help_text='As in "US-CA"')
    active_from = DayField(allow_null=True, default=None)
    active_until = DayField(allow_null=True, default=None)


class ResourceQuery(PageQuery):
    """Which resources."""

    pool = QueryReferenceField(required=False, help_text="Only those of this pool")


class ResourceList(ApiView):
    """All resources, and new ones."""

    permissions = {"GET": Permission.VIEW, "POST": Permission.EDIT_CAPACITY}
    tag = "Capacity"

    @documented("List resources", answer=paged(ResourceSerializer), query=ResourceQuery)
    def get(self, request: ApiRequest) -> Response:
        """Answer a page of resources."""
        query = query_of(request, ResourceQuery)
        rows = _resources()
        if "pool" in query:
            rows = rows.filter(memberships__pool_id=query["pool"])
        return page(request, rows, query, resources_json)

    @documented(
        "Add a resource",
        answer=ResourceSerializer,
        body=ResourceSerializer,
        status=201,
        example=EXAMPLE,
        asks=EXAMPLE,
    )
    def post(self, request: ApiRequest) -> Response:
        """Save a new resource in its pool."""
        fields = _fields(body_of(request, ResourceSerializer))
        made = create_resource(**fields, by=request.actor.person, at=timezone.now())
        return created(request, resource_json(_resources().get(pk=made.pk)))


class ResourceDetail(ApiView):
    """One resource."""

    permissions = {"GET": Permission.VIEW, "PATCH": Permission.EDIT_CAPACITY}
    if_match = frozenset({"PATCH"})
    tag = "Capacity"

    @documented("Read a resource", answer=ResourceSerializer, single=True, example=EXAMPLE)
    def get(self, request: ApiRequest, pk: int) -> Response:
        """Answer the resource."""
        return single(request, resource_json(_resources().get(pk=pk)))

    @documented("Change a resource", answer=ResourceSerializer, body=ResourceSerializer, example=EXAMPLE)
    def patch(self, request: ApiRequest, pk: int) -> Response:
        """Change the fields that are sent."""
        fields = _fields(body_of(request, ResourceSerializer, only_sent=True))
        resource = matched(request, _resources(), pk, resource_json)
        change_resource(resource=resource, by=request.actor.person, at=timezone.now(), **fields)
        return single(request, resource_json(_resources().get(pk=pk)))


def resources_json(resources: Sequence[Resource]) -> list[dict[str, Any]]:
    """Return resources, read with their memberships, as programs see them."""
    return [resource_json(resource) for resource in resources]


def resource_json(resource: Resource) -> dict[str, Any]:
    """Return a resource as programs see it."""
    return {
        "id": resource.pk,
        "name": resource.name,
        "pools": sorted(membership.pool_id for membership in resource.memberships.all()),
        "weekly_minutes": resource.weekly_minutes,
        "time_zone": resource.time_zone,
        "holidays": resource.holidays or None,
        "active_from": resource.active_from,
        "active_until": resource.active_until,
    }


def _resources() -> QuerySet[Resource]:
    return Resource.objects.prefetch_related("memberships")


def _fields(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body in the service's words; raise UnknownReference for a pool that is not there."""
    fields = dict(body)
    if "pools" in fields:
        ids = {f"pools.{number}": pool_id for number, pool_id in enumerate(fields.pop("pools"))}
        fields["pool_ids"] = list(found(Pool.objects.all(), ids, noun="pool"))
    if "holidays" in fields:
        fields["holidays"] = fields["holidays"] or ""
    return fields
