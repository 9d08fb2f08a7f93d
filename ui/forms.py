"""How Django draws a form here: {{ form }} and {{ field.as_field_group }} use the product's templates."""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """For the setting FORM_RENDERER = "ui.forms.Renderer"; needs "django.forms" among the installed apps."""

    form_template_name = "components/form.html"
    field_template_name = "components/field_group.html"


class DateInput(forms.DateInput):
    """A native date field: the browser shows the calendar of the person's own language."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")
