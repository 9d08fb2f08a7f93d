"""What django-allauth asks the product: who may sign up, and where the links of its e-mails lead."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Lets everybody sign up, or only who was invited (SIGN_UP_OPEN=no)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return whether this browser may sign up; an opened invitation leaves its address in the session."""
        return settings.SIGN_UP_OPEN or bool(request.session.get("account_verified_email"))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail whose links begin with SITE_URL, by whatever host name the request came in."""
        links = {name: _on_our_site(value) for name, value in context.items() if name.endswith("_url")}
        super().send_mail(template_prefix, email, context | links)


def _on_our_site(link: str) -> str:
    parts = urlsplit(link)
    return str(settings.SITE_URL) + parts._replace(scheme="", netloc="").geturl()
