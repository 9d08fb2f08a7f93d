"""Forms of sign-up, organizations, members and tokens."""

import zoneinfo
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from tenants.access import Actor
from tenants.currencies import CURRENCIES
from tenants.errors import DomainError
from tenants.models import Organization, User
from tenants.roles import Permission, Role

NEVER = "never"


class SignupNameForm(forms.Form):
    """Asks for the name at sign-up, beside what django-allauth asks."""

    name = forms.CharField(
        max_length=150,
        label="Your name",
        help_text="Your colleagues see it on promises",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ["name", "email", "password1"]

    def signup(self, request: Any, user: User) -> None:
        """Keep the name on the new person."""
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person's own name and keys."""

    class Meta:
        model = User
        fields = ["name", "one_letter_keys"]
        labels = {"name": "Your name", "one_letter_keys": "Shortcuts of a single letter"}
        help_texts = {
            "name": "Your colleagues see it on promises",
            "one_letter_keys": "Switch them off if you speak to your computer or type with a switch",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True


class OrganizationForm(forms.Form):
    """A new organization."""

    name = forms.CharField(
        max_length=120, label="Name", widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    slug = forms.RegexField(
        r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=60,
        required=False,
        label="Address",
        help_text="What stands after /o/ in the address bar. Left empty, it is made from the name",
        error_messages={"invalid": "Use small letters, digits and single hyphens, as in acme-solar."},
    )
    time_zone = forms.ChoiceField(label="Time zone", help_text="Days begin and end here for everybody")
    currency = forms.ChoiceField(label="Currency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "time_zone", _time_zones())
        _offer(self, "currency", [(code, code) for code in CURRENCIES])


class OrganizationSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an organization decides for all its promises."""

    time_zone = forms.ChoiceField(label="Time zone", help_text="Days begin and end here for everybody")
    currency = forms.ChoiceField(label="Currency")

    class Meta:
        model = Organization
        fields = ["name", "time_zone", "currency", "horizon_days", "answer_hours", "bypass_days"]
        labels = {
            "name": "Name",
            "horizon_days": "Planning horizon, days",
            "answer_hours": "Proposals are answered within, hours",
            "bypass_days": "Won deals are looked at for, days",
        }
        help_texts = {
            "horizon_days": "Promises further ahead than this are not judged",
            "answer_hours": "A proposal that waits longer is said to be late",
            "bypass_days": "A deal won longer ago needs no approved commitment",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "time_zone", _time_zones())
        _offer(self, "currency", [(code, code) for code in CURRENCIES])


class RoleForm(forms.Form):
    """A member's role."""

    role = forms.ChoiceField(choices=Role.choices)


class InvitationForm(forms.Form):
    """Who is invited, and as what."""

    email = forms.EmailField(label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(choices=Role.choices, initial=Role.SALES_REP)


class TokenForm(forms.Form):
    """A key for a program: what it is called, what it may do, until when."""

    name = forms.CharField(max_length=80, label="Name", help_text="Says which program uses it")
    scopes = forms.MultipleChoiceField(
        label="May do",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None marked: all that your role may do",
    )
    days = forms.TypedChoiceField(
        label="Good for",
        coerce=lambda days: None if days == NEVER else int(days),
        choices=[(30, "30 days"), (90, "90 days"), (365, "A year"), (NEVER, "Until it is revoked")],
        initial=90,
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        """Offer what the actor may do."""
        super().__init__(*args, **kwargs)
        _offer(self, "scopes", [(p.value, p.label) for p in Permission if actor.may(p)])

    def valid_for(self) -> timedelta | None:
        """Return how long the token is good, None for without end."""
        days: int | None = self.cleaned_data["days"]
        return None if days is None else timedelta(days=days)


def add_errors(form: forms.BaseForm, error: DomainError | ValidationError) -> None:
    """Show a refusal at the field that it names, or above the form."""
    if isinstance(error, DomainError):
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return
    for field, messages in _by_field(error).items():
        form.add_error(field if field in form.fields else None, messages)


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {"": error.messages}


def _time_zones() -> list[tuple[str, str]]:
    places = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone and zone[:4] != "Etc/")
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in places)]


def _offer(form: forms.BaseForm, name: str, choices: list[tuple[str, str]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
