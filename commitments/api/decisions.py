"""What people do with a commitment: one address a verb, each answering the new state."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.response import Response

from commitments.api.commitment_json import (
    DERIVED,
    DETAIL_EXAMPLE,
    CommitmentDetailSerializer,
    commitment_json,
    detail_json,
    shown_commitments,
)
from commitments.api.verdicts import VerdictSerializer
from commitments.services.deciding import approve, decline
from commitments.services.delivering import cancel, deliver, withdraw
from commitments.services.proposing import propose
from tenants.api_changes import matched, single
from tenants.api_fields import DayField, TextField
from tenants.api_reading import NoFields, StrictSerializer, body_of
from tenants.api_schema import PROBLEM_TYPE, ProblemSerializer, documented
from tenants.api_views import ApiRequest, ApiView
from tenants.roles import Permission

LONGEST_REASON = 5000


class ReasonSerializer(StrictSerializer):
    """Why; the other side reads it and the ledger keeps it."""

    reason = TextField(max_length=LONGEST_REASON)


class OptionalReasonSerializer(StrictSerializer):
    """Why, if there is something to say."""

    reason = TextField(max_length=LONGEST_REASON, allow_blank=True, default="")


class ApproveSerializer(StrictSerializer):
    """Nothing, or why it is approved although it does not fit."""

    override_reason = TextField(max_length=LONGEST_REASON, allow_blank=True, default="")


class DeliverSerializer(StrictSerializer):
    """When it was delivered."""

    delivered_on = DayField(allow_null=True, default=None, help_text="null: today")


class NoLongerFitsSerializer(ProblemSerializer):
    """A refusal; when the promise does not fit any more, with the fresh verdict and what changed."""

    verdict = VerdictSerializer(required=False)
    changed = serializers.ListField(child=serializers.CharField(), required=False)


class Decision(ApiView):
    """The base of the verbs."""

    if_match = frozenset({"POST"})
    tag = "Commitments"

    def _begin(self, request: ApiRequest, pk: int, shape: type[StrictSerializer]) -> dict[str, Any]:
        """Return the service's usual arguments and the body; raise Stale, DoesNotExist, ValidationError."""
        body = body_of(request, shape)
        matched(request, shown_commitments(), pk, commitment_json, derived=DERIVED)
        return {"commitment_id": pk, "by": request.actor, "at": timezone.now(), **body}

    def _new_state(self, request: ApiRequest, pk: int, at: datetime) -> Response:
        return single(request, detail_json(request, pk, at=at), derived=DERIVED)


class Propose(Decision):
    """Sales sends a draft to operations."""

    permissions = {"POST": Permission.PROPOSE}

    @documented(
        "Propose a draft",
        answer=CommitmentDetailSerializer,
        body=NoFields,
        example={**DETAIL_EXAMPLE, "state": "proposed"},
    )
    def post(self, request: ApiRequest, pk: int) -> Response:
        """Send a draft to operations with the verdict of this moment."""
        asked = self._begin(request, pk, NoFields)
        propose(**asked)
        return self._new_state(request, pk, asked["at"])


class Approve(Decision):
    """Operations says yes."""

    permissions = {"POST": Permission.DECIDE}

    @documented(
        "Approve a proposal",
        answer=CommitmentDetailSerializer,
        body=ApproveSerializer,
        example=DETAIL_EXAMPLE,
        asks={"override_reason": ""},
        more={
            (409, PROBLEM_TYPE): OpenApiResponse(
                NoLongerFitsSerializer,
                description="It is not proposed any more; or the book moved and it does not fit: the fresh "
                "verdict is under `verdict`, and `changed` says what happened since it was proposed.",
            )
        },
    )
    def post(self, request: ApiRequest, pk: int) -> Response:
        """Judge it again under the pools' lock and reserve its capacity.

        When it does not fit the answer is 409 with the fresh verdict; an `override_reason` approves all the
        same where the person may, and stays flagged.
        """
        asked = self._begin(request, pk, ApproveSerializer)
        approve(**asked)
        return self._new_state(request, pk, asked["at"])


class Decline(Decision):
    """Operations says no."""

    permissions = {"POST": Permission.DECIDE}

    @documented(
        "Decline a proposal",
        answer=CommitmentDetailSerializer,
        body=ReasonSerializer,
        example={**DETAIL_EXAMPLE, "state": "declined"},
        asks={"reason": "Two electricians are away until 15 March."},
    )
    def post(self, request: ApiRequest, pk: int) -> Response:
        """Decline a proposal with a reason that sales reads."""
        asked = self._begin(request, pk, ReasonSerializer)
        decline(**asked)
        return self._new_state(request, pk, asked["at"])


class Withdraw(Decision):
    """Sales takes it back."""

    permissions = {"POST": Permission.PROPOSE}

    @documented(
        "Withdraw a draft or proposal",
        answer=CommitmentDetailSerializer,
        body=OptionalReasonSerializer,
        example={**DETAIL_EXAMPLE, "state": "withdrawn"},
        asks={"reason": "The customer bought elsewhere."},
    )
    def post(self, request: ApiRequest, pk: int) -> Response:
        """Take a draft or proposal back."""
        asked = self._begin(request, pk, OptionalReasonSerializer)
        withdraw(**asked)
        return self._new_state(request, pk, asked["at"])


class Deliver(Decision):
    """It is done."""

    permissions = {"POST": Permission.DECIDE}

    @documented(
        "Mark as delivered",
        answer=CommitmentDetailSerializer,
        body=DeliverSerializer,
        example={**DETAIL_EXAMPLE, "state": "delivered", "delivered_on": "2027-03-22", "kept": True},
        asks={"delivered_on": "2027-03-22"},
    )
    def post(self, request: ApiRequest, pk: int) -> Response:
        """Mark an approved commitment delivered; whether it was kept follows from the dates."""
        asked = self._begin(request, pk, DeliverSerializer)
        today = asked["at"].astimezone(request.actor.organization.zone).date()
        deliver(**{**asked, "delivered_on": asked["delivered_on"] or today})
        return self._new_state(request, pk, asked["at"])


class Cancel(Decision):
    """It will not be delivered."""

    permissions = {"POST": Permission.DECIDE}

    @documented(
        "Cancel an approved commitment",
        answer=CommitmentDetailSerializer,
        body=ReasonSerializer,
        example={**DETAIL_EXAMPLE, "state": "cancelled"},
        asks={"reason": "The customer cancelled the order."},
    )
    def post(self, request: ApiRequest, pk: int) -> Response:
        """End an approved commitment; its capacity comes back."""
        asked = self._begin(request, pk, ReasonSerializer)
        cancel(**asked)
        return self._new_state(request, pk, asked["at"])
