import pytest
from django.db import connection

from tenants.errors import NoTenant
from tenants.models import Membership, Organization, User


@pytest.mark.django_db
def test_tests_run_as_the_web_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("concord_web",)


@pytest.mark.django_db
def test_manager_raises_without_tenant() -> None:
    with pytest.raises(NoTenant):
        Membership.objects.exists()


def test_scope_shows_own_members(in_acme: Organization, charlie: User) -> None:
    assert Membership.objects.count() == 4
    assert not Membership.objects.filter(person=charlie).exists()
