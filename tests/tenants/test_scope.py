from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from tenants.errors import NoTenant
from tenants.models import Membership, Organization, User
from tenants.scope import active_organization_id, current_organization_id, tenant_scope

ASKING: dict[str, Callable[[], Any]] = {
    "all": lambda: list(Membership.objects.all()),
    "exists": lambda: Membership.objects.exists(),
    "exclude and exists": lambda: Membership.objects.exclude(pk=1).exists(),
    "explain": lambda: Membership.objects.explain(),
    "count": lambda: Membership.objects.count(),
    "get": lambda: Membership.objects.get(pk=1),
    "create": lambda: Membership.objects.create(person_id=1, role="admin"),
    "save": lambda: Membership(person_id=1, role="admin").save(),
    "save of a row": lambda: Membership(pk=1, organization_id=1, person_id=1, role="admin").save(),
    "delete of a row": lambda: Membership(pk=1, organization_id=1).delete(),
    "bulk_create": lambda: Membership.objects.bulk_create([Membership(person_id=1)]),
    "refresh": lambda: Membership(pk=1, organization_id=1).refresh_from_db(),
    "update": lambda: Membership.objects.update(role="admin"),
    "raw": lambda: list(Membership.objects.raw("SELECT 1 AS id")),
}


def _setting() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant', true)")
        return cursor.fetchone()[0] or ""


@pytest.mark.django_db
def test_tests_run_as_the_web_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("concord_web",)


@pytest.mark.django_db
@pytest.mark.parametrize("asking", ASKING)
def test_without_a_tenant_nothing_is_asked(asking: str) -> None:
    with pytest.raises(NoTenant, match="No organization is active"):
        ASKING[asking]()


def test_no_rows_are_given_without_a_tenant() -> None:
    assert list(Membership.objects.none()) == []


def test_scope_shows_own_members(in_acme: Organization, charlie: User) -> None:
    assert Membership.objects.count() == 4
    assert not Membership.objects.filter(person=charlie).exists()


def test_inner_scope_gives_back_to_the_outer(acme: Organization, other: Organization) -> None:
    with tenant_scope(acme.pk):
        with tenant_scope(other.pk):
            assert (current_organization_id(), _setting()) == (other.pk, str(other.pk))
            assert Membership.objects.count() == 1
        assert (current_organization_id(), _setting()) == (acme.pk, str(acme.pk))
        assert Membership.objects.count() == 4
    assert (active_organization_id(), _setting()) == (None, "")


def test_inner_scope_that_fails_gives_back_to_the_outer(acme: Organization, other: Organization) -> None:
    with tenant_scope(acme.pk):
        with pytest.raises(ZeroDivisionError), tenant_scope(other.pk):
            _ = 1 / 0
        assert (current_organization_id(), _setting()) == (acme.pk, str(acme.pk))
    assert (active_organization_id(), _setting()) == (None, "")


def test_inner_scope_that_is_rolled_back_gives_back_to_the_outer(
    acme: Organization, other: Organization
) -> None:
    with tenant_scope(acme.pk):
        with tenant_scope(other.pk):
            Membership.objects.update(role="viewer")
            transaction.set_rollback(True)
        assert (current_organization_id(), _setting()) == (acme.pk, str(acme.pk))
    with tenant_scope(other.pk):
        assert Membership.objects.get().role == "admin"


@pytest.mark.django_db(transaction=True)
def test_setting_ends_with_the_transaction(organizations: Any) -> None:
    with tenant_scope(organizations.acme.pk):
        assert _setting() == str(organizations.acme.pk)
    # The connection is the same one, as a pooler would hand it to the next request.
    assert _setting() == ""


def test_work_after_commit_has_no_tenant(
    acme: Organization, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    seen: list[int | None] = []
    with django_capture_on_commit_callbacks(execute=True), tenant_scope(acme.pk):
        transaction.on_commit(lambda: seen.append(active_organization_id()))
    assert seen == [None]
