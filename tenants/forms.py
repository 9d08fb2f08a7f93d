"""Forms of sign-up, organizations, members and tokens."""

from typing import Any

from django import forms

from tenants.models import User


class SignupNameForm(forms.Form):
    """Asks for the name at sign-up, beside what django-allauth asks."""

    name = forms.CharField(max_length=150, label="Your name", help_text="Your colleagues see it on promises")
    field_order = ["name", "email", "password1"]

    def signup(self, request: Any, user: User) -> None:
        """Keep the name on the new person."""
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
