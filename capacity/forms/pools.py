from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from capacity.forms.hours import HoursField
from capacity.models import Pool
from capacity.services.pools import PoolFields


class PoolForm(forms.Form):
    """A pool's name, place, safety buffer and overtime."""

    name = forms.CharField(max_length=120, help_text="The kind of work, as in Electricians")
    location = forms.CharField(max_length=120, required=False, help_text="Where, if there are several")
    safety_buffer_percent = forms.IntegerField(
        label="Safety buffer, %",
        initial=0,
        validators=[MinValueValidator(0), MaxValueValidator(90)],
        help_text="A promise that eats into it is called tight",
    )
    overtime_minutes_per_day = HoursField(
        label="Overtime, most hours a day",
        required=False,
        help_text="For the whole pool; counter-offers stay within it. Empty: none",
    )
    overtime_cost_per_hour = forms.DecimalField(
        label="Cost of an overtime hour",
        required=False,
        min_value=Decimal(0),
        max_digits=12,
        decimal_places=2,
    )

    def __init__(self, *args: Any, currency: str, pool: Pool | None = None, **kwargs: Any) -> None:
        if pool is not None:
            kwargs["initial"] = {name: getattr(pool, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        self.fields["overtime_cost_per_hour"].help_text = f"In {currency}"

    def pool_fields(self) -> PoolFields:
        """Return what the services take."""
        data = self.cleaned_data
        return PoolFields(
            name=data["name"],
            location=data["location"],
            safety_buffer_percent=data["safety_buffer_percent"],
            overtime_minutes_per_day=data["overtime_minutes_per_day"] or 0,
            overtime_cost_per_hour=data["overtime_cost_per_hour"],
        )
