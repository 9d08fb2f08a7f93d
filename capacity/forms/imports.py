"""A file to be imported, and the same file once more, signed, after its preview."""

import base64
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError

from capacity.services.importing.cells import DAY_FIRST, MONTH_FIRST

MOST_BYTES = 1024 * 1024
KEPT_SECONDS = 3600


class ImportForm(forms.Form):
    """A spreadsheet of people or of time off, and how it is written."""

    file = forms.FileField(label="CSV or Excel file", help_text="Up to 5,000 rows and 1 MB")
    unit = forms.ChoiceField(
        label="Hours of a day are given in",
        choices=[("hours", "hours, as in 8, 7.5 or 7:30"), ("minutes", "minutes, as in 480")],
    )
    dates = forms.ChoiceField(
        label="Dates are written",
        required=False,
        choices=[
            ("", "found out from the file"),
            (DAY_FIRST, "day first, 31/12/2027"),
            (MONTH_FIRST, "month first, 12/31/2027"),
        ],
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind != "people":
            del self.fields["unit"]

    def clean_file(self) -> bytes:
        """Return the file's bytes; raise ValidationError when there are too many."""
        upload = self.cleaned_data["file"]
        if upload.size > MOST_BYTES:
            raise ValidationError("The file is larger than 1 MB. Split it into several files.")
        content: bytes = upload.read()
        return content


def signed_file(content: bytes, *, unit: str, dates: str, salt: str) -> str:
    """Return the file and how it is written as a text that only this program can have made."""
    values = {"content": base64.b64encode(content).decode(), "unit": unit, "dates": dates}
    return signing.dumps(values, salt=salt, compress=True)


def unsigned_file(text: str, *, salt: str) -> dict[str, Any] | None:
    """Return content, unit and dates of a signed file; None when it is too old or not ours."""
    try:
        values: dict[str, Any] = signing.loads(text, salt=salt, max_age=KEPT_SECONDS)
    except signing.BadSignature:
        return None
    return values | {"content": base64.b64decode(values["content"])}
