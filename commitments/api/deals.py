"""Deals for programs."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from commitments.models import Deal, DealLine, Offering
from commitments.services.deals import MOST_LINES, LineTerms, change_deal, create_deal
from tenants.api_changes import created, matched, single
from tenants.api_fields import (
    LARGEST,
    DayField,
    MoneyField,
    ReferenceField,
    ShareField,
    TextField,
    WholeNumberField,
    money_json,
)
from tenants.api_paging import PageQuery, page, paged
from tenants.api_reading import StrictSerializer, body_of, found, query_of
from tenants.api_schema import documented
from tenants.api_views import ApiRequest, ApiView
from tenants.roles import Permission

LINE = {
    "product": "Heat pump 12 kW",
    "offering": 2,
    "quantity": 24,
    "promised_on": "2027-03-12",
    "earliest_start": None,
    "verdict": "infeasible",
    "sentence": "Electricians are short 46 h between Mon 1 and Fri 12 March; 5 commitments compete.",
    "short_minutes": 2760,
    "earliest_possible_on": "2027-03-23",
}
EXAMPLE = {
    "id": 5,
    "name": "Nordwind: heat pumps",
    "company": "Nordwind GmbH",
    "owner": "Carol",
    "stage": "Negotiation",
    "probability": 0.6,
    "status": "open",
    "amount": {"amount": "184000.00", "currency": "EUR"},
    "close_on": "2027-02-26",
    "external": {"connection": "crm", "id": "D-4711", "url": "https://crm.example/deals/4711"},
    "lines": [LINE],
}


class ExternalSerializer(StrictSerializer):
    """Where a deal is kept outside."""

    connection = TextField(max_length=60, help_text="Which CRM or file it came from")
    id = TextField(max_length=200, help_text="Its id there")
    url = TextField(max_length=500, allow_blank=True, default="")


class DealLineSerializer(StrictSerializer):
    """One thing a deal asks for; verdict and what follows are the latest that workers found."""

    product = TextField(max_length=200, allow_blank=True, default="", help_text="As the CRM calls it")
    offering = ReferenceField(allow_null=True, default=None)
    quantity = WholeNumberField(least=1, most=LARGEST, allow_null=True, default=None)
    promised_on = DayField(allow_null=True, default=None)
    earliest_start = DayField(allow_null=True, default=None)
    verdict = serializers.CharField(read_only=True, allow_null=True)
    sentence = serializers.CharField(read_only=True)
    short_minutes = serializers.IntegerField(read_only=True, allow_null=True)
    earliest_possible_on = serializers.DateField(read_only=True, allow_null=True)


class DealSerializer(StrictSerializer):
    """An opportunity; close_on is not a promised date."""

    id = serializers.IntegerField(read_only=True)
    name = TextField(max_length=250)
    company = TextField(max_length=200, allow_null=True, default=None)
    owner = TextField(max_length=150, allow_blank=True, default="", help_text="Who sells it, by name")
    stage = TextField(max_length=120, allow_blank=True, default="")
    probability = ShareField(allow_null=True, default=None, help_text="Chance to win, from 0 to 1")
    status = serializers.ChoiceField(Deal.Status.choices, default=Deal.Status.OPEN)
    amount = MoneyField(allow_null=True, default=None)
    close_on = DayField(allow_null=True, default=None)
    external = ExternalSerializer(allow_null=True, default=None)
    lines: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=DealLineSerializer(), max_length=MOST_LINES, required=False, help_text="What it asks for"
    )


class DealQuery(PageQuery):
    """Which deals."""

    status = serializers.ChoiceField(Deal.Status.choices, required=False)
    connection = TextField(max_length=60, required=False, help_text="Only those from there")
    external_id = TextField(max_length=200, required=False)


#: What workers find out; it never makes a change stale.
DERIVED = frozenset({"verdict", "sentence", "short_minutes", "earliest_possible_on"})
#: The service's names where they differ from the API's.
NAMES = {
    "external_url": "external.url",
    "external_id": "external.id",
    "external_source": "external.connection",
}


class DealList(ApiView):
    """All deals, and new ones."""

    permissions = {"GET": Permission.VIEW, "POST": Permission.PROPOSE}
    tag = "Deals"
    field_names = NAMES

    @documented("List deals", answer=paged(DealSerializer), query=DealQuery)
    def get(self, request: ApiRequest) -> Response:
        """Answer a page of deals."""
        query = query_of(request, DealQuery)
        columns = {"status": "status", "connection": "external_source", "external_id": "external_id"}
        wanted = {column: query[name] for name, column in columns.items() if name in query}
        return page(request, _deals().filter(**wanted), query, deals_json)

    @documented(
        "Add a deal", answer=DealSerializer, body=DealSerializer, status=201, example=EXAMPLE, asks=EXAMPLE
    )
    def post(self, request: ApiRequest) -> Response:
        """Save a new deal with its lines; workers judge them at once."""
        fields = _fields(body_of(request, DealSerializer))
        deal = create_deal(**fields, by=request.actor, at=timezone.now())
        return created(request, deal_json(_deals().get(pk=deal.pk)), derived=DERIVED)


class DealDetail(ApiView):
    """One deal."""

    permissions = {"GET": Permission.VIEW, "PATCH": Permission.PROPOSE}
    if_match = frozenset({"PATCH"})
    tag = "Deals"
    field_names = NAMES

    @documented("Read a deal", answer=DealSerializer, single=True, example=EXAMPLE)
    def get(self, request: ApiRequest, pk: int) -> Response:
        """Answer the deal."""
        return single(request, deal_json(_deals().get(pk=pk)), derived=DERIVED)

    @documented("Change a deal", answer=DealSerializer, body=DealSerializer, example=EXAMPLE)
    def patch(self, request: ApiRequest, pk: int) -> Response:
        """Change the fields that are sent; lines are replaced as a whole."""
        fields = _fields(body_of(request, DealSerializer, only_sent=True))
        deal = matched(request, _deals(), pk, deal_json, derived=DERIVED)
        change_deal(deal=deal, by=request.actor, at=timezone.now(), **fields)
        return single(request, deal_json(_deals().get(pk=pk)), derived=DERIVED)


def deals_json(deals: Sequence[Deal]) -> list[dict[str, Any]]:
    """Return deals, read with company and lines, as programs see them."""
    return [deal_json(deal) for deal in deals]


def deal_json(deal: Deal) -> dict[str, Any]:
    """Return a deal as programs see it."""
    external = {"connection": deal.external_source, "id": deal.external_id, "url": deal.external_url}
    return {
        "id": deal.pk,
        "name": deal.name,
        "company": deal.company.name if deal.company else None,
        "owner": deal.owner_name,
        "stage": deal.stage,
        "probability": None if deal.probability is None else float(deal.probability),
        "status": deal.status,
        "amount": money_json(deal.amount, deal.currency),
        "close_on": deal.close_on,
        "external": external if deal.external_id else None,
        "lines": [_line_json(line) for line in deal.lines.all()],
    }


def _line_json(line: DealLine) -> dict[str, Any]:
    return {
        "product": line.product_name,
        "offering": line.offering_id,
        "quantity": line.quantity,
        "promised_on": line.promised_on,
        "earliest_start": line.earliest_start,
        "verdict": line.verdict or None,
        "sentence": line.sentence,
        "short_minutes": line.short_minutes,
        "earliest_possible_on": line.earliest_possible_on,
    }


def _deals() -> QuerySet[Deal]:
    return Deal.objects.select_related("company").prefetch_related("lines")


def _fields(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body in the service's words; raise UnknownReference for an offering that is not there."""
    fields = dict(body)
    if "company" in fields:
        fields["company_name"] = fields.pop("company") or ""
    if "owner" in fields:
        fields["owner_name"] = fields.pop("owner")
    if "amount" in fields:
        fields["amount"], fields["currency"] = fields["amount"] or (None, "")
    if "external" in fields:
        external = fields.pop("external") or {"connection": "", "id": "", "url": ""}
        names = {"connection": "external_source", "id": "external_id", "url": "external_url"}
        fields |= {names[name]: value for name, value in external.items()}
    if "lines" in fields:
        fields["lines"] = _lines(fields["lines"])
    return fields


def _lines(lines: Sequence[dict[str, Any]]) -> list[LineTerms]:
    ids = {f"lines.{number}.offering": line["offering"] for number, line in enumerate(lines)}
    found(Offering.objects.all(), ids, noun="offering")
    return [
        LineTerms(
            offering_id=line["offering"],
            **{name: line[name] for name in ("product", "quantity", "promised_on", "earliest_start")},
        )
        for line in lines
    ]
