"""The Verdict object of the contract, for the schema."""

from typing import Any

from rest_framework import serializers

from feasibility import Verdict

EXAMPLE = {
    "id": 31,
    "as_of": "2027-02-10T08:55:00Z",
    "revision": 204,
    "engine": "1",
    "verdict": "infeasible",
    "heading": "Not feasible by Fri 12 March",
    "sentence": "Electricians are short 46 h between Mon 1 and Fri 12 March; 1 commitment competes.",
    "stages": [{"pool": 1, "minutes": 5820, "starts_on": "2027-03-01", "ends_on": "2027-03-12"}],
    "spare_minutes": None,
    "earliest_date": "2027-03-23",
    "max_quantity": 12,
    "proven": True,
    "bottleneck": {
        "parts": [{"pool": 1, "starts_on": "2027-03-01", "ends_on": "2027-03-12"}],
        "demand_minutes": 12_360,
        "capacity_minutes": 9600,
        "short_minutes": 2760,
        "rivals": [{"commitment": 3, "minutes": 6540}],
        "rival_count": 1,
    },
    "confidence": None,
    "confidence_dates": {"50": None, "80": None, "95": None},
    "plan": [],
    "offers": [
        {
            "kind": "later_date",
            "quantity": 24,
            "promised_on": "2027-03-23",
            "parts": [],
            "cost": None,
            "touches": [],
            "spare_minutes": 60,
            "verdict": "feasible",
        }
    ],
    "missing": [],
}


class VerdictStageSerializer(serializers.Serializer[Any]):
    """One stage of the ask and the days it may take."""

    pool = serializers.IntegerField()
    minutes = serializers.IntegerField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()


class BottleneckPartSerializer(serializers.Serializer[Any]):
    """Days of one pool."""

    pool = serializers.IntegerField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()


class RivalSerializer(serializers.Serializer[Any]):
    """A commitment that competes in the bottleneck."""

    commitment = serializers.IntegerField()
    minutes = serializers.IntegerField()


class BottleneckSerializer(serializers.Serializer[Any]):
    """Where demand exceeds capacity, and by how much."""

    parts = BottleneckPartSerializer(many=True)
    demand_minutes = serializers.IntegerField()
    capacity_minutes = serializers.IntegerField()
    short_minutes = serializers.IntegerField()
    rivals = RivalSerializer(many=True, help_text="At most the 100 largest")
    rival_count = serializers.IntegerField(required=False, help_text="How many compete")


class PlanRowSerializer(serializers.Serializer[Any]):
    """Minutes on one pool on one day."""

    pool = serializers.IntegerField()
    date = serializers.DateField()
    minutes = serializers.IntegerField()


class OfferPartSerializer(serializers.Serializer[Any]):
    """A part of a split delivery."""

    quantity = serializers.IntegerField()
    promised_on = serializers.DateField()


class CounterOfferSerializer(serializers.Serializer[Any]):
    """Other terms that fit."""

    kind = serializers.CharField()
    quantity = serializers.IntegerField()
    promised_on = serializers.DateField()
    parts = OfferPartSerializer(many=True)
    cost = serializers.JSONField(allow_null=True, help_text="Money, or null for no extra cost")
    touches = serializers.ListField(child=serializers.JSONField(), help_text="Whom else it touches")
    spare_minutes = serializers.IntegerField(allow_null=True)
    verdict = serializers.ChoiceField([each.value for each in Verdict])


class MissingSerializer(serializers.Serializer[Any]):
    """Something that must be added before the ask can be answered."""

    what = serializers.CharField()
    who = serializers.CharField()


class VerdictSerializer(serializers.Serializer[Any]):
    """The answer to a check, with everything both sides want to see behind it."""

    id = serializers.IntegerField(allow_null=True, help_text="null: not stored")
    as_of = serializers.DateTimeField()
    revision = serializers.IntegerField(help_text="Of the book it was judged by")
    engine = serializers.CharField()
    verdict = serializers.ChoiceField([each.value for each in Verdict])
    heading = serializers.CharField()
    sentence = serializers.CharField()
    stages = VerdictStageSerializer(many=True)
    spare_minutes = serializers.IntegerField(allow_null=True)
    earliest_date = serializers.DateField(allow_null=True, help_text="For the whole quantity")
    max_quantity = serializers.IntegerField(allow_null=True, help_text="By promised_on")
    proven = serializers.BooleanField()
    bottleneck = BottleneckSerializer(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    confidence_dates = serializers.DictField(child=serializers.DateField(allow_null=True))
    plan = PlanRowSerializer(many=True)
    offers = CounterOfferSerializer(many=True)
    missing = MissingSerializer(many=True)
