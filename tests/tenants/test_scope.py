import pytest
from django.db import connection

from tenants.errors import NoTenant
from tenants.models import Membership


@pytest.mark.django_db
def test_tests_run_as_the_web_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("concord_web",)


@pytest.mark.django_db
def test_manager_raises_without_tenant() -> None:
    with pytest.raises(NoTenant):
        Membership.objects.exists()
