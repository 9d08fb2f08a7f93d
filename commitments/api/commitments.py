"""Commitments for programs: read, and drafted."""

from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from commitments.api.checks import offering_and_deal
from commitments.api.commitment_json import (
    DERIVED,
    DETAIL_EXAMPLE,
    CommitmentDetailSerializer,
    CommitmentSerializer,
    commitments_json,
    detail_json,
    shown_commitments,
)
from commitments.models import Commitment
from commitments.services.proposing import create_draft
from tenants.api_changes import created, single
from tenants.api_fields import DayField, QueryReferenceField, ReferenceField, TextField, WholeNumberField
from tenants.api_paging import PageQuery, page, paged
from tenants.api_reading import StrictSerializer, body_of, query_of
from tenants.api_schema import documented
from tenants.api_views import ApiRequest, ApiView
from tenants.roles import Permission

LONGEST_NOTE = 10_000
ASKS = {
    "offering": 2,
    "quantity": 24,
    "earliest_start": "2027-03-01",
    "promised_on": "2027-03-23",
    "deal": 5,
    "note": "The customer can take the first twelve earlier.",
}


class DraftSerializer(StrictSerializer):
    """What sales wants to promise."""

    offering = ReferenceField()
    quantity = WholeNumberField(least=1)
    earliest_start = DayField(allow_null=True, default=None, help_text="null: today")
    promised_on = DayField()
    requested_on = DayField(
        allow_null=True, default=None, help_text="What the customer asked; null: promised_on"
    )
    deal = ReferenceField(allow_null=True, default=None)
    company = TextField(max_length=200, allow_null=True, default=None, help_text="For whom, without a deal")
    note = TextField(max_length=LONGEST_NOTE, allow_blank=True, default="")


class CommitmentQuery(PageQuery):
    """Which commitments."""

    state = serializers.ChoiceField(Commitment.State.choices, required=False)
    deal = QueryReferenceField(required=False)
    offering = QueryReferenceField(required=False)


class CommitmentList(ApiView):
    """All commitments, and new drafts."""

    permissions = {"GET": Permission.VIEW, "POST": Permission.PROPOSE}
    tag = "Commitments"

    @documented("List commitments", answer=paged(CommitmentSerializer), query=CommitmentQuery)
    def get(self, request: ApiRequest) -> Response:
        """Answer a page of commitments."""
        query = query_of(request, CommitmentQuery)
        columns = {"state": "state", "deal": "deal_id", "offering": "offering_id"}
        wanted = {column: query[name] for name, column in columns.items() if name in query}
        return page(request, shown_commitments().filter(**wanted), query, commitments_json)

    @documented(
        "Draft a commitment",
        answer=CommitmentDetailSerializer,
        body=DraftSerializer,
        status=201,
        example={**DETAIL_EXAMPLE, "state": "draft"},
        asks=ASKS,
    )
    def post(self, request: ApiRequest) -> Response:
        """Save a draft; nothing is reserved and nobody is asked until it is proposed."""
        body = body_of(request, DraftSerializer)
        now = timezone.now()
        offering, deal = offering_and_deal(body)
        draft = create_draft(
            offering=offering,
            deal=deal,
            quantity=body["quantity"],
            earliest_start=body["earliest_start"] or now.astimezone(request.actor.organization.zone).date(),
            promised_on=body["promised_on"],
            requested_on=body["requested_on"],
            company_name=body["company"] or "",
            note=body["note"],
            by=request.actor,
            at=now,
        )
        return created(request, detail_json(request, draft.pk, at=now), derived=DERIVED)


class CommitmentDetail(ApiView):
    """One commitment."""

    permissions = {"GET": Permission.VIEW}
    tag = "Commitments"

    @documented("Read a commitment", answer=CommitmentDetailSerializer, single=True, example=DETAIL_EXAMPLE)
    def get(self, request: ApiRequest, pk: int) -> Response:
        """Answer the commitment with its offers, verdict and open flags.

        While it is open the verdict is judged by the book of this moment; afterwards it is the decision's.
        """
        return single(request, detail_json(request, pk, at=timezone.now()), derived=DERIVED)
