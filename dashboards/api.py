"""The board for programs."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from dashboards.selectors.board import MOST_WEEKS, Board, BoardRow, board
from tenants.api_changes import single
from tenants.api_fields import DayField, QueryNumberField
from tenants.api_reading import StrictSerializer, query_of
from tenants.api_schema import documented
from tenants.api_views import ApiRequest, ApiView
from tenants.roles import Permission

EXAMPLE = {
    "from": "2027-03-01",
    "weeks": ["2027-03-01"],
    "revision": 204,
    "pools": [
        {
            "pool": 1,
            "name": "Electricians",
            "location": "Hamburg",
            "weeks": [
                {
                    "starts_on": "2027-03-01",
                    "capacity": 9600,
                    "booked": 9600,
                    "held": 0,
                    "pipeline_expected": 1480,
                    "overload_probability": None,
                    "over_promised": True,
                    "short_minutes": 2760,
                }
            ],
        }
    ],
}


class BoardWeekSerializer(serializers.Serializer[Any]):
    """One week of one pool."""

    starts_on = serializers.DateField(help_text="Monday")
    capacity = serializers.IntegerField(allow_null=True, help_text="null: not known, which is not zero")
    booked = serializers.IntegerField()
    held = serializers.IntegerField()
    pipeline_expected = serializers.IntegerField(help_text="Proposals and open deals, by their chance")
    overload_probability = serializers.FloatField(allow_null=True, help_text="null: not estimated")
    over_promised = serializers.BooleanField()
    short_minutes = serializers.IntegerField(help_text="Promised for this week and not to be done by its end")


class BoardPoolSerializer(serializers.Serializer[Any]):
    """One pool in use and its weeks."""

    pool = serializers.IntegerField()
    name = serializers.CharField()
    location = serializers.CharField()
    weeks = BoardWeekSerializer(many=True)


class BoardSerializer(serializers.Serializer[Any]):
    """Pools by name, week by week."""

    weeks = serializers.ListField(child=serializers.DateField(), help_text="Mondays")
    revision = serializers.IntegerField(help_text="Of the book")
    pools = BoardPoolSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields with `from`, which is a word of the language."""
        shown = serializers.DateField(allow_null=True, help_text="First week; null: beyond the horizon")
        return {"from": shown, **super().get_fields()}


class BoardQuery(StrictSerializer):
    """Which weeks."""

    weeks = QueryNumberField(least=1, most=MOST_WEEKS, default=12)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields with `from`, which is a word of the language."""
        help_text = "A day of the first week; this week when left out or past"
        return {"from": DayField(required=False, help_text=help_text), **super().get_fields()}


class BoardOfPools(ApiView):
    """Pools x weeks."""

    permissions = {"GET": Permission.VIEW}
    tag = "Board"

    @documented("Read the board", answer=BoardSerializer, query=BoardQuery, single=True, example=EXAMPLE)
    def get(self, request: ApiRequest) -> Response:
        """Answer every pool in use week by week, no further than the planning horizon.

        The current week counts from today on.
        """
        query = query_of(request, BoardQuery)
        shown = board(
            organization=request.actor.organization,
            today=timezone.localdate(),
            first_week=query.get("from"),
            weeks=query["weeks"],
        )
        return single(request, board_json(shown))


def board_json(shown: Board) -> dict[str, Any]:
    """Return the board as programs see it."""
    return {
        "from": shown.weeks[0] if shown.weeks else None,
        "weeks": list(shown.weeks),
        "revision": shown.revision,
        "pools": [_row_json(row) for row in (*shown.rows, *shown.missing)],
    }


def _row_json(row: BoardRow) -> dict[str, Any]:
    return {
        "pool": row.pool.pk,
        "name": row.pool.name,
        "location": row.pool.location,
        "weeks": [
            {
                "starts_on": cell.starts_on,
                "capacity": cell.capacity,
                "booked": cell.booked,
                "held": cell.held,
                "pipeline_expected": cell.pipeline_expected,
                "overload_probability": cell.overload_probability,
                "over_promised": cell.over_promised,
                "short_minutes": cell.short,
            }
            for cell in row.cells
        ],
    }
