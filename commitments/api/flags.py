"""Flags for programs: over-promises with their evidence."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from commitments.models import Flag
from commitments.services.flagging import acknowledge_flag, snooze_flag
from tenants.api_changes import matched, single
from tenants.api_fields import MomentField, MoneyField, QueryReferenceField, TextField, YesNoField, money_json
from tenants.api_paging import PageQuery, page, paged
from tenants.api_reading import NoFields, StrictSerializer, body_of, query_of
from tenants.api_schema import documented
from tenants.api_views import ApiRequest, ApiView
from tenants.models import Organization
from tenants.roles import Permission

EXAMPLE = {
    "id": 9,
    "kind": "infeasible_as_promised",
    "commitment": None,
    "deal": 5,
    "sentence": "Electricians are short 46 h between Mon 1 and Fri 12 March; 5 commitments compete.",
    "severity": 2,
    "evidence": {
        "line": 8,
        "promised_on": "2027-03-12",
        "earliest_possible_on": "2027-03-23",
        "quantity": 24,
    },
    "short_minutes": 2760,
    "days_late": 11,
    "amount": {"amount": "184000.00", "currency": "EUR"},
    "opened_at": "2027-02-10T08:55:00Z",
    "closed_at": None,
    "acknowledged_at": None,
    "acknowledged_by": None,
    "snoozed_until": None,
    "snooze_reason": "",
}
#: What workers keep fresh; it never makes a change stale.
DERIVED = frozenset({"sentence", "severity", "evidence", "short_minutes", "days_late", "amount"})


class FlagSerializer(serializers.Serializer[Any]):
    """One over-promise finding; it closes by itself when its cause is gone."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Flag.Kind.choices)
    commitment = serializers.IntegerField(allow_null=True)
    deal = serializers.IntegerField(allow_null=True)
    sentence = serializers.CharField()
    severity = serializers.IntegerField(help_text="3 high, 2 medium, 1 low")
    evidence = serializers.DictField()
    short_minutes = serializers.IntegerField()
    days_late = serializers.IntegerField()
    amount = MoneyField(allow_null=True)
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    acknowledged_by = serializers.CharField(allow_null=True)
    snoozed_until = serializers.DateTimeField(allow_null=True)
    snooze_reason = serializers.CharField()


class FlagQuery(PageQuery):
    """Which flags."""

    open = YesNoField(from_address=True, required=False, help_text="true: open ones; false: closed ones")
    kind = serializers.ChoiceField(Flag.Kind.choices, required=False)
    commitment = QueryReferenceField(required=False)
    deal = QueryReferenceField(required=False)


class SnoozeSerializer(StrictSerializer):
    """Until when a flag may wait, and why."""

    until = MomentField()
    reason = TextField(max_length=300)


class FlagList(ApiView):
    """All flags."""

    permissions = {"GET": Permission.VIEW}
    tag = "Flags"

    @documented("List flags", answer=paged(FlagSerializer), query=FlagQuery)
    def get(self, request: ApiRequest) -> Response:
        """Answer a page of flags."""
        query = query_of(request, FlagQuery)
        columns = {"kind": "kind", "commitment": "commitment_id", "deal": "deal_id"}
        rows = _flags().filter(**{column: query[name] for name, column in columns.items() if name in query})
        if "open" in query:
            rows = rows.filter(closed_at__isnull=query["open"])

        def represent(flags: Sequence[Flag]) -> list[dict[str, Any]]:
            return [flag_json(flag, request.actor.organization) for flag in flags]

        return page(request, rows, query, represent)


class FlagDetail(ApiView):
    """One flag."""

    permissions = {"GET": Permission.VIEW}
    tag = "Flags"

    @documented("Read a flag", answer=FlagSerializer, single=True, example=EXAMPLE)
    def get(self, request: ApiRequest, pk: int) -> Response:
        """Answer the flag."""
        return _answer(request, pk)


class FlagAcknowledge(ApiView):
    """Somebody takes care."""

    permissions = {"POST": Permission.HANDLE_FLAGS}
    if_match = frozenset({"POST"})
    tag = "Flags"

    @documented("Acknowledge a flag", answer=FlagSerializer, body=NoFields, example=EXAMPLE)
    def post(self, request: ApiRequest, pk: int) -> Response:
        """Note that the token's person has seen it and takes care."""
        body_of(request, NoFields)
        acknowledge_flag(flag=_matched(request, pk), by=request.actor, at=timezone.now())
        return _answer(request, pk)


class FlagSnooze(ApiView):
    """It may wait."""

    permissions = {"POST": Permission.HANDLE_FLAGS}
    if_match = frozenset({"POST"})
    tag = "Flags"

    @documented(
        "Snooze a flag",
        answer=FlagSerializer,
        body=SnoozeSerializer,
        example=EXAMPLE,
        asks={"until": "2027-02-15T08:00:00+01:00", "reason": "The customer decides on Friday."},
    )
    def post(self, request: ApiRequest, pk: int) -> Response:
        """Hide an open flag until then, with a reason."""
        body = body_of(request, SnoozeSerializer)
        snooze_flag(flag=_matched(request, pk), **body, by=request.actor, at=timezone.now())
        return _answer(request, pk)


def flag_json(flag: Flag, organization: Organization) -> dict[str, Any]:
    """Return a flag, read with its deal and commitment, as programs see it."""
    holder = flag.commitment or flag.deal
    currency = (holder.currency if holder else "") or organization.currency
    return {
        "id": flag.pk,
        "kind": flag.kind,
        "commitment": flag.commitment_id,
        "deal": flag.deal_id,
        "sentence": flag.sentence,
        "severity": flag.severity,
        "evidence": flag.evidence,
        "short_minutes": flag.short_minutes,
        "days_late": flag.days_late,
        "amount": money_json(flag.amount, currency),
        "opened_at": flag.opened_at,
        "closed_at": flag.closed_at,
        "acknowledged_at": flag.acknowledged_at,
        "acknowledged_by": flag.acknowledged_by.display_name if flag.acknowledged_by else None,
        "snoozed_until": flag.snoozed_until,
        "snooze_reason": flag.snooze_reason,
    }


def _flags() -> QuerySet[Flag]:
    return Flag.objects.select_related("commitment", "deal", "acknowledged_by")


def _matched(request: ApiRequest, pk: int) -> Flag:
    organization = request.actor.organization
    return matched(request, _flags(), pk, lambda flag: flag_json(flag, organization), derived=DERIVED)


def _answer(request: ApiRequest, pk: int) -> Response:
    flag = _flags().get(pk=pk)
    return single(request, flag_json(flag, request.actor.organization), derived=DERIVED)
