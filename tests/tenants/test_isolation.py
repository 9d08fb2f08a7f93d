"""One organization's rows as seen from another: the manager, raw SQL, references; each lock alone."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, models, transaction

from capacity.models import Pool, PoolMembership, Resource
from tenants.models import Organization
from tenants.scope import tenant_scope
from tests.database import Connection, as_web, new_organization, new_pool, new_resource, superuser

pytestmark = pytest.mark.usefixtures("unwatched")  # each lock alone


@pytest.fixture
def pools(acme: Organization, other: Organization) -> tuple[Pool, Pool]:
    """A pool of acme and one of other."""
    with tenant_scope(acme.pk):
        own = Pool.objects.create(name="Electricians")
    with tenant_scope(other.pk):
        return own, Pool.objects.create(name="Roofers")


@pytest.fixture
def control() -> Iterator[Connection]:
    """A superuser's transaction for removing a guard."""
    with superuser() as opened:
        yield opened


def unscoped(model: type[models.Model]) -> models.QuerySet[Any]:
    """Return what a manager without any filter gives: row-level security alone decides."""
    return models.QuerySet(model)


def _raw(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else [(cursor.rowcount,)]


def test_manager_gives_only_own_rows(acme: Organization, pools: tuple[Pool, Pool]) -> None:
    own, foreign = pools
    with tenant_scope(acme.pk):
        assert list(Pool.objects.all()) == [own]
        assert not Pool.objects.filter(pk=foreign.pk).exists()


def test_unscoped_manager_sees_only_own_rows(acme: Organization, pools: tuple[Pool, Pool]) -> None:
    with tenant_scope(acme.pk):
        assert list(unscoped(Pool)) == [pools[0]]
        assert list(Pool.objects.raw("SELECT * FROM capacity_pool")) == [pools[0]]
        assert list(unscoped(Organization)) == [acme]


def test_raw_sql_sees_only_own_rows(acme: Organization, pools: tuple[Pool, Pool]) -> None:
    with tenant_scope(acme.pk):
        assert _raw("SELECT name FROM capacity_pool") == [("Electricians",)]
        assert _raw("SELECT count(*) FROM capacity_pool WHERE id = %s", pools[1].pk) == [(0,)]


def test_raw_sql_changes_only_own_rows(acme: Organization, pools: tuple[Pool, Pool]) -> None:
    with tenant_scope(acme.pk):
        assert _raw("UPDATE capacity_pool SET location = 'Here'") == [(1,)]
        assert _raw("DELETE FROM capacity_pool WHERE id = %s", pools[1].pk) == [(0,)]


def test_without_a_policy_foreign_rows_are_seen(control: Connection, db: None) -> None:
    here, there = new_organization(control, "Here"), new_organization(control, "There")
    new_pool(control, here)
    new_pool(control, there)
    with as_web(control, tenant=here):
        assert control.execute("SELECT count(*) FROM capacity_pool").fetchone() == (1,)
    control.execute("SET CONSTRAINTS ALL IMMEDIATE")
    control.execute("DROP POLICY tenant_only ON capacity_pool")
    control.execute("ALTER TABLE capacity_pool DISABLE ROW LEVEL SECURITY")
    with as_web(control, tenant=here):
        assert control.execute("SELECT count(*) FROM capacity_pool").fetchone() == (2,)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM capacity_pool",
        "SELECT * FROM tenants_organization",
        "UPDATE capacity_pool SET name = 'x'",
        "DELETE FROM capacity_pool",
        "INSERT INTO tenants_invitation (organization_id, email) VALUES (1, 'x')",
    ],
)
def test_raw_sql_without_a_tenant_raises(statement: str, pools: tuple[Pool, Pool]) -> None:
    with pytest.raises(ProgrammingError, match="no tenant is set"), transaction.atomic():
        _raw(statement)


def test_unscoped_manager_without_a_tenant_raises(pools: tuple[Pool, Pool]) -> None:
    with pytest.raises(ProgrammingError, match="no tenant is set"), transaction.atomic():
        unscoped(Pool).exists()


def test_row_of_another_tenant_is_not_written(
    acme: Organization, other: Organization, pools: tuple[Pool, Pool]
) -> None:
    writes: list[Callable[[], object]] = [
        lambda: Pool.objects.create(name="Theirs", organization=other),
        lambda: Pool.objects.bulk_create([Pool(name="Mine"), Pool(name="Theirs", organization=other)]),
        lambda: Pool.objects.filter(pk=pools[0].pk).update(organization=other),
    ]
    with tenant_scope(acme.pk):
        for write in writes:
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                write()
        assert list(Pool.objects.all()) == [pools[0]]


def test_reference_to_another_tenant_is_refused(acme: Organization, pools: tuple[Pool, Pool]) -> None:
    with tenant_scope(acme.pk):
        resource = Resource.objects.create(name="Ana")
        _raw("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="pool_id_tenant_fk"), transaction.atomic():
            PoolMembership.objects.create(pool_id=pools[1].pk, resource=resource)


def test_without_the_composite_key_the_reference_is_accepted(control: Connection, db: None) -> None:
    here, there = new_organization(control, "Here"), new_organization(control, "There")
    resource, pool = new_resource(control, here), new_pool(control, there)
    control.execute("SET CONSTRAINTS ALL IMMEDIATE")
    insert = "INSERT INTO capacity_poolmembership (organization_id, pool_id, resource_id) VALUES (%s, %s, %s)"
    with (
        pytest.raises(psycopg.errors.ForeignKeyViolation),
        control.transaction(),
        as_web(control, tenant=here),
    ):
        control.execute(insert, [here, pool, resource])
    control.execute(
        "ALTER TABLE capacity_poolmembership DROP CONSTRAINT capacity_poolmembership_pool_id_tenant_fk"
    )
    # What Django alone would have made: the check looks past the policy and finds the row of another tenant.
    control.execute(
        "ALTER TABLE capacity_poolmembership ADD FOREIGN KEY (pool_id) REFERENCES capacity_pool (id)"
    )
    with as_web(control, tenant=here):
        control.execute(insert, [here, pool, resource])


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE concord_owner",
        "ALTER TABLE capacity_pool DISABLE ROW LEVEL SECURITY",
        "TRUNCATE capacity_poolmembership",
        "DROP POLICY tenant_only ON capacity_pool",
        "COPY capacity_pool (name) FROM STDIN",
        "CREATE TABLE mine (id bigint)",
        "DELETE FROM django_migrations",
        "UPDATE commitments_ledgerevent SET reason = 'x'",
        "DELETE FROM commitments_storedverdict",
        "SELECT 1 FROM capacity_pool; SET row_security = off; SELECT * FROM capacity_pool",
    ],
)
def test_web_role_cannot_lift_the_lock(statement: str, in_acme: Organization) -> None:
    refusal = "permission denied|must be owner|COPY FROM not supported|row-level security|row security"
    with pytest.raises(Exception, match=refusal), transaction.atomic():
        _raw(statement)


def test_lookup_functions_tell_only_what_their_key_entitles_to(
    acme: Organization, other: Organization, alice: Any, charlie: Any
) -> None:
    assert [row[1] for row in _raw("SELECT * FROM concord_organizations_of(%s)", alice.pk)] == ["acme"]
    assert [row[1] for row in _raw("SELECT * FROM concord_organizations_of(%s)", charlie.pk)] == ["other"]
    assert _raw("SELECT concord_organization_of_token('x')") == [(None,)]
