"""Filters of flags, and letting one wait."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from commitments.models import Flag
from ui.forms import DateInput

MORNING = time(6, 0)


class FlagFilterForm(forms.Form):
    """Which flags the list shows; what makes no sense is left open."""

    show = forms.ChoiceField(
        required=False,
        choices=[("open", "Open"), ("snoozed", "Snoozed"), ("closed", "Closed")],
        initial="open",
    )
    kind = forms.ChoiceField(required=False, choices=[("", "Any"), *Flag.Kind.choices])
    owner = forms.ChoiceField(required=False, choices=[("", "Anybody's"), ("mine", "Mine")])


class SnoozeForm(forms.Form):
    """Until which day a flag may wait, and why."""

    until_on = forms.DateField(label="Show it again on", widget=DateInput)
    reason = forms.CharField(
        label="Why it can wait", max_length=300, widget=forms.Textarea, help_text="Everybody reads it"
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_until_on(self) -> date:
        """Return the day, which must lie ahead."""
        day: date = self.cleaned_data["until_on"]
        if day <= self.today:
            raise forms.ValidationError("Choose a day that lies ahead.")
        return day

    def until(self, zone: ZoneInfo) -> datetime:
        """Return the morning of the day in the organization's zone."""
        return datetime.combine(self.cleaned_data["until_on"], MORNING, tzinfo=zone)
