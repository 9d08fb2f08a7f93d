"""What django-allauth asks the product: who may sign up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Lets everybody sign up, or only who was invited (SIGN_UP_OPEN=no)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return whether this browser may sign up; an opened invitation leaves its address in the session."""
        return settings.SIGN_UP_OPEN or bool(request.session.get("account_verified_email"))
