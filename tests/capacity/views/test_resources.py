from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from capacity.models import CapacityRevision, Pool, Resource
from capacity.unsaved import ChangedResource
from tenants.models import Organization, User
from tenants.scope import tenant_scope
from tests.capacity.views import conftest
from tests.factories import capacity as make

WEEK = {"monday": "8", "tuesday": "7.5", "wednesday": "7:20", "thursday": "0", "friday": "6 h"}


def url(name: str, **kwargs: Any) -> str:
    return reverse(f"capacity:{name}", kwargs={"slug": "acme", **kwargs})


def values(pool: Pool, **fields: str) -> dict[str, str]:
    return {"name": "Ben", "pool": str(pool.pk), **WEEK, **fields}


def test_person_is_added_with_hours_and_holidays(
    acme: Organization, pool: Pool, bob: User, client_of: Callable[[User], Client]
) -> None:
    form = values(pool, country="DE", region="BY", active_from="2027-03-01")
    answer = client_of(bob).post(url("resource-create", pool_id=pool.pk), form)
    assert answer.url == url("pool-detail", pool_id=pool.pk)
    with tenant_scope(acme.pk):
        ben = Resource.objects.get(name="Ben")
        assert (ben.weekly_minutes, ben.holidays) == ([480, 450, 440, 0, 360, 0, 0], "DE-BY")


def test_seven_empty_days_are_missing_not_zero(
    acme: Organization, pool: Pool, ana: Resource, bob: User, client_of: Callable[[User], Client]
) -> None:
    client_of(bob).post(url("resource-change", resource_id=ana.pk), {"name": "Ana", "pool": str(pool.pk)})
    with tenant_scope(acme.pk):
        ana.refresh_from_db()
        assert ana.weekly_minutes is None


def test_wrong_hours_dates_and_region_are_said_at_their_fields(
    acme: Organization, pool: Pool, bob: User, client_of: Callable[[User], Client]
) -> None:
    form = values(pool, friday="25", saturday="eight", active_from="2027-03-02", active_until="2027-03-01")
    answer = client_of(bob).post(url("resource-create", pool_id=pool.pk), form | {"region": "BY"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "&quot;eight&quot; is no number of hours" in page
    assert "The last day is before the first." in page
    assert "BY is not one of the available choices" in page
    with tenant_scope(acme.pk):
        assert not Resource.objects.filter(name="Ben").exists()


def test_pool_of_another_organization_is_no_choice(
    organizations: Any, pool: Pool, bob: User, client_of: Callable[[User], Client]
) -> None:
    with tenant_scope(organizations.other.pk):
        foreign = make.pool()
    answer = client_of(bob).post(url("resource-create", pool_id=pool.pk), values(foreign))
    assert answer.status_code == 422


def test_change_that_breaks_promises_is_shown_before_it_is_saved(
    acme: Organization,
    pool: Pool,
    ana: Resource,
    bob: User,
    client_of: Callable[[User], Client],
    promise_breaks: list[conftest.FakePromise],
) -> None:
    client, address = client_of(bob), url("resource-change", resource_id=ana.pk)
    shown = client.post(address, values(pool)).content.decode()
    assert "1 promise would no longer fit" in shown
    assert "C-1042" in shown
    assert "46 h" in shown
    assert "Save anyway" in shown
    with tenant_scope(acme.pk):
        assert CapacityRevision.objects.count() == 0
    ((pool_ids, (unsaved,)),) = conftest.asked
    assert pool_ids == [pool.pk]
    assert unsaved == ChangedResource(ana.pk, (pool.pk,), [480, 450, 440, 0, 360, 0, 0], "", None, None)

    assert client.post(address, values(pool, seen="7")).status_code == 302
    with tenant_scope(acme.pk):
        ana.refresh_from_db()
        assert ana.name == "Ben"


def test_regions_follow_the_country(
    acme: Organization, pool: Pool, bob: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(bob)
    assert "Bayern" in client.get(url("resource-regions"), {"country": "DE"}).content.decode()
    assert "<option" in client.get(url("resource-regions"), {"country": "??"}).content.decode()
    form = values(pool, country="US", show_regions="1")
    page = client.post(url("resource-create", pool_id=pool.pk), form).content.decode()
    assert "California" in page
    assert 'value="Ben"' in page
    with tenant_scope(acme.pk):
        assert not Resource.objects.filter(name="Ben").exists()


def test_new_person_is_proposed_the_holidays_of_the_last_one(
    acme: Organization, pool: Pool, bob: User, client_of: Callable[[User], Client]
) -> None:
    with tenant_scope(acme.pk):
        make.resource(pool, "Kim", holidays="DE-BY")
    page = client_of(bob).get(url("resource-create", pool_id=pool.pk)).content.decode()
    assert '<option value="DE" selected>' in page
    assert '<option value="BY" selected>' in page


@pytest.mark.parametrize("weekly", [None, [0] * 7, make.EIGHT_HOURS])
def test_form_saved_as_it_is_shown_changes_nothing(
    acme: Organization,
    pool: Pool,
    ana: Resource,
    bob: User,
    client_of: Callable[[User], Client],
    weekly: list[int] | None,
) -> None:
    with tenant_scope(acme.pk):
        Resource.objects.filter(pk=ana.pk).update(weekly_minutes=weekly, holidays="DE-BY")
    client, address = client_of(bob), url("resource-change", resource_id=ana.pk)
    form = client.get(address).context["form"]
    shown = {bound.name: bound.value() for bound in form if bound.value() is not None}
    assert client.post(address, shown).status_code == 302
    with tenant_scope(acme.pk):
        assert CapacityRevision.objects.count() == 0
