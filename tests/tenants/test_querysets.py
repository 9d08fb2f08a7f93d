from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capacity.models import Pool, PoolMembership, Resource
from commitments.models import Company, Deal, DealLine, Offering
from tenants.models import Organization
from tenants.querysets import TenantQuerySet


def _pool_with_resource() -> tuple[Pool, Resource]:
    pool = Pool.objects.create(name="Electricians")
    resource = Resource.objects.create(name="Crew 1")
    PoolMembership.objects.create(pool=pool, resource=resource)
    return pool, resource


def _statements(captured: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]


def test_delete_of_a_row_names_the_organization(in_acme: Organization) -> None:
    pool = Pool.objects.create(name="Electricians")
    with CaptureQueriesContext(connection) as captured:
        assert pool.delete() == (1, {"capacity.Pool": 1})
    assert pool.pk is None
    assert all(f'"organization_id" = {in_acme.pk}' in sql for sql in _statements(captured))


def test_delete_takes_what_hangs_on_the_row(in_acme: Organization) -> None:
    pool, resource = _pool_with_resource()
    with CaptureQueriesContext(connection) as captured:
        deleted = Pool.objects.filter(pk=pool.pk).delete()
    assert deleted == (2, {"capacity.PoolMembership": 1, "capacity.Pool": 1})
    assert Resource.objects.get() == resource
    assert all(f'"organization_id" = {in_acme.pk}' in sql for sql in _statements(captured))


def test_delete_empties_references_that_may_be_empty(in_acme: Organization) -> None:
    offering = Offering.objects.create(name="Heat pump")
    deal = Deal.objects.create(name="Kestrel")
    line = DealLine.objects.create(deal=deal, offering=offering)
    with CaptureQueriesContext(connection) as captured:
        offering.delete()
    line.refresh_from_db()
    assert line.offering_id is None
    assert all(f'"organization_id" = {in_acme.pk}' in sql for sql in _statements(captured))


@pytest.mark.parametrize("rows", ["sliced", "distinct", "values"])
def test_delete_refuses_rows_it_cannot_delete(rows: str, in_acme: Organization) -> None:
    pools: Any = Pool.objects.all()
    shaped = {"sliced": pools[:1], "distinct": pools.distinct(), "values": pools.values("name")}[rows]
    with pytest.raises(TypeError, match="cannot be deleted"):
        shaped.delete()


def test_delete_refuses_an_unsaved_row(in_acme: Organization) -> None:
    with pytest.raises(ValueError, match="not saved"):
        Pool(name="Electricians").delete()


def test_save_names_the_organization(in_acme: Organization) -> None:
    pool = Pool.objects.create(name="Electricians")
    with CaptureQueriesContext(connection) as captured:
        pool.save()
        pool.refresh_from_db()
    assert len(_statements(captured)) == 2
    assert all(f'"organization_id" = {in_acme.pk}' in sql for sql in _statements(captured))


def test_join_names_the_organization_on_both_sides(in_acme: Organization) -> None:
    company = Company.objects.create(name="Kestrel", name_key="kestrel")
    Deal.objects.create(name="With", company=company)
    Deal.objects.create(name="Without")
    deals = Deal.objects.select_related("company").order_by("name")
    assert '"commitments_company"."organization_id" = ("commitments_deal"."organization_id")' in str(
        deals.query
    )
    assert [deal.company for deal in deals] == [company, None]


def test_join_back_names_the_organization(in_acme: Organization) -> None:
    pool, _ = _pool_with_resource()
    Pool.objects.create(name="Drivers")
    pools = Pool.objects.filter(memberships__resource__name="Crew 1")
    assert list(pools) == [pool]
    assert str(pools.query).count('"organization_id" = ("capacity_') == 2
    assert [found.name for found in Pool.objects.exclude(memberships__resource__name="Crew 1")] == ["Drivers"]
    assert list(pool.resources.all()) == list(Resource.objects.filter(pools=pool))


def test_every_tenant_model_deletes_by_organization() -> None:
    from django.apps import apps

    from tenants.models import OrganizationOwned

    owned = [model for model in apps.get_models() if issubclass(model, OrganizationOwned)]
    assert len(owned) > 10
    assert all(issubclass(model.objects._queryset_class, TenantQuerySet) for model in owned)
