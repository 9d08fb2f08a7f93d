"""Form fields with label, help, error and, for dates, the weekday said back."""

from datetime import date
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.utils import timezone
from django.utils.dateparse import parse_date

from ui.formatting import weekday_date

register = template.Library()


def echoed_date(value: Any) -> str:
    """A date of a field in words ("Fri 12 March"), "" for what is no date."""
    if not isinstance(value, date):
        try:
            value = parse_date(str(value or ""))
        except ValueError:
            return ""
    return weekday_date(value, timezone.localdate()) if value else ""


def field_context(bound: BoundField) -> dict[str, object]:
    """What components/field.html needs of a field: kind is "check", "group", "date", "file" or ""."""
    widget = bound.field.widget
    kind = getattr(widget, "input_type", None)
    many = getattr(widget, "allow_multiple_selected", False)
    if kind in ("radio", "checkbox") and hasattr(widget, "choices"):
        shape = "group"
    elif kind == "checkbox" and not many:
        shape = "check"
    else:
        shape = kind if kind in ("date", "file", "hidden") else ""
    return {
        "field": bound,
        "shape": shape,
        "echo": echoed_date(bound.value()) if shape == "date" else "",
    }


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, css: str = "") -> dict[str, object]:
    """{% field form.promised_on %}, {% field form.deal "wide" %}."""
    if not isinstance(bound, BoundField):
        raise TypeError(f"{{% field %}} takes a form field, not {bound!r}")
    return {**field_context(bound), "css": css}


@register.inclusion_tag("components/form_fields.html")
def form_fields(form: BaseForm) -> dict[str, object]:
    """{% form_fields form %}: errors of the whole form, every field, no <form> around them."""
    return {"form": form}
