"""The ledger for programs: facts in the order in which they were written, never changed."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from commitments.models import LedgerEvent
from tenants.api_fields import QueryReferenceField, TextField
from tenants.api_paging import PageQuery, page, paged
from tenants.api_reading import query_of
from tenants.api_schema import documented
from tenants.api_views import ApiRequest, ApiView
from tenants.roles import Permission

EXAMPLE = {
    "results": [
        {
            "id": 77,
            "kind": "approved",
            "at": "2027-02-10T10:12:00Z",
            "by": "Bob",
            "side": "operations",
            "commitment": 3,
            "deal": 5,
            "verdict": 31,
            "reason": "",
            "details": {
                "quantity": 24,
                "promised_on": "2027-03-23",
                "verdict": "feasible",
                "override": False,
            },
        }
    ],
    "next": None,
}


class LedgerEventSerializer(serializers.Serializer[Any]):
    """One fact: who, when, on which side, why, and on what evidence."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True, help_text="As the person was called then; null: Concord")
    side = serializers.ChoiceField(LedgerEvent.Side.choices)
    commitment = serializers.IntegerField(allow_null=True)
    deal = serializers.IntegerField(allow_null=True)
    verdict = serializers.IntegerField(allow_null=True, help_text="Stored check, under /api/v1/checks/")
    reason = serializers.CharField()
    details = serializers.DictField()


class LedgerQuery(PageQuery):
    """Which events."""

    commitment = QueryReferenceField(required=False)
    deal = QueryReferenceField(required=False)
    kind = TextField(max_length=40, required=False)


class Ledger(ApiView):
    """All events, oldest first."""

    permissions = {"GET": Permission.VIEW}
    tag = "Ledger"

    @documented("Read the ledger", answer=paged(LedgerEventSerializer), query=LedgerQuery, example=EXAMPLE)
    def get(self, request: ApiRequest) -> Response:
        """Answer a page of events, oldest first; the last page's end is where to go on later."""
        query = query_of(request, LedgerQuery)
        columns = {"commitment": "commitment_id", "deal": "deal_id", "kind": "kind"}
        wanted = {column: query[name] for name, column in columns.items() if name in query}
        return page(request, LedgerEvent.objects.filter(**wanted), query, events_json)


def events_json(events: Sequence[LedgerEvent]) -> list[dict[str, Any]]:
    """Return events as programs see them."""
    return [
        {
            "id": event.pk,
            "kind": event.kind,
            "at": event.at,
            "by": event.by_name or None,
            "side": event.side,
            "commitment": event.commitment_id,
            "deal": event.deal_id,
            "verdict": event.verdict_id,
            "reason": event.reason,
            "details": event.details,
        }
        for event in events
    ]
