"""Models checked before they are saved, empty references and patterns included."""

from django.db import models


def validate(instance: models.Model) -> None:
    """Raise ValidationError, by field, unless the instance may be saved.

    What may be NULL in the database may be None here, also where forms ask for a value.
    """
    empty = {
        field.name
        for field in instance._meta.fields
        if field.null and getattr(instance, field.attname) is None
    }
    instance.clean_fields(exclude=empty | {"organization"})
    instance.clean()
    instance.validate_constraints()
