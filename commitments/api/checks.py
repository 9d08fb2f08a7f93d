"""Checks for programs: can this be promised, and if not, what can?"""

from typing import Any

from django.utils import timezone
from rest_framework.response import Response

from commitments.api.verdicts import EXAMPLE, VerdictSerializer
from commitments.models import Deal, Offering, StoredVerdict
from commitments.selectors.checks import Asked, check, routing_of
from commitments.services.checking import store_check, stored_answer
from tenants.api_changes import created, single
from tenants.api_fields import DayField, ReferenceField, WholeNumberField
from tenants.api_reading import StrictSerializer, body_of, found
from tenants.api_schema import documented
from tenants.api_views import ApiRequest, ApiView
from tenants.roles import Permission

ASKS = {"offering": 2, "quantity": 24, "earliest_start": "2027-03-01", "promised_on": "2027-03-12", "deal": 5}


class AskSerializer(StrictSerializer):
    """What somebody wants to promise."""

    offering = ReferenceField()
    quantity = WholeNumberField(least=1)
    earliest_start = DayField(allow_null=True, default=None, help_text="null: today")
    promised_on = DayField()
    deal = ReferenceField(allow_null=True, default=None)


class CheckList(ApiView):
    """New checks."""

    permissions = {"POST": Permission.CHECK}
    tag = "Checks"

    @documented(
        "Check a promise",
        answer=VerdictSerializer,
        body=AskSerializer,
        status=201,
        example=EXAMPLE,
        asks=ASKS,
    )
    def post(self, request: ApiRequest) -> Response:
        """Judge what is asked against the book of this moment and store the verdict."""
        body = body_of(request, AskSerializer)
        now = timezone.now()
        offering, deal = offering_and_deal(body)
        start = body["earliest_start"] or now.astimezone(request.actor.organization.zone).date()
        asked = Asked(offering, body["quantity"], start, body["promised_on"], deal, routing_of(offering))
        answered = check(asked=asked, organization=request.actor.organization, at=now)
        return created(request, stored_answer(store_check(check=answered, by=request.actor)))


class CheckDetail(ApiView):
    """One stored check."""

    permissions = {"GET": Permission.VIEW}
    tag = "Checks"

    @documented("Read a stored check", answer=VerdictSerializer, single=True, example=EXAMPLE)
    def get(self, request: ApiRequest, pk: int) -> Response:
        """Answer the verdict as it was given; it never changes."""
        return single(request, stored_answer(StoredVerdict.objects.get(pk=pk)))


def offering_and_deal(body: dict[str, Any]) -> tuple[Offering, Deal | None]:
    """Return what the body names; raise UnknownReference for what is not there."""
    offerings = found(
        Offering.objects.prefetch_related("stages"), {"offering": body["offering"]}, noun="offering"
    )
    deals = found(Deal.objects.select_related("company"), {"deal": body["deal"]}, noun="deal")
    return offerings[body["offering"]], deals[body["deal"]] if body["deal"] else None
