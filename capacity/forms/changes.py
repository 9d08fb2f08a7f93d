from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from capacity.calendars import WHOLE_DAY_MINUTES
from capacity.forms.hours import HoursField
from capacity.models import CapacityChange, Pool
from capacity.selectors.pools import people_of
from capacity.unsaved import NewChange
from ui.forms import DateInput

Kind = CapacityChange.Kind
TAKES_AWAY = frozenset({Kind.TIME_OFF.value, Kind.OUTAGE.value})
WHOLE_POOL = "pool"


class ChangeForm(forms.Form):
    """Time off, overtime, an outage or extra capacity, of a whole pool or of one of its people."""

    kind = forms.ChoiceField(label="What", choices=Kind.choices, initial=Kind.TIME_OFF)
    of = forms.ChoiceField(label="Whose")
    starts_on = forms.DateField(label="From", widget=DateInput)
    ends_on = forms.DateField(label="Until", required=False, widget=DateInput, help_text="Empty: one day")
    hours_per_day = HoursField(required=False, help_text="As in 8, 7.5 or 7:30")
    whole_day = forms.BooleanField(label="The whole day", required=False)
    reason = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, pool: Pool, whose: str = "", **kwargs: Any) -> None:
        self.pool = pool
        kwargs["initial"] = {"of": whose or WHOLE_POOL, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        people = [
            (str(pk), name) for pk, name in people_of(pool).order_by("name", "pk").values_list("pk", "name")
        ]
        of = self.fields["of"]
        assert isinstance(of, forms.ChoiceField)
        of.choices = [(WHOLE_POOL, f"All of {pool}"), *people]

    def clean(self) -> dict[str, Any]:
        """Check hours against kind and the order of the days."""
        data: dict[str, Any] = super().clean() or {}
        starts_on = data.get("starts_on")
        data["ends_on"] = data.get("ends_on") or starts_on
        problems: dict[str, str] = {}
        if starts_on and data["ends_on"] < starts_on:
            problems["ends_on"] = "The last day is before the first."
        if "hours_per_day" in data and "kind" in data and (wrong := _hours_problem(data)):
            problems["hours_per_day"] = wrong
        if problems:
            raise ValidationError(problems)
        return data

    def unsaved(self) -> NewChange:
        """Return the change as it would be."""
        data = self.cleaned_data
        minutes = WHOLE_DAY_MINUTES if data["whole_day"] else data["hours_per_day"]
        of_pool = data["of"] == WHOLE_POOL
        return NewChange(
            kind=data["kind"],
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            minutes_per_day=-minutes if data["kind"] in TAKES_AWAY else minutes,
            resource_id=None if of_pool else int(data["of"]),
            pool_id=self.pool.pk if of_pool else None,
        )


def _hours_problem(data: dict[str, Any]) -> str:
    if data["whole_day"]:
        adds = data["kind"] not in TAKES_AWAY
        return "Say how many hours are added; a whole day can only be taken away." if adds else ""
    if data["hours_per_day"] is None:
        return "Say how many hours a day, or choose the whole day."
    return "" if data["hours_per_day"] else "0 h a day changes nothing."
