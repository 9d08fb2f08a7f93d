"""What people write when they decide, deliver, cancel or withdraw."""

from datetime import date
from typing import Any

from django import forms

from ui.forms import DateInput

REASON = {"required": "Say why, in a sentence.", "max_length": "Keep it under 2,000 characters."}


class ReasonForm(forms.Form):
    """A reason that the other side reads."""

    reason = forms.CharField(
        label="Why",
        max_length=2000,
        error_messages=REASON,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 2000}),
    )


class ApproveForm(forms.Form):
    """Approval; `reason` is for approving what does not fit, `seen_short` the shortage that was shown."""

    reason = forms.CharField(required=False, max_length=2000, error_messages=REASON)
    override = forms.BooleanField(required=False)
    seen_short = forms.IntegerField(required=False, min_value=0)

    def clean(self) -> dict[str, Any]:
        """An override without a reason is none."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("override") and not data.get("reason"):
            self.add_error(
                "reason", "Say why it is approved although it does not fit: it stays in the ledger."
            )
        return data


class OptionalReasonForm(forms.Form):
    """A word on why, if there is one."""

    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=2000,
        error_messages=REASON,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 2000}),
    )


class DeliverForm(forms.Form):
    """The day on which it was delivered."""

    delivered_on = forms.DateField(
        label="Delivered on",
        widget=DateInput,
        error_messages={"required": "Say on which day.", "invalid": "Choose a date, as in 2027-03-12."},
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("delivered_on", today)
        self.fields["delivered_on"].widget.attrs["max"] = today.isoformat()
