"""What a list of commitments is filtered by."""

from typing import Any

from django import forms

from commitments.models import Commitment, Offering
from commitments.selectors.commitment_lists import OPEN, SORTS, CommitmentFilter

MOST_OFFERINGS = 500
STATES = [(OPEN, "Open ones"), *Commitment.State.choices, ("all", "All")]


class CommitmentFilterForm(forms.Form):
    """Filters in the address; what cannot be read is left out of the filter and said at its field."""

    q = forms.CharField(label="Customer or reference", required=False, max_length=200)
    state = forms.ChoiceField(choices=STATES, required=False)
    offering = forms.ChoiceField(required=False)
    owner = forms.ChoiceField(label="Whose", choices=[("", "Everybody's"), ("mine", "Mine")], required=False)
    at_risk = forms.BooleanField(label="Only at risk", required=False)
    sort = forms.ChoiceField(choices=[(key, key) for key in SORTS], required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].widget.input_type = "search"
        rows = Offering.objects.order_by("name", "pk").values_list("pk", "name")[:MOST_OFFERINGS]
        field = self.fields["offering"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "All"), *((str(pk), name) for pk, name in rows)]

    def wanted(self, person_id: int) -> CommitmentFilter:
        """Return the filter that the form says."""
        self.is_valid()
        data = self.cleaned_data
        state = data.get("state") or OPEN
        return CommitmentFilter(
            state="" if state == "all" else state,
            owner_id=person_id if data.get("owner") == "mine" else None,
            offering_id=int(data["offering"]) if data.get("offering") else None,
            is_at_risk=bool(data.get("at_risk")),
            q=data.get("q", ""),
        )

    @property
    def order(self) -> str:
        """Return the order, soonest promised first when none is chosen."""
        return self.cleaned_data.get("sort") or "promised_on"
