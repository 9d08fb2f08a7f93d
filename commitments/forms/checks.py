"""The promise as a sentence, and the terms that somebody picks of the answer."""

from datetime import date
from typing import Any

from django import forms

from commitments.models import Deal
from commitments.selectors.check_choices import CheckChoices
from ui.formatting import money, percent, weekday_date
from ui.forms import DateInput

MOST_UNITS = 1_000_000
MOST_PARTS = 10


class CheckForm(forms.Form):
    """What somebody wants to promise; everything of it is in the address."""

    deal = forms.ChoiceField(required=False)
    customer = forms.CharField(required=False, max_length=200)
    offering = forms.ChoiceField(
        label="What we promise", error_messages={"required": "Choose what you would promise."}
    )
    quantity = forms.IntegerField(
        label="How many",
        min_value=1,
        max_value=MOST_UNITS,
        error_messages={
            "required": "Say how many.",
            "min_value": "Promise at least 1.",
            "max_value": f"Promise at most {MOST_UNITS:,} at once.",
            "invalid": "Write a whole number, as in 24.",
        },
    )
    promised_on = forms.DateField(
        label="Promised by",
        widget=DateInput,
        error_messages={"required": "Say by when.", "invalid": "Choose a date, as in 2027-03-12."},
    )
    earliest_start = forms.DateField(
        label="Can start from",
        widget=DateInput,
        required=False,
        error_messages={"invalid": "Choose a date, or leave it empty for today."},
    )

    def __init__(self, *args: Any, choices: CheckChoices, today: date, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, **kwargs)
        self._choices("deal", [("", "No deal, another customer"), *_deal_choices(choices)])
        self._choices(
            "offering", [("", "Choose…"), *((str(each.pk), each.name) for each in choices.offerings)]
        )

    def _choices(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Compare the dates with each other and with today, and say a date that would do."""
        data: dict[str, Any] = super().clean() or {}
        if "earliest_start" in data:
            data["earliest_start"] = data["earliest_start"] or self.today
        promised_on, start = data.get("promised_on"), data.get("earliest_start")
        if promised_on and promised_on < self.today:
            today = weekday_date(self.today, self.today)
            self.add_error(
                "promised_on", f"That day has passed. The first you can promise is today, {today}."
            )
        elif promised_on and start and promised_on < start:
            starts = weekday_date(start, self.today)
            self.add_error(
                "promised_on", f"Work can only start on {starts}. Promise that day or a later one."
            )
        return data


def _deal_choices(choices: CheckChoices) -> list[Any]:
    groups = [("Yours", choices.own_deals), ("Other open deals", choices.other_deals)]
    return [(label, [(str(deal.pk), deal_words(deal)) for deal in deals]) for label, deals in groups if deals]


def deal_words(deal: Deal) -> str:
    """Return a deal in a line, as in "Kestrel Housing, phase 2 · €312,000 · 60% to win"."""
    company = deal.company.name if deal.company else ""
    parts = [deal.name if company.casefold() in deal.name.casefold() else f"{company}, {deal.name}"]
    if deal.amount is not None:
        parts.append(money(deal.amount, deal.currency))
    if deal.probability is not None:
        parts.append(f"{percent(deal.probability)} to win")
    return " · ".join(parts)


class PartsField(forms.CharField):
    """Terms as an option carries them, "12@2027-03-12+12@2027-03-19" -> [(12, date), (12, date)]."""

    default_error_messages = {"parts": "These terms cannot be read. Pick an option again."}

    def to_python(self, value: Any) -> Any:
        """Return the parts; raise ValidationError for anything else."""
        text = super().to_python(value) or ""
        try:
            parts = [_part(part) for part in text.split("+")] if text else []
        except ValueError as error:
            raise forms.ValidationError(self.error_messages["parts"], code="parts") from error
        if len(parts) > MOST_PARTS or any(not 1 <= quantity <= MOST_UNITS for quantity, _ in parts):
            raise forms.ValidationError(self.error_messages["parts"], code="parts")
        return parts


def _part(text: str) -> tuple[int, date]:
    quantity, promised_on = text.split("@")
    return int(quantity), date.fromisoformat(promised_on)


class PickForm(forms.Form):
    """Which of the answer's terms to propose, and what operations should know."""

    option = PartsField(required=False, max_length=400)
    as_asked = forms.BooleanField(required=False)
    note = forms.CharField(required=False, max_length=2000, strip=True)

    def parts(self, quantity: int, promised_on: date) -> list[tuple[int, date]]:
        """Return the terms to propose: the picked option's, or those that were asked."""
        picked: list[tuple[int, date]] = self.cleaned_data["option"]
        return [(quantity, promised_on)] if self.cleaned_data["as_asked"] or not picked else picked
