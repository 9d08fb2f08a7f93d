"""An offering and its stages, as people type them."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django import forms

from capacity.forms.hours import HoursField
from capacity.hours import NotHours, minutes_of
from capacity.models import Pool
from commitments.forms.rows import Rows
from commitments.models import Offering, OfferingStage
from commitments.selectors.offering_lists import Routing, StageWork, pool_label
from commitments.services.offerings import StageTerms

MOST_MINUTES = 10_000_000


class OfferingForm(forms.Form):
    """What it is called, and what one of it is called."""

    use_required_attribute = False

    name = forms.CharField(max_length=160, help_text="As in Heat pump, installed")
    unit = forms.CharField(
        label="One is called", max_length=40, required=False, help_text="As in heat pump; empty: unit"
    )

    def __init__(self, *args: Any, offering: Offering | None = None, **kwargs: Any) -> None:
        if offering is not None:
            held = {"name": offering.name, "unit": offering.unit}
            kwargs["initial"] = held | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)


class StageForm(forms.Form):
    """Work on one pool."""

    pool = forms.ChoiceField(label="Who does it", error_messages={"required": "Choose a pool."})
    per_unit = HoursField(
        label="Hours for one",
        most_minutes=MOST_MINUTES,
        error_messages={"required": "Say how many hours one takes."},
    )
    setup = HoursField(label="Set-up hours", most_minutes=MOST_MINUTES, required=False)
    lag_days = forms.IntegerField(label="Days before it", required=False, min_value=0, max_value=3650)
    crew = HoursField(label="Most hours a day", required=False)

    def __init__(self, *args: Any, pools: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pools = pools
        pool = self.fields["pool"]
        assert isinstance(pool, forms.ChoiceField)
        pool.choices = [("", "Choose…"), *pools]

    def clean_crew(self) -> int | None:
        """Return the limit in minutes; none at all is said by leaving it empty."""
        crew: int | None = self.cleaned_data["crew"]
        if crew == 0:
            raise forms.ValidationError("Leave it empty when there is no limit.")
        return crew

    def terms(self) -> StageTerms:
        """Return the stage as the services take it."""
        data = self.cleaned_data
        return StageTerms(
            pool_id=int(data["pool"]),
            minutes_per_unit=data["per_unit"] or 0,
            setup_minutes=data["setup"] or 0,
            lag_days=data["lag_days"] or 0,
            max_minutes_per_day=data["crew"],
        )


class ProductForm(forms.Form):
    """Which offering a product of the deals is."""

    product = forms.CharField(max_length=200)
    offering = forms.IntegerField()


def stage_values(stage: OfferingStage) -> dict[str, Any]:
    """Return a saved stage as a row shows it."""
    return {
        "pool": str(stage.pool_id),
        "per_unit": stage.minutes_per_unit,
        "setup": stage.setup_minutes or None,
        "lag_days": stage.lag_days or None,
        "crew": stage.max_minutes_per_day,
    }


def pool_choices(held: Sequence[OfferingStage]) -> list[tuple[str, str]]:
    """Return the pools in use, and those that the stages have already."""
    pools = Pool.objects.filter(archived_at=None) | Pool.objects.filter(
        pk__in={each.pool_id for each in held}
    )
    return [(str(pool.pk), pool_label(pool)) for pool in pools.order_by("name", "location", "pk")]


def typed_routing(rows: Rows[StageForm]) -> Routing:
    """Return what the rows say so far, as far as it can be read; nothing is refused here."""
    return Routing(tuple(_typed_stage(form) for form in rows.filled()))


def _typed_stage(form: StageForm) -> StageWork:
    names = dict(form.pools)
    lag, chosen = str(form["lag_days"].value() or ""), str(form["pool"].value() or "")
    is_known = bool(chosen) and chosen in names
    return StageWork(
        int(chosen) if is_known else 0,
        names[chosen] if is_known else "a pool not chosen yet",
        _minutes(form["per_unit"].value()),
        _minutes(form["setup"].value()),
        int(lag) if lag.isascii() and lag.isdigit() and len(lag) < 5 else 0,
    )


def _minutes(typed: Any) -> int:
    with suppress(NotHours):
        return minutes_of(str(typed or "0"))
    return 0
