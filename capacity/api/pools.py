"""Pools for programs."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from capacity.models import Pool
from capacity.services.pools import change_pool, create_pool
from tenants.api_changes import created, matched, single
from tenants.api_fields import MoneyField, TextField, WholeNumberField, money_json
from tenants.api_paging import PageQuery, page, paged
from tenants.api_reading import StrictSerializer, body_of, query_of
from tenants.api_schema import documented
from tenants.api_views import ApiRequest, ApiView
from tenants.errors import DomainError
from tenants.models import Organization
from tenants.roles import Permission

EXAMPLE = {
    "id": 1,
    "name": "Electricians",
    "location": "Hamburg",
    "safety_buffer_percent": 10,
    "overtime_minutes_per_day": 120,
    "overtime_cost_per_hour": {"amount": "65.00", "currency": "EUR"},
    "archived_at": None,
}


class PoolSerializer(StrictSerializer):
    """People or machines that can do one kind of work in one place."""

    id = serializers.IntegerField(read_only=True)
    name = TextField(max_length=120)
    location = TextField(max_length=120, allow_blank=True, default="")
    safety_buffer_percent = WholeNumberField(most=90, default=0, help_text="Kept free on every day")
    overtime_minutes_per_day = WholeNumberField(most=144_000, default=0, help_text="The most a day")
    overtime_cost_per_hour = MoneyField(
        allow_null=True, default=None, help_text="In the organization's currency"
    )
    archived_at = serializers.DateTimeField(read_only=True, allow_null=True, help_text="Out of use since")


class PoolList(ApiView):
    """All pools, and new ones."""

    permissions = {"GET": Permission.VIEW, "POST": Permission.EDIT_CAPACITY}
    tag = "Capacity"

    @documented("List pools in use", answer=paged(PoolSerializer), query=PageQuery)
    def get(self, request: ApiRequest) -> Response:
        """Answer a page of the pools in use."""

        def represent(pools: Sequence[Pool]) -> list[dict[str, Any]]:
            return [pool_json(pool, request.actor.organization) for pool in pools]

        return page(request, Pool.objects.filter(archived_at=None), query_of(request, PageQuery), represent)

    @documented(
        "Add a pool", answer=PoolSerializer, body=PoolSerializer, status=201, example=EXAMPLE, asks=EXAMPLE
    )
    def post(self, request: ApiRequest) -> Response:
        """Save a new pool; without resources its capacity is missing, not zero."""
        fields = _with_cost(body_of(request, PoolSerializer), request.actor.organization)
        pool = create_pool(**fields, by=request.actor.person, at=timezone.now())
        return created(request, pool_json(pool, request.actor.organization))


class PoolDetail(ApiView):
    """One pool."""

    permissions = {"GET": Permission.VIEW, "PATCH": Permission.EDIT_CAPACITY}
    if_match = frozenset({"PATCH"})
    tag = "Capacity"

    @documented("Read a pool", answer=PoolSerializer, single=True, example=EXAMPLE)
    def get(self, request: ApiRequest, pk: int) -> Response:
        """Answer the pool."""
        return single(request, pool_json(Pool.objects.get(pk=pk), request.actor.organization))

    @documented("Change a pool", answer=PoolSerializer, body=PoolSerializer, example=EXAMPLE)
    def patch(self, request: ApiRequest, pk: int) -> Response:
        """Change the fields that are sent."""
        organization = request.actor.organization
        fields = _with_cost(body_of(request, PoolSerializer, only_sent=True), organization)
        pool = matched(request, Pool.objects.all(), pk, lambda row: pool_json(row, organization))
        changed = change_pool(pool=pool, by=request.actor.person, at=timezone.now(), **fields)
        return single(request, pool_json(changed, organization))


def pool_json(pool: Pool, organization: Organization) -> dict[str, Any]:
    """Return a pool as programs see it."""
    return {
        "id": pool.pk,
        "name": pool.name,
        "location": pool.location,
        "safety_buffer_percent": pool.safety_buffer_percent,
        "overtime_minutes_per_day": pool.overtime_minutes_per_day,
        "overtime_cost_per_hour": money_json(pool.overtime_cost_per_hour, organization.currency),
        "archived_at": pool.archived_at,
    }


def _with_cost(fields: dict[str, Any], organization: Organization) -> dict[str, Any]:
    """Return the fields with the cost as an amount in the organization's currency."""
    money: tuple[Decimal, str] | None = fields.get("overtime_cost_per_hour")
    if money is None:
        return fields
    amount, currency = money
    if currency != organization.currency:
        raise DomainError(
            f"Give the cost in {organization.currency}, your organization's currency.",
            field="overtime_cost_per_hour",
        )
    return {**fields, "overtime_cost_per_hour": amount}
