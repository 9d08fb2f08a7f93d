"""Forms of a connection: what it needs to get in, and what the CRM's words mean here."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django import forms
from django.db.models import Q

from commitments.models import Offering
from integrations.crm import CrmProvider
from integrations.models import Connection
from integrations.selectors.connections import MappingRows, ProductRow, can_write
from integrations.services.syncing.suggesting import suggested_fields

NONE_OF_OURS = "none"
KEPT = "Stored. Enter it only to change it."
OUR_FIELDS = {
    "promised_on": ("Promised date", "The date the customer was given. The close date is never it."),
    "earliest_start": ("Can start from", "When work can begin at the earliest"),
    "product": ("What is promised", "Used where a deal has no line items"),
    "quantity": ("How many", "Used where a deal has no line items"),
}
KINDS = {
    "promised_on": {"date"},
    "earliest_start": {"date"},
    "product": {"text", "choice"},
    "quantity": {"number"},
}


class EntriesForm(forms.Form):
    """What a vendor needs to let us in, as its provider names it."""

    def __init__(
        self,
        *args: Any,
        vendor: type[CrmProvider],
        signs_in: bool,
        connection: Connection | None = None,
        **kwargs: Any,
    ) -> None:
        """Show what is stored, except secrets; a key is needed where nobody can sign in instead."""
        super().__init__(*args, **kwargs)
        keys = [entry.name for entry in vendor.entries if entry.secret]
        needed = keys[0] if keys and vendor.oauth is not None and not signs_in else ""
        for entry in vendor.entries:
            stored = connection is not None and entry.secret and bool(connection.secret)
            self.fields[entry.name] = forms.CharField(
                label=entry.label,
                help_text=KEPT if stored else entry.help_text,
                required=(entry.required or entry.name == needed) and not stored,
                max_length=4000 if entry.secret else 500,
                widget=_widget(entry.secret),
                initial=connection.entries.get(entry.name, "") if connection else "",
            )

    def refuse(self, field: str | None, sentence: str) -> None:
        """Show a refusal beside its field, or above all."""
        self.add_error(field if field in self.fields else None, sentence)


def _widget(secret: bool) -> forms.Widget:
    if secret:
        return forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})


def _name(kind: str, key: str) -> str:
    """Return a field's name by what it is about: rows change places while deals come in."""
    return f"{kind}_{sha256(key.encode()).hexdigest()[:16]}"


def _offering_now(row: ProductRow) -> str:
    """Return the value of a product's field: what it means now."""
    return NONE_OF_OURS if row.is_none_of_ours else str(row.offering_id or "")


class MappingForm(forms.Form):
    """What pipelines, stages, products and fields of the CRM mean here."""

    writes_back = forms.BooleanField(
        label="Write the verdict, the earliest date and the reason back onto the deals", required=False
    )
    every_minutes = forms.TypedChoiceField(
        label="Read changes",
        coerce=int,
        choices=[(1, "every minute"), (5, "every 5 minutes"), (15, "every 15 minutes"), (60, "every hour")],
    )

    def __init__(self, *args: Any, connection: Connection, rows: MappingRows, **kwargs: Any) -> None:
        """Offer what the CRM has, with what is mapped already or suggested chosen."""
        super().__init__(*args, **kwargs)
        self.connection, self._rows = connection, rows
        if can_write(connection):
            self.fields["writes_back"].initial = connection.writes_back
        else:
            del self.fields["writes_back"]
        self.fields["every_minutes"].initial = connection.every_minutes
        self._add_pipelines()
        for row in rows.stages:
            self.fields[_name("stage", row.id)] = forms.ChoiceField(
                label=row.name, choices=self._meanings(row.meaning), initial=row.meaning, required=False
            )
        self._add_products()
        self._add_fields()

    def _add_pipelines(self) -> None:
        found = self.connection.discovery.get("pipelines", [])
        if len(found) > 1:
            self.fields["pipelines"] = forms.MultipleChoiceField(
                label="Pipelines that count",
                choices=[(each["id"], each["name"]) for each in found],
                initial=self.connection.pipelines or [each["id"] for each in found],
                widget=forms.CheckboxSelectMultiple,
                error_messages={"required": "Choose one pipeline at least."},
            )

    @staticmethod
    def _meanings(now: str) -> list[tuple[str, str]]:
        blank = [] if now else [("", "Choose")]
        return [*blank, *[(str(value), str(label)) for value, label in Connection.StageMeaning.choices]]

    def _add_products(self) -> None:
        used = {row.offering_id for row in self._rows.products}
        offered = Offering.objects.filter(Q(archived_at=None) | Q(pk__in=used - {None}))
        names = offered.order_by("name").values_list("pk", "name")
        choices = [(NONE_OF_OURS, "Not one of our offerings"), *((str(pk), name) for pk, name in names)]
        for row in self._rows.products:
            now = _offering_now(row)
            self.fields[_name("product", row.name)] = forms.ChoiceField(
                label=row.name,
                choices=choices if now else [("", "Choose"), *choices],
                initial=now,
                required=False,
            )

    def _add_fields(self) -> None:
        found = self.connection.discovery.get("fields", [])
        suggested = suggested_fields(found) if not self.connection.fields else {}
        for name, (label, help_text) in OUR_FIELDS.items():
            fitting = [each for each in found if each["kind"] in KINDS[name]]
            chosen = self.connection.fields.get(name, suggested.get(name, ""))
            self.fields[f"field_{name}"] = forms.ChoiceField(
                label=label,
                help_text=help_text,
                choices=[("", "Not in this CRM"), *((each["key"], each["label"]) for each in fitting)],
                initial=chosen,
                required=False,
            )

    @property
    def stages(self) -> list[dict[str, Any]]:
        """Return the stages with their field."""
        return [{"row": row, "field": self[_name("stage", row.id)]} for row in self._rows.stages]

    @property
    def products(self) -> list[dict[str, Any]]:
        """Return the products with their field."""
        return [{"row": row, "field": self[_name("product", row.name)]} for row in self._rows.products]

    @property
    def own(self) -> list[Any]:
        """Return the fields of ours."""
        return [self[f"field_{name}"] for name in OUR_FIELDS]

    def said(self) -> dict[str, Any]:
        """Return the answers as services.syncing.mapping.save_mapping takes them."""
        data: Mapping[str, Any] = self.cleaned_data
        stages = {row.id: data[_name("stage", row.id)] for row in self._rows.stages}
        chosen = {row: data[_name("product", row.name)] for row in self._rows.products}
        every = {each["id"] for each in self.connection.discovery.get("pipelines", [])}
        pipelines = data.get("pipelines")
        return {
            "pipelines": None if pipelines is None else [] if set(pipelines) == every else pipelines,
            "stages": {each: meaning for each, meaning in stages.items() if meaning},
            "products": {
                row.name: None if offering == NONE_OF_OURS else int(offering)
                for row, offering in chosen.items()
                if offering and (row.without or offering != _offering_now(row))  # else it goes on as it does
            },
            "fields": {name: data[f"field_{name}"] for name in OUR_FIELDS},
            "writes_back": data.get("writes_back"),
            "every_minutes": data["every_minutes"],
        }
