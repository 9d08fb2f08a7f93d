"""A commitment as programs see it: its record, and what Concord works out about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from commitments.api import flags, verdicts
from commitments.api.flags import FlagSerializer, flag_json
from commitments.api.verdicts import VerdictSerializer
from commitments.models import Commitment, Flag, LedgerEvent
from commitments.selectors.checks import check
from commitments.selectors.verdict_json import verdict_json
from commitments.services.checking import stored_answer
from commitments.services.proposing import asked_of
from feasibility import Verdict
from tenants.api_fields import MoneyField, money_json

State = Commitment.State
#: What is not of the record itself: it never makes a decision stale.
DERIVED = frozenset({"assessed", "verdict", "flags", "offers", "ledger"})
EXAMPLE = {
    "id": 3,
    "reference": "C-1003",
    "state": "approved",
    "offering": 2,
    "quantity": 24,
    "earliest_start": "2027-03-01",
    "requested_on": "2027-03-12",
    "first_promised_on": "2027-03-23",
    "promised_on": "2027-03-23",
    "delivered_on": None,
    "kept": None,
    "deal": 5,
    "company": "Nordwind GmbH",
    "owner": "Carol",
    "amount": {"amount": "184000.00", "currency": "EUR"},
    "note": "The customer can take the first twelve earlier.",
    "created_at": "2027-02-10T08:55:00Z",
    "proposed_at": "2027-02-10T08:56:00Z",
    "answer_due_at": "2027-02-11T08:56:00Z",
    "decided_at": "2027-02-10T10:12:00Z",
    "decided_by": "Bob",
    "decision_reason": "",
    "override": False,
    "assessed": {
        "verdict": "feasible",
        "sentence": "Every pool carries it and keeps its safety buffer: at least 7 h to spare.",
        "short_minutes": 0,
        "at": "2027-02-10T10:12:00Z",
    },
}
OFFER = {
    "number": 1,
    "side": "sales",
    "by": "Carol",
    "at": "2027-02-10T08:56:00Z",
    "quantity": 24,
    "promised_on": "2027-03-23",
    "parts": [],
    "note": "The customer can take the first twelve earlier.",
    "verdict": "feasible",
    "check": 31,
}
DETAIL_EXAMPLE = {
    **EXAMPLE,
    "offers": [OFFER],
    "verdict": verdicts.EXAMPLE,
    "flags": [flags.EXAMPLE],
    "ledger": "https://concord.example/api/v1/ledger/?commitment=3",
}


class AssessedSerializer(serializers.Serializer[Any]):
    """What workers last found; for an approved one short_minutes 0 means that it still fits."""

    verdict = serializers.ChoiceField([each.value for each in Verdict], allow_null=True)
    sentence = serializers.CharField()
    short_minutes = serializers.IntegerField()
    at = serializers.DateTimeField(allow_null=True)


class CommitmentSerializer(serializers.Serializer[Any]):
    """One promised deliverable; its four dates are never confused."""

    id = serializers.IntegerField()
    reference = serializers.CharField(help_text="What people call it")
    state = serializers.ChoiceField(State.choices)
    offering = serializers.IntegerField()
    quantity = serializers.IntegerField()
    earliest_start = serializers.DateField()
    requested_on = serializers.DateField(help_text="What the customer asked")
    first_promised_on = serializers.DateField(allow_null=True, help_text="The first date that was approved")
    promised_on = serializers.DateField(help_text="The current date")
    delivered_on = serializers.DateField(allow_null=True)
    kept = serializers.BooleanField(allow_null=True, help_text="Delivered by promised_on; null while open")
    deal = serializers.IntegerField(allow_null=True)
    company = serializers.CharField(allow_null=True)
    owner = serializers.CharField()
    amount = MoneyField(allow_null=True)
    note = serializers.CharField()
    created_at = serializers.DateTimeField()
    proposed_at = serializers.DateTimeField(allow_null=True)
    answer_due_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField(allow_null=True)
    decision_reason = serializers.CharField()
    override = serializers.BooleanField(help_text="Approved knowing that it does not fit")
    assessed = AssessedSerializer()


class OfferSerializer(serializers.Serializer[Any]):
    """Terms as one side offered them, numbered."""

    number = serializers.IntegerField()
    side = serializers.ChoiceField(LedgerEvent.Side.choices)
    by = serializers.CharField()
    at = serializers.DateTimeField()
    quantity = serializers.IntegerField()
    promised_on = serializers.DateField()
    parts = serializers.ListField(child=serializers.DictField())
    note = serializers.CharField()
    verdict = serializers.ChoiceField(
        [each.value for each in Verdict], allow_null=True, help_text="At that time; null: not checked then"
    )
    check = serializers.IntegerField(allow_null=True, help_text="The stored check")


class CommitmentDetailSerializer(CommitmentSerializer):
    """A commitment with its offers, verdict, open flags and the address of its ledger."""

    offers = OfferSerializer(many=True)
    verdict = VerdictSerializer(allow_null=True)
    flags = FlagSerializer(many=True)
    ledger = serializers.URLField()


def shown_commitments() -> QuerySet[Commitment]:
    """Return commitments with all that commitment_json reads."""
    return Commitment.objects.select_related("company", "decided_by")


def commitments_json(commitments: Sequence[Commitment]) -> list[dict[str, Any]]:
    """Return commitments as programs see them in lists."""
    return [commitment_json(commitment) for commitment in commitments]


def commitment_json(commitment: Commitment) -> dict[str, Any]:
    """Return a commitment's record as programs see it."""
    same = (
        "reference state quantity earliest_start requested_on first_promised_on promised_on delivered_on "
        "note created_at proposed_at answer_due_at decided_at decision_reason"
    )
    return {
        "id": commitment.pk,
        **{name: getattr(commitment, name) for name in same.split()},
        "offering": commitment.offering_id,
        "kept": commitment.is_kept,
        "deal": commitment.deal_id,
        "company": commitment.company.name if commitment.company else None,
        "owner": commitment.owner_name,
        "amount": money_json(commitment.amount, commitment.currency),
        "decided_by": commitment.decided_by.display_name if commitment.decided_by else None,
        "override": commitment.is_override,
        "assessed": {
            "verdict": commitment.verdict or None,
            "sentence": commitment.sentence,
            "short_minutes": commitment.short_minutes,
            "at": commitment.assessed_at,
        },
    }


def detail_json(request: Any, pk: int, *, at: datetime) -> dict[str, Any]:
    """Return one commitment with offers, verdict, open flags and its ledger; DoesNotExist when foreign."""
    commitment = shown_commitments().select_related("offering", "deal").get(pk=pk)
    events = list(LedgerEvent.objects.filter(commitment=commitment).select_related("verdict"))
    open_flags = Flag.objects.filter(commitment=commitment, closed_at=None).select_related(
        "commitment", "deal", "acknowledged_by"
    )
    organization = request.actor.organization
    return {
        **commitment_json(commitment),
        "offers": _offers(events),
        "verdict": _verdict(commitment, events, organization, at),
        "flags": [flag_json(flag, organization) for flag in open_flags.order_by("pk")],
        "ledger": request.build_absolute_uri(f"/api/v1/ledger/?commitment={commitment.pk}"),
    }


def _offers(events: Sequence[LedgerEvent]) -> list[dict[str, Any]]:
    proposals = [event for event in events if event.kind == "proposed"]
    return [
        {
            "number": number,
            "side": event.side,
            "by": event.by_name,
            "at": event.at,
            "quantity": event.details["quantity"],
            "promised_on": event.details["promised_on"],
            "parts": [],
            "note": event.reason,
            "verdict": event.details.get("verdict"),
            "check": event.verdict_id,
        }
        for number, event in enumerate(proposals, start=1)
    ]


def _verdict(
    commitment: Commitment, events: Sequence[LedgerEvent], organization: Any, at: datetime
) -> dict[str, Any] | None:
    """Return how it stands now while it is open, else the verdict of the decision."""
    if commitment.state in (State.DRAFT, State.PROPOSED):
        return verdict_json(check(asked=asked_of(commitment), organization=organization, at=at))
    stored = [event.verdict for event in events if event.verdict is not None]
    return stored_answer(stored[-1]) if stored else None
