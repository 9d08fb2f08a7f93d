from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from capacity.models import CapacityRevision, Pool, Resource
from tenants.models import Organization, User
from tenants.scope import tenant_scope
from tests.factories import capacity as make

pytestmark = pytest.mark.usefixtures("at_nine")


@pytest.fixture
def at_nine() -> Any:
    with time_machine.travel("2027-02-09T09:00:00Z", tick=False):
        yield


def url(name: str, **kwargs: Any) -> str:
    return reverse(f"capacity:{name}", kwargs={"slug": "acme", **kwargs})


def text(client: Client, address: str) -> str:
    return " ".join(client.get(address).content.decode().split())


def test_empty_list_teaches(acme: Organization, bob: User, client_of: Callable[[User], Client]) -> None:
    page = text(client_of(bob), url("pool-list"))
    assert "Add the first pool" in page
    assert "import from a spreadsheet" in page


def test_list_shows_hours_of_this_week_and_what_is_missing(
    acme: Organization, bob: User, client_of: Callable[[User], Client]
) -> None:
    with tenant_scope(acme.pk):
        make.pool("Empty")
        make.pool_with_people("Electricians", people=2, safety_buffer_percent=15)
        make.resource(make.pool("Fitters"), weekly_minutes=None)
    page = text(client_of(bob), url("pool-list"))
    assert "80 h" in page
    assert "15%" in page
    assert "Add the first person" in page
    assert "1 without weekly hours" in page
    assert "0 h" not in page.replace("80 h", "")


def test_list_asks_as_often_for_one_pool_as_for_many(
    acme: Organization, bob: User, client_of: Callable[[User], Client], django_assert_max_num_queries: Any
) -> None:
    client = client_of(bob)

    def queries() -> int:
        with django_assert_max_num_queries(60) as captured:
            client.get(url("pool-list"))
        return len(captured)

    with tenant_scope(acme.pk):
        make.pool_with_people("First")
    queries()
    few = queries()
    with tenant_scope(acme.pk):
        for number in range(9):
            make.pool_with_people(f"Pool {number}", people=3)
    assert queries() == few


def test_list_is_paged_by_key(acme: Organization, bob: User, client_of: Callable[[User], Client]) -> None:
    with tenant_scope(acme.pk):
        pools = [make.pool(f"Pool {number:02}") for number in range(53)]
    client = client_of(bob)
    first = text(client, url("pool-list"))
    assert "Pool 49" in first
    assert "Pool 50" not in first
    second = text(client, f"{url('pool-list')}?page=a{pools[49].pk}")
    assert "Pool 49" not in second
    assert "Pool 52" in second
    back = text(client, f"{url('pool-list')}?page=b{pools[50].pk}")
    assert "Pool 00" in back
    assert "Pool 50" not in back
    assert "Pool 00" in text(client, f"{url('pool-list')}?page=nonsense")


def test_detail_shows_people_weeks_changes_and_history(
    acme: Organization, pool: Pool, ana: Resource, bob: User, client_of: Callable[[User], Client]
) -> None:
    with tenant_scope(acme.pk):
        make.change(ana, date(2027, 2, 15), date(2027, 2, 19), -144_000, reason="Skiing")
        make.change(ana, date(2027, 1, 1), date(2027, 1, 2), -60, reason="Long ago")
    client = client_of(bob)
    client.post(url("pool-change", pool_id=pool.pk), {"name": "Sparks", "safety_buffer_percent": "5"})
    page = text(client, url("pool-detail", pool_id=pool.pk))
    assert "Mon 15 to Fri 19 February" in page
    assert "Time off, the whole day" in page
    assert "Long ago" not in page
    assert "40 h" in page
    assert "Pool Sparks: name, safety buffer changed." in page


def test_missing_capacity_is_said(acme: Organization, bob: User, client_of: Callable[[User], Client]) -> None:
    with tenant_scope(acme.pk):
        empty, partly = make.pool("Empty"), make.pool_with_people("Partly")
        make.resource(partly, "New", weekly_minutes=None)
    assert "Nobody works here yet" in text(client_of(bob), url("pool-detail", pool_id=empty.pk))
    assert "The hours are missing" in text(client_of(bob), url("pool-detail", pool_id=partly.pk))


def test_pool_is_added_and_changed(
    acme: Organization, bob: User, client_of: Callable[[User], Client]
) -> None:
    values = {
        "name": "Electricians",
        "location": "Leeds",
        "safety_buffer_percent": "10",
        "overtime_minutes_per_day": "2:30",
        "overtime_cost_per_hour": "64.5",
    }
    answer = client_of(bob).post(url("pool-create"), values)
    with tenant_scope(acme.pk):
        pool = Pool.objects.get()
        assert (pool.location, pool.overtime_minutes_per_day) == ("Leeds", 150)
        assert CapacityRevision.objects.get().by == bob
    assert answer.url == url("pool-detail", pool_id=pool.pk)
    form = text(client_of(bob), url("pool-change", pool_id=pool.pk))
    assert 'value="2.5"' in form


def test_wrong_pool_keeps_the_form_and_says_why(
    acme: Organization, pool: Pool, bob: User, client_of: Callable[[User], Client]
) -> None:
    values = {"name": "Electricians", "safety_buffer_percent": "95", "overtime_minutes_per_day": "often"}
    answer = client_of(bob).post(url("pool-create"), values)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "less than or equal to 90" in page
    assert "&quot;often&quot; is no number of hours. Write 8, 7.5 or 7:30." in page
    again = client_of(bob).post(url("pool-create"), {"name": "Electricians", "safety_buffer_percent": "0"})
    assert again.status_code == 422
    assert "already a pool with this name" in again.content.decode()


def test_pool_is_put_away_and_brought_back(
    acme: Organization, pool: Pool, bob: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(bob)
    client.post(url("pool-archive", pool_id=pool.pk))
    assert "Electricians" not in text(client, url("pool-list")).partition("<table")[2]
    assert "Electricians" in text(client, f"{url('pool-list')}?archived")
    assert "Bring back" in text(client, url("pool-detail", pool_id=pool.pk))
    client.post(url("pool-restore", pool_id=pool.pk))
    with tenant_scope(acme.pk):
        assert Pool.objects.get().archived_at is None
