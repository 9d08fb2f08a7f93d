"""A field for hours that gives whole minutes."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from capacity.hours import NotHours, hours_text, minutes_of


class HoursField(forms.CharField):
    """Takes "8", "7.5" or "7:30" and gives minutes, None for nothing; shows minutes as hours."""

    def __init__(self, *, most_minutes: int = 144_000, **kwargs: Any) -> None:
        self.most_minutes = most_minutes
        super().__init__(max_length=20, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Return what the field shows: text as it was written, minutes as hours."""
        return hours_text(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:  # type: ignore[override]
        """Return minutes; raise ValidationError for what is no number of hours or too many."""
        text = "" if value is None else str(value).strip()
        if not text:
            return None
        try:
            minutes = minutes_of(text)
        except NotHours as error:
            raise ValidationError(str(error)) from error
        if minutes > self.most_minutes:
            raise ValidationError(f"At most {hours_text(self.most_minutes)} h a day.")
        return minutes

    def run_validators(self, value: Any) -> None:
        """Do nothing more: the text's length was the only rule of a plain text field."""
