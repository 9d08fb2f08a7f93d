"""Who may open what: every page of this app, asked as each person."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from capacity.models import Pool, Resource
from capacity.urls import urlpatterns
from tenants.models import User
from tenants.scope import tenant_scope
from tests.factories import capacity as make
from tests.factories.tenants import Organizations

TO_SEE = {"pool-list", "pool-detail"}
TO_POST = {"pool-archive", "pool-restore", "change-restore", "import-save"}


def address(name: str, pool: Pool, ana: Resource, change_id: int) -> str:
    pattern = next(str(each.pattern) for each in urlpatterns if each.name == name)
    known = {"pool_id": pool.pk, "resource_id": ana.pk, "change_id": change_id, "kind": "people"}
    kwargs = {key: value for key, value in known.items() if f":{key}>" in pattern}
    return reverse(f"capacity:{name}", kwargs={"slug": "acme", **kwargs})


@pytest.fixture
def address_of(organizations: Organizations, pool: Pool, ana: Resource) -> Callable[[str], str]:
    with tenant_scope(organizations.acme.pk):
        change = make.change(ana, date(2027, 3, 1), date(2027, 3, 1), -60)
    return lambda name: address(name, pool, ana, change.pk)


def answer(client: Client, name: str, url: str) -> int:
    return (client.post(url) if name in TO_POST else client.get(url)).status_code


@pytest.mark.parametrize("name", [each.name for each in urlpatterns])
def test_page_is_open_to_those_who_may(
    name: str,
    organizations: Organizations,
    address_of: Callable[[str], str],
    client_of: Callable[[User], Client],
) -> None:
    url = address_of(name)
    for editor in (organizations.alice, organizations.bob):
        assert answer(client_of(editor), name, url) in (200, 302, 422)
    for reader in (organizations.carol, organizations.dave):
        assert answer(client_of(reader), name, url) == (200 if name in TO_SEE else 403)
    assert answer(client_of(organizations.charlie), name, url) == 404
    assert answer(Client(), name, url) == 302  # to sign-in


def test_rows_of_another_organization_do_not_exist(
    organizations: Organizations, client_of: Callable[[User], Client]
) -> None:
    with tenant_scope(organizations.other.pk):
        pool = make.pool()
        foreign = make.resource(pool)
        change = make.change(foreign, date(2027, 3, 1), date(2027, 3, 1), -60)
    alice = client_of(organizations.alice)
    for each in urlpatterns:
        if "<int:" in str(each.pattern) and each.name is not None:
            url = address(each.name, pool, foreign, change.pk)
            assert answer(alice, each.name, url) == 404, each.name


def test_reader_sees_no_way_to_change(
    organizations: Organizations, address_of: Callable[[str], str], client_of: Callable[[User], Client]
) -> None:
    for name in TO_SEE:
        page = client_of(organizations.carol).get(address_of(name)).content.decode()
        for wanted in ("pool-create", "resource-create", "change-create", "change-remove", "pool-archive"):
            assert address_of(wanted) not in page
