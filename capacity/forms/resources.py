from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from capacity.forms.hours import HoursField
from capacity.models import Pool, Resource
from capacity.public_holidays import countries, regions_of
from capacity.selectors.pools import open_pools
from capacity.services.resources import ResourceFields, pool_ids_of
from capacity.unsaved import ChangedResource
from ui.forms import DateInput

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class ResourceForm(forms.Form):
    """A person, crew or machine: pool, hours of each weekday, public holidays, first and last day."""

    name = forms.CharField(max_length=120, help_text="A person, a crew or a machine")
    pool = forms.ModelChoiceField(Pool.objects.none(), empty_label=None)
    monday = HoursField(required=False)
    tuesday = HoursField(required=False)
    wednesday = HoursField(required=False)
    thursday = HoursField(required=False)
    friday = HoursField(required=False)
    saturday = HoursField(required=False)
    sunday = HoursField(required=False)
    country = forms.ChoiceField(label="Public holidays", required=False)
    region = forms.ChoiceField(required=False, help_text="Where it has holidays of its own")
    active_from = forms.DateField(label="First day", required=False, widget=DateInput)
    active_until = forms.DateField(label="Last day", required=False, widget=DateInput)

    def __init__(
        self,
        *args: Any,
        resource: Resource | None = None,
        pool: Pool | None = None,
        draft: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Show a resource, or what a new one of the pool starts with; `draft` is what was typed so far."""
        self.resource = resource
        kwargs["initial"] = self._initial(resource, pool) | dict(draft or {})
        super().__init__(*args, **kwargs)
        pools = open_pools()
        current = kwargs["initial"].get("pool")
        self._choice("pool").queryset = pools | Pool.objects.filter(pk=current)  # type: ignore[attr-defined]
        self._choice("country").choices = [("", "None"), *countries()]
        self._choice("region").choices = [("", "Whole country"), *regions_of(self["country"].value() or "")]

    def _choice(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField | forms.ModelChoiceField)
        return field

    @staticmethod
    def _initial(resource: Resource | None, pool: Pool | None) -> dict[str, Any]:
        if resource is None:
            return {"pool": pool.pk if pool else None, **dict.fromkeys(DAYS[:5], 480), **_neighbour(pool)}
        country, _, region = resource.holidays.partition("-")
        week: list[int | None] = list(resource.weekly_minutes) if resource.weekly_minutes else [None] * 7
        if any(week):  # a day off is shown empty, except where every day is one: that is not "missing"
            week = [minutes or None for minutes in week]
        return {
            "name": resource.name,
            "pool": next(iter(pool_ids_of(resource)), None),
            "country": country,
            "region": region,
            "active_from": resource.active_from,
            "active_until": resource.active_until,
            **dict(zip(DAYS, week, strict=True)),
        }

    @property
    def day_fields(self) -> list[forms.BoundField]:
        """Return the seven day fields, for a template that draws them side by side."""
        return [self[name] for name in DAYS]

    def clean(self) -> dict[str, Any]:
        """Check that the last day is not before the first."""
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("active_from"), data.get("active_until")
        if first and last and last < first:
            raise ValidationError({"active_until": "The last day is before the first."})
        return data

    def weekly_minutes(self) -> list[int] | None:
        """Return seven numbers, Monday first, an empty day being a day off; None when all are empty."""
        week = [self.cleaned_data[name] for name in DAYS]
        return None if all(minutes is None for minutes in week) else [minutes or 0 for minutes in week]

    def resource_fields(self) -> ResourceFields:
        """Return what the services take."""
        data = self.cleaned_data
        region = f"-{data['region']}" if data["country"] and data["region"] else ""
        return ResourceFields(
            name=data["name"],
            pool_ids=[data["pool"].pk],
            weekly_minutes=self.weekly_minutes(),
            holidays=data["country"] + region,
            active_from=data["active_from"],
            active_until=data["active_until"],
        )

    def unsaved(self) -> ChangedResource:
        """Return the resource as it would be, for the blast radius."""
        fields = self.resource_fields()
        return ChangedResource(
            resource_id=self.resource.pk if self.resource else None,
            pool_ids=tuple(fields["pool_ids"]),
            weekly_minutes=fields["weekly_minutes"],
            holidays=fields["holidays"],
            active_from=fields["active_from"],
            active_until=fields["active_until"],
        )


def _neighbour(pool: Pool | None) -> dict[str, str]:
    """Propose the public holidays of the person who was added to the pool last."""
    latest = Resource.objects.filter(memberships__pool=pool).order_by("-pk").first() if pool else None
    country, _, region = latest.holidays.partition("-") if latest else ("", "", "")
    return {"country": country, "region": region}
