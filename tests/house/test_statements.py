import pytest
from django.db import connection, models

from capacity.models import Pool
from tenants.models import Organization
from tests.house.statements import forgets_the_organization, watched


@pytest.mark.parametrize(
    ("statement", "forgets"),
    [
        ("SELECT * FROM capacity_pool", True),
        ('DELETE FROM "capacity_pool" WHERE id IN (1)', True),
        ('SELECT 1 FROM "capacity_pool" WHERE "capacity_pool"."organization_id" = 1', False),
        ("SELECT * FROM capacity_pools", False),
        ("SELECT * FROM tenants_user", False),
        ("SAVEPOINT x", False),
    ],
)
def test_forgetful_statement_is_recognized(statement: str, forgets: bool) -> None:
    assert forgets_the_organization(statement) is forgets


def test_every_test_is_watched(in_acme: Organization) -> None:
    with pytest.raises(AssertionError, match="names no organization_id"):
        models.QuerySet(Pool).exists()
    with pytest.raises(AssertionError, match="names no organization_id"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM capacity_pool")


def test_unwatched_statement_would_pass(unwatched: None, in_acme: Organization) -> None:
    # The control: it is the watch that refuses; row-level security answers.
    assert models.QuerySet(Pool).exists() is False
    with watched(), pytest.raises(AssertionError, match="names no organization_id"):
        models.QuerySet(Pool).exists()
