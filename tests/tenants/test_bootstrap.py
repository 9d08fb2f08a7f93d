import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tenants.models import Membership, User
from tenants.scope import tenant_scope
from tenants.tenant_lookup import organization_id_of_token, organizations_of


def bootstrap(**options: str) -> Any:
    """Run the command and return what it prints."""
    out = StringIO()
    given = {"organization": "Acme Solar", "email": "Alice@acme.example", "password": "pw"} | options
    call_command("bootstrap", stdout=out, **given)
    return json.loads(out.getvalue())


@pytest.mark.django_db
def test_bootstrap_makes_organization_person_and_token() -> None:
    made = bootstrap()
    assert (made["organization"], made["user"]) == ("acme-solar", "alice@acme.example")
    alice = User.objects.get()
    assert alice.check_password("pw")
    [row] = organizations_of(alice.pk)
    assert (row.slug, row.name, row.role) == ("acme-solar", "Acme Solar", "admin")
    assert organization_id_of_token(made["token"]) == row.id


@pytest.mark.django_db
def test_bootstrap_may_be_run_again() -> None:
    first = bootstrap()
    again = bootstrap(password="changed")
    assert again["organization"] == first["organization"]
    assert organization_id_of_token(first["token"]) == organization_id_of_token(again["token"])
    assert User.objects.get().check_password("changed")


@pytest.mark.django_db
def test_bootstrap_adds_people_in_every_role() -> None:
    bootstrap()
    for role in ("ops_manager", "sales_rep", "viewer"):
        bootstrap(email=f"{role}@acme.example", role=role)
    [row] = organizations_of(User.objects.get(email="alice@acme.example").pk)
    with tenant_scope(row.id):
        roles = list(Membership.objects.order_by("pk").values_list("role", flat=True))
    assert roles == ["admin", "ops_manager", "sales_rep", "viewer"]


@pytest.mark.django_db
@pytest.mark.parametrize(("option", "value"), [("email", "nobody"), ("organization", " ")])
def test_bootstrap_names_what_is_wrong(option: str, value: str) -> None:
    with pytest.raises(CommandError, match=f"--{option}"):
        bootstrap(**{option: value})
    assert not User.objects.exists()
