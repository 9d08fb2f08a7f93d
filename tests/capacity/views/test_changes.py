from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from capacity.models import CapacityChange, CapacityRevision, Pool, Resource
from capacity.unsaved import NewChange, WithoutChange
from tenants.models import Organization, User
from tenants.scope import tenant_scope
from tests.capacity.views import conftest
from tests.factories import capacity as make

MONDAY, FRIDAY = date(2027, 3, 1), date(2027, 3, 5)


def url(name: str, **kwargs: Any) -> str:
    return reverse(f"capacity:{name}", kwargs={"slug": "acme", **kwargs})


def leave(whose: str, **fields: str) -> dict[str, str]:
    return {
        "kind": "time_off",
        "of": whose,
        "starts_on": "2027-03-01",
        "ends_on": "2027-03-05",
        "whole_day": "on",
        "reason": "Skiing",
        **fields,
    }


def test_time_off_is_saved_at_once_when_nothing_breaks(
    acme: Organization, pool: Pool, ana: Resource, bob: User, client_of: Callable[[User], Client]
) -> None:
    answer = client_of(bob).post(url("change-create", pool_id=pool.pk), leave(str(ana.pk)))
    assert answer.url == url("pool-detail", pool_id=pool.pk)
    with tenant_scope(acme.pk):
        made = CapacityChange.objects.get()
        assert (made.resource_id, made.minutes_per_day, made.reason) == (ana.pk, -144_000, "Skiing")


def test_preview_saves_nothing_and_says_what_the_hours_become(
    acme: Organization, pool: Pool, ana: Resource, bob: User, client_of: Callable[[User], Client]
) -> None:
    form = leave("pool", kind="overtime", whole_day="", hours_per_day="1.5", preview="1")
    page = client_of(bob).post(url("change-create", pool_id=pool.pk), form).content.decode()
    assert "No promise would break" in page
    assert "40 h" in page
    assert "47.5 h" in page
    with tenant_scope(acme.pk):
        assert (CapacityChange.objects.count(), CapacityRevision.objects.count()) == (0, 0)
    ((_, (unsaved,)),) = conftest.asked
    assert unsaved == NewChange("overtime", MONDAY, FRIDAY, 90, pool_id=pool.pk)


def test_broken_promises_are_listed_until_they_have_been_seen(
    acme: Organization,
    pool: Pool,
    ana: Resource,
    bob: User,
    client_of: Callable[[User], Client],
    promise_breaks: list[conftest.FakePromise],
) -> None:
    client, address = client_of(bob), url("change-create", pool_id=pool.pk)
    first = client.post(address, leave(str(ana.pk))).content.decode()
    assert "1 promise would no longer fit" in first
    assert "Fri 12 March 2027" in first
    promise_breaks.append(conftest.FakePromise(8, "C-1043"))
    second = client.post(address, leave(str(ana.pk), seen="7")).content.decode()
    assert "2 promises would no longer fit" in second
    with tenant_scope(acme.pk):
        assert CapacityChange.objects.count() == 0
    assert client.post(address, leave(str(ana.pk), seen="7,8")).status_code == 302
    with tenant_scope(acme.pk):
        assert CapacityChange.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ends_on": "2027-02-28"}, "The last day is before the first."),
        ({"whole_day": ""}, "Say how many hours a day, or choose the whole day."),
        ({"whole_day": "", "hours_per_day": "0"}, "0 h a day changes nothing."),
        ({"kind": "overtime"}, "a whole day can only be taken away"),
        ({"starts_on": ""}, "This field is required."),
        ({"of": "4711"}, "4711 is not one of the available choices"),
    ],
)
def test_wrong_change_keeps_the_form_and_says_why(
    acme: Organization,
    pool: Pool,
    bob: User,
    client_of: Callable[[User], Client],
    fields: dict[str, str],
    words: str,
) -> None:
    answer = client_of(bob).post(url("change-create", pool_id=pool.pk), leave("pool", **fields))
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_change_is_removed_and_put_back(
    acme: Organization, pool: Pool, ana: Resource, bob: User, client_of: Callable[[User], Client]
) -> None:
    with tenant_scope(acme.pk):
        overtime = make.change(ana, MONDAY, FRIDAY, 60, reason="Rush")
    client = client_of(bob)
    address = url("change-remove", change_id=overtime.pk)
    assert "Overtime of Ana" in client.get(address).content.decode()
    answer = client.post(address)
    page = client.get(answer.url).content.decode()
    assert "Put it back" in page
    with tenant_scope(acme.pk):
        assert CapacityChange.objects.count() == 0
    token = parse_qs(urlsplit(answer.url).query)["removed"][0]
    client.post(url("change-restore", pool_id=pool.pk), {"removed": token})
    with tenant_scope(acme.pk):
        again = CapacityChange.objects.get()
        assert (again.kind, again.minutes_per_day, again.reason) == ("overtime", 60, "Rush")
        assert (again.starts_on, again.ends_on, again.resource_id) == (MONDAY, FRIDAY, ana.pk)


def test_removal_that_breaks_promises_asks_again(
    acme: Organization,
    pool: Pool,
    ana: Resource,
    bob: User,
    client_of: Callable[[User], Client],
    promise_breaks: list[conftest.FakePromise],
) -> None:
    with tenant_scope(acme.pk):
        overtime = make.change(ana, MONDAY, FRIDAY, 60)
    client, address = client_of(bob), url("change-remove", change_id=overtime.pk)
    assert "Remove anyway" in client.post(address).content.decode()
    assert conftest.asked[0] == ([pool.pk], [WithoutChange(overtime.pk)])
    assert client.post(address, {"seen": "7"}).status_code == 302


def test_forged_or_foreign_undo_changes_nothing(
    acme: Organization, pool: Pool, bob: User, client_of: Callable[[User], Client]
) -> None:
    client_of(bob).post(url("change-restore", pool_id=pool.pk), {"removed": "e30:forged:token"})
    with tenant_scope(acme.pk):
        assert CapacityChange.objects.count() == 0
