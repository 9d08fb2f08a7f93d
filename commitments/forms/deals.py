"""A deal and what it asks for, as people type it."""

from decimal import Decimal
from typing import Any

from django import forms

from commitments.models import Deal, DealLine, Offering
from commitments.services.deals import LineTerms
from tenants.models import Membership
from ui.forms import DateInput


class DealForm(forms.Form):
    """A deal's own facts; its lines are rows beside it."""

    use_required_attribute = False

    name = forms.CharField(max_length=250, help_text="As in Kestrel Housing, phase 2")
    company_name = forms.CharField(label="Company", max_length=200, required=False)
    owner = forms.ChoiceField(required=False)
    stage = forms.CharField(max_length=120, required=False, help_text="As in Quote sent")
    status = forms.ChoiceField(choices=Deal.Status.choices, initial=Deal.Status.OPEN)
    chance = forms.DecimalField(
        label="Chance to win, %",
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=5,
        decimal_places=2,
        help_text="Without it the deal is not in the expected pipeline",
    )
    amount = forms.DecimalField(required=False, max_digits=18, decimal_places=2, min_value=Decimal(0))
    currency = forms.CharField(required=False, max_length=3)
    close_on = forms.DateField(
        label="Closes on",
        required=False,
        widget=DateInput,
        help_text="When the customer decides; not a promised date",
    )

    def __init__(self, *args: Any, deal: Deal | None = None, currency: str, **kwargs: Any) -> None:
        if deal is not None:
            kwargs["initial"] = _facts(deal) | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        people = Membership.objects.select_related("person").order_by("person__name", "person__email")
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ChoiceField)
        owner.choices = [
            ("", "Nobody"),
            *((str(each.person_id), each.person.display_name) for each in people),
        ]
        if deal is not None and deal.owner_name and deal.owner_id is None:
            owner.choices = [("", deal.owner_name), *owner.choices[1:]]
        self.fields["currency"].help_text = f"{currency} when empty"

    def clean_currency(self) -> str:
        """Return the currency in capitals."""
        currency: str = self.cleaned_data["currency"].strip().upper()
        if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            raise forms.ValidationError("Write three letters, as in EUR.")
        return currency

    def deal_fields(self) -> dict[str, Any]:
        """Return what the services take."""
        data = self.cleaned_data
        chance = data["chance"]
        return {
            **{
                name: data[name] for name in ("name", "company_name", "stage", "status", "amount", "currency")
            },
            "close_on": data["close_on"],
            "owner_id": int(data["owner"]) if data["owner"] else None,
            "probability": None if chance is None else chance / 100,
        }


def _facts(deal: Deal) -> dict[str, Any]:
    names = ("name", "stage", "status", "amount", "currency", "close_on")
    chance = None if deal.probability is None else (deal.probability * 100).normalize()
    return {
        **{name: getattr(deal, name) for name in names},
        "company_name": deal.company.name if deal.company else "",
        "owner": str(deal.owner_id or ""),
        "chance": None if chance is None else f"{chance:f}",
    }


class LineForm(forms.Form):
    """One thing a deal asks for."""

    offering = forms.ChoiceField(required=False)
    product = forms.CharField(label="Called", max_length=200, required=False)
    quantity = forms.IntegerField(
        label="How many", required=False, min_value=1, max_value=1_000_000, initial=None
    )
    promised_on = forms.DateField(label="Promised by", required=False, widget=DateInput)
    earliest_start = forms.DateField(label="Can start from", required=False, widget=DateInput)

    def __init__(self, *args: Any, offerings: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offering = self.fields["offering"]
        assert isinstance(offering, forms.ChoiceField)
        offering.choices = offerings

    def clean(self) -> dict[str, Any]:
        """Check that the promised date is not before the earliest start."""
        data: dict[str, Any] = super().clean() or {}
        start, due = data.get("earliest_start"), data.get("promised_on")
        if start and due and due < start:
            raise forms.ValidationError({"promised_on": "The promised date is before the earliest start."})
        return data

    def terms(self) -> LineTerms:
        """Return the line as the services take it."""
        data = self.cleaned_data
        return LineTerms(
            offering_id=int(data["offering"]) if data["offering"] else None,
            product=data["product"],
            quantity=data["quantity"],
            promised_on=data["promised_on"],
            earliest_start=data["earliest_start"],
        )


def line_values(line: DealLine) -> dict[str, Any]:
    """Return a saved line as a row shows it."""
    return {
        "offering": str(line.offering_id or ""),
        "product": line.product_name,
        "quantity": line.quantity,
        "promised_on": line.promised_on,
        "earliest_start": line.earliest_start,
    }


def offering_choices(lines: list[DealLine]) -> list[tuple[str, str]]:
    """Return the offerings in use, and those that the lines have already."""
    held = {line.offering_id for line in lines if line.offering_id}
    offerings = Offering.objects.filter(archived_at=None) | Offering.objects.filter(pk__in=held)
    rows = offerings.order_by("name", "pk").values_list("pk", "name")
    return [("", "Not known yet"), *((str(pk), name) for pk, name in rows)]


class DealFilterForm(forms.Form):
    """Which deals the list shows; what makes no sense is left open."""

    text = forms.CharField(label="Company or deal", required=False, max_length=200)
    status = forms.ChoiceField(required=False, choices=[("all", "Any"), *Deal.Status.choices], initial="open")
    verdict = forms.ChoiceField(
        required=False,
        choices=[("", "Any"), ("fits", "Fits"), ("infeasible", "Does not fit"), ("unknown", "Not known")],
    )
    owner = forms.ChoiceField(required=False, choices=[("", "Anybody's"), ("mine", "Mine")])
