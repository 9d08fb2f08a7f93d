"""Changes of capacity for programs: what they would break is said before they are saved."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from capacity.calendars import WHOLE_DAY_MINUTES
from capacity.models import CapacityChange, Pool, Resource
from capacity.selectors.blast_radius import blast_radius
from capacity.services.changes import add_capacity_change, remove_capacity_change
from capacity.services.resources import pool_ids_of
from capacity.services.validating import validate
from capacity.unsaved import NewChange
from tenants.api_changes import created, matched, single
from tenants.api_fields import (
    DayField,
    QueryReferenceField,
    ReferenceField,
    TextField,
    WholeNumberField,
    YesNoField,
)
from tenants.api_paging import PageQuery, page, paged
from tenants.api_reading import StrictSerializer, body_of, found, query_of
from tenants.api_schema import documented
from tenants.api_views import ApiRequest, ApiView
from tenants.errors import DomainError
from tenants.roles import Permission

EXAMPLE = {
    "id": 12,
    "resource": 7,
    "pool": None,
    "starts_on": "2027-03-01",
    "ends_on": "2027-03-05",
    "minutes_per_day": -480,
    "kind": "time_off",
    "reason": "Training",
}
BROKEN = {
    "commitment": 3,
    "reference": "C-1003",
    "title": "24 heat pumps for Nordwind",
    "promised_on": "2027-03-12",
    "short_minutes": 2760,
}


class CapacityChangeSerializer(StrictSerializer):
    """More or fewer minutes a day on a range of days, of one resource or of one pool."""

    id = serializers.IntegerField(read_only=True)
    resource = ReferenceField(allow_null=True, default=None, help_text="Either this or pool")
    pool = ReferenceField(allow_null=True, default=None, help_text="Either this or resource")
    starts_on = DayField()
    ends_on = DayField()
    minutes_per_day = WholeNumberField(
        least=-WHOLE_DAY_MINUTES,
        most=WHOLE_DAY_MINUTES,
        help_text="Signed: time off and outages take away, overtime and extra add",
    )
    kind = serializers.ChoiceField(CapacityChange.Kind.choices)
    reason = TextField(max_length=200, allow_blank=True, default="")


class BrokenPromiseSerializer(serializers.Serializer[Any]):
    """A commitment that fits now and would not any more."""

    commitment = serializers.IntegerField()
    reference = serializers.CharField()
    title = serializers.CharField()
    promised_on = serializers.DateField()
    short_minutes = serializers.IntegerField()


class CapacityChangeEffectSerializer(CapacityChangeSerializer):
    """A change and what it does; `id` is null for a preview."""

    id = serializers.IntegerField(read_only=True, allow_null=True)
    blast_radius = BrokenPromiseSerializer(many=True)


class CapacityChangeQuery(PageQuery):
    """Which changes."""

    resource = QueryReferenceField(required=False)
    pool = QueryReferenceField(required=False)


class PreviewQuery(StrictSerializer):
    """Whether only to ask."""

    preview = YesNoField(
        from_address=True, default=False, help_text="true: say what it would do, save nothing"
    )


class CapacityChangeList(ApiView):
    """All changes, and new ones."""

    permissions = {"GET": Permission.VIEW, "POST": Permission.EDIT_CAPACITY}
    tag = "Capacity"

    @documented("List changes of capacity", answer=paged(CapacityChangeSerializer), query=CapacityChangeQuery)
    def get(self, request: ApiRequest) -> Response:
        """Answer a page of changes."""
        query = query_of(request, CapacityChangeQuery)
        wanted = {f"{name}_id": query[name] for name in ("resource", "pool") if name in query}
        return page(request, CapacityChange.objects.filter(**wanted), query, changes_json)

    @documented(
        "Add a change of capacity",
        answer=CapacityChangeEffectSerializer,
        body=CapacityChangeSerializer,
        query=PreviewQuery,
        status=201,
        more={200: CapacityChangeEffectSerializer},
        example={**EXAMPLE, "blast_radius": [BROKEN]},
        asks=EXAMPLE,
    )
    def post(self, request: ApiRequest) -> Response:
        """Save a change, or with ?preview=true only say which promises it would break."""
        preview = query_of(request, PreviewQuery)["preview"]
        fields = body_of(request, CapacityChangeSerializer)
        change, pool_ids = _unsaved(fields)
        broken = {"blast_radius": _blast_radius(change, pool_ids)}
        if preview:
            return single(request, {**change_json(change), **broken})
        saved = add_capacity_change(
            resource_id=fields.pop("resource"),
            pool_id=fields.pop("pool"),
            **fields,
            by=request.actor.person,
            at=timezone.now(),
        )
        return created(request, {**change_json(saved), **broken})


class CapacityChangeDetail(ApiView):
    """One change."""

    permissions = {"GET": Permission.VIEW, "DELETE": Permission.EDIT_CAPACITY}
    if_match = frozenset({"DELETE"})
    tag = "Capacity"

    @documented("Read a change of capacity", answer=CapacityChangeSerializer, single=True, example=EXAMPLE)
    def get(self, request: ApiRequest, pk: int) -> Response:
        """Answer the change."""
        return single(request, change_json(CapacityChange.objects.get(pk=pk)))

    @documented("Remove a change of capacity", answer=None, status=204)
    def delete(self, request: ApiRequest, pk: int) -> Response:
        """Remove the change."""
        change = matched(request, CapacityChange.objects.all(), pk, change_json)
        remove_capacity_change(change=change, by=request.actor.person, at=timezone.now())
        return Response(status=204)


def changes_json(changes: Sequence[CapacityChange]) -> list[dict[str, Any]]:
    """Return changes as programs see them."""
    return [change_json(change) for change in changes]


def change_json(change: CapacityChange) -> dict[str, Any]:
    """Return a change as programs see it."""
    return {
        "id": change.pk,
        "resource": change.resource_id,
        "pool": change.pool_id,
        "starts_on": change.starts_on,
        "ends_on": change.ends_on,
        "minutes_per_day": change.minutes_per_day,
        "kind": change.kind,
        "reason": change.reason,
    }


def _unsaved(fields: dict[str, Any]) -> tuple[CapacityChange, list[int]]:
    """Return the change as it would be saved and the pools it touches; raise what saving would raise."""
    resource_id, pool_id = fields["resource"], fields["pool"]
    if (resource_id is None) == (pool_id is None):
        raise DomainError("Name either a resource or a pool.", field="resource")
    if pool_id is not None:
        found(Pool.objects.all(), {"pool": pool_id}, noun="pool")
        pool_ids = [pool_id]
    else:
        known = found(Resource.objects.all(), {"resource": resource_id}, noun="resource")
        pool_ids = pool_ids_of(known[resource_id])
    rest = {name: value for name, value in fields.items() if name not in ("resource", "pool")}
    change = CapacityChange(resource_id=resource_id, pool_id=pool_id, **rest)
    validate(change)
    return change, pool_ids


def _blast_radius(change: CapacityChange, pool_ids: Sequence[int]) -> list[dict[str, Any]]:
    unsaved = NewChange(
        kind=change.kind,
        starts_on=change.starts_on,
        ends_on=change.ends_on,
        minutes_per_day=change.minutes_per_day,
        resource_id=change.resource_id,
        pool_id=change.pool_id,
    )
    return [
        {
            "commitment": promise.pk,
            "reference": promise.reference,
            "title": promise.title,
            "promised_on": promise.promised_on,
            "short_minutes": promise.short_minutes,
        }
        for promise in blast_radius(pool_ids, [unsaved])
    ]
