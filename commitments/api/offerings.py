"""Offerings and their routings for programs."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from capacity.models import Pool
from commitments.models import Offering
from commitments.services.offerings import MOST_STAGES, StageTerms, change_offering, create_offering
from tenants.api_changes import created, matched, single
from tenants.api_fields import ReferenceField, TextField, WholeNumberField
from tenants.api_paging import PageQuery, page, paged
from tenants.api_reading import StrictSerializer, body_of, found, query_of
from tenants.api_schema import documented
from tenants.api_views import ApiRequest, ApiView
from tenants.roles import Permission

MOST_MINUTES, MOST_LAG_DAYS = 10_000_000, 3650
EXAMPLE = {
    "id": 2,
    "name": "Heat pump, installed",
    "unit": "heat pump",
    "stages": [
        {"pool": 1, "minutes_per_unit": 240, "setup_minutes": 60, "lag_days": 0, "max_minutes_per_day": None},
        {"pool": 2, "minutes_per_unit": 480, "setup_minutes": 0, "lag_days": 2, "max_minutes_per_day": 960},
    ],
    "archived_at": None,
}


class StageSerializer(StrictSerializer):
    """One stage of a routing; it begins when the stage before it and the lag are over."""

    pool = ReferenceField()
    minutes_per_unit = WholeNumberField(most=MOST_MINUTES)
    setup_minutes = WholeNumberField(most=MOST_MINUTES, default=0)
    lag_days = WholeNumberField(most=MOST_LAG_DAYS, default=0, help_text="Lead time before it")
    max_minutes_per_day = WholeNumberField(
        least=1, allow_null=True, default=None, help_text="The most that can be worked on it in a day"
    )


class OfferingSerializer(StrictSerializer):
    """What can be promised, and the work that one unit of it takes."""

    id = serializers.IntegerField(read_only=True)
    name = TextField(max_length=160)
    unit = TextField(max_length=40, default="unit", help_text="What one is called")
    stages: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=StageSerializer(), max_length=MOST_STAGES, help_text="In sequence"
    )
    archived_at = serializers.DateTimeField(read_only=True, allow_null=True, help_text="Out of use since")


class OfferingList(ApiView):
    """All offerings, and new ones."""

    permissions = {"GET": Permission.VIEW, "POST": Permission.EDIT_CAPACITY}
    tag = "Offerings"

    @documented("List offerings in use", answer=paged(OfferingSerializer), query=PageQuery)
    def get(self, request: ApiRequest) -> Response:
        """Answer a page of the offerings in use."""
        return page(
            request, _offerings().filter(archived_at=None), query_of(request, PageQuery), offerings_json
        )

    @documented(
        "Add an offering",
        answer=OfferingSerializer,
        body=OfferingSerializer,
        status=201,
        example=EXAMPLE,
        asks=EXAMPLE,
    )
    def post(self, request: ApiRequest) -> Response:
        """Save a new offering with its routing."""
        fields = _fields(body_of(request, OfferingSerializer))
        offering = create_offering(**fields, by=request.actor, at=timezone.now())
        return created(request, offering_json(_offerings().get(pk=offering.pk)))


class OfferingDetail(ApiView):
    """One offering."""

    permissions = {"GET": Permission.VIEW, "PATCH": Permission.EDIT_CAPACITY}
    if_match = frozenset({"PATCH"})
    tag = "Offerings"

    @documented("Read an offering", answer=OfferingSerializer, single=True, example=EXAMPLE)
    def get(self, request: ApiRequest, pk: int) -> Response:
        """Answer the offering."""
        return single(request, offering_json(_offerings().get(pk=pk)))

    @documented("Change an offering", answer=OfferingSerializer, body=OfferingSerializer, example=EXAMPLE)
    def patch(self, request: ApiRequest, pk: int) -> Response:
        """Change the fields that are sent; stages are replaced as a whole. Approved promises keep theirs."""
        fields = _fields(body_of(request, OfferingSerializer, only_sent=True))
        offering = matched(request, _offerings(), pk, offering_json)
        change_offering(offering=offering, by=request.actor, at=timezone.now(), **fields)
        return single(request, offering_json(_offerings().get(pk=pk)))


def offerings_json(offerings: Sequence[Offering]) -> list[dict[str, Any]]:
    """Return offerings, read with their stages, as programs see them."""
    return [offering_json(offering) for offering in offerings]


def offering_json(offering: Offering) -> dict[str, Any]:
    """Return an offering as programs see it."""
    names = ("minutes_per_unit", "setup_minutes", "lag_days", "max_minutes_per_day")
    return {
        "id": offering.pk,
        "name": offering.name,
        "unit": offering.unit,
        "stages": [
            {"pool": stage.pool_id, **{name: getattr(stage, name) for name in names}}
            for stage in offering.stages.all()
        ],
        "archived_at": offering.archived_at,
    }


def _offerings() -> QuerySet[Offering]:
    return Offering.objects.prefetch_related("stages")


def _fields(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body in the service's words; raise UnknownReference for a pool that is not there."""
    if "stages" not in body:
        return body
    ids = {f"stages.{number}.pool": stage["pool"] for number, stage in enumerate(body["stages"])}
    found(Pool.objects.all(), ids, noun="pool")
    stages = [
        StageTerms(pool_id=stage["pool"], **{name: stage[name] for name in stage if name != "pool"})
        for stage in body["stages"]
    ]
    return {**body, "stages": stages}
