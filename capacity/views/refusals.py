"""A refusal as one sentence, where there is no form to put it in."""

from django.core.exceptions import ValidationError

from tenants.errors import DomainError


def refusal(error: DomainError | ValidationError) -> str:
    """Return what was refused in words."""
    return error.message if isinstance(error, DomainError) else " ".join(error.messages)
