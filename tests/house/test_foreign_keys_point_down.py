"""References follow the floors, like imports: a table never refers to a table of an app above."""

from django.apps import apps

FLOORS = ("tenants", "capacity", "commitments", "integrations", "dashboards")


def test_references_point_down() -> None:
    upward = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in FLOORS
        for field in model._meta.local_fields
        if field.remote_field is not None
        and field.remote_field.model._meta.app_label in FLOORS
        and FLOORS.index(field.remote_field.model._meta.app_label) > FLOORS.index(model._meta.app_label)
    ]
    assert upward == []


def test_every_app_with_tables_has_its_floor() -> None:
    ours = {
        model._meta.app_label for model in apps.get_models() if not model.__module__.startswith("django.")
    }
    assert ours - set(FLOORS) <= {"account", "mfa", "usersessions"}
