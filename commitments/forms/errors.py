"""What services refuse, said next to the field it is about."""

from django.core.exceptions import ValidationError
from django.forms import Form

from tenants.errors import DomainError


def add_errors(form: Form, error: DomainError | ValidationError) -> None:
    """Put a refusal's sentences at their fields, or above the form when it has no such field."""
    if isinstance(error, DomainError):
        form.add_error(_field(form, error.field), error.message)
        return
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        for each in errors:
            form.add_error(_field(form, name), each)


def _field(form: Form, name: str | None) -> str | None:
    return name if name in form.fields else None
