"""Every address, every role, every stranger: from one table (url_table)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tenants.models import Organization, User
from tenants.roles import permissions_of
from tenants.scope import tenant_scope
from tenants.services.tokens import create_token
from tests.factories.tenants import FOUNDED_AT, Organizations, actor, signed_in_client
from tests.house.url_table import ENDPOINTS, OUTSIDE, PAGES, SIGNED_IN, Address

API, INSIDE = "api/v1/", "o/<slug:slug>/"
NOBODYS = 2**40  # an id that nothing has


def _walk(resolver: URLResolver, route: str = "", space: str = "") -> Iterator[tuple[str, str, Any]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield route + str(entry.pattern), space + (entry.name or ""), entry.callback
        else:
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _walk(entry, route + str(entry.pattern), inner)


def _addresses() -> list[tuple[str, str, Any]]:
    return list(_walk(get_resolver()))


def _keys() -> dict[str, Any]:
    """Return what the tables know each address by, with its view."""
    keys = {}
    for route, name, view in _addresses():
        is_endpoint = route.startswith(API) and not name
        keys[route.removeprefix(API) or API if is_endpoint else name] = view
    return keys


def test_every_address_stands_in_the_table() -> None:
    known = {*PAGES, *ENDPOINTS, *OUTSIDE}
    assert set(_keys()) - known == set(), "Add a line to tests/house/url_table.py"
    assert known - set(_keys()) == set(), "These lines are of addresses that no longer exist"


def test_pages_of_an_organization_are_all_under_its_slug() -> None:
    assert {name for route, name, _ in _addresses() if route.startswith(INSIDE)} == set(PAGES)


def test_addresses_of_pages_end_with_a_slash_and_files_with_their_ending() -> None:
    inside = [route for route, _, _ in _addresses() if route.startswith(INSIDE)]
    assert [route for route in inside if not route.endswith(("/", ".csv"))] == []


def test_address_without_its_slash_leads_to_the_page(alice: User, acme: Organization) -> None:
    answer = signed_in_client(alice).get("/o/acme/check?quantity=3")
    assert (answer.status_code, answer["Location"]) == (301, "/o/acme/check/?quantity=3")


@pytest.mark.parametrize("name", PAGES)
def test_page_is_guarded_as_the_table_says(name: str) -> None:
    address = PAGES[name]
    least = address.get or address.post
    assert _keys()[name].required_permission == least


@pytest.mark.parametrize("route", ENDPOINTS)
def test_endpoint_is_guarded_as_the_table_says(route: str) -> None:
    permissions = dict(_keys()[route].cls.permissions)
    permissions.pop("HEAD", None)
    assert permissions == ENDPOINTS[route].verbs


def test_unguarded_pages_are_all_reviewed() -> None:
    unguarded = {
        key
        for key, view in _keys().items()
        if not hasattr(view, "required_permission")
        and not getattr(getattr(view, "cls", None), "permissions", None)
    }
    assert unguarded <= set(OUTSIDE)


def test_view_without_a_guard_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # The control: the same questions find a page that forgot its guard and its line.
    page = URLPattern(get_resolver().url_patterns[0].pattern, lambda request: None, name="new-page")  # type: ignore[arg-type]
    monkeypatch.setattr(get_resolver(), "url_patterns", [*get_resolver().url_patterns, page])
    with pytest.raises(AssertionError):
        test_every_address_stands_in_the_table()
    with pytest.raises(AssertionError):
        test_unguarded_pages_are_all_reviewed()


VERBS = ("GET", "POST", "PATCH", "DELETE")
ALL_PAGES = [(name, verb) for name in PAGES for verb in ("GET", "POST")]
ALL_ENDPOINTS = [(route, verb) for route in ENDPOINTS for verb in VERBS]


def _things(address: Address, organization: Organization, admin: User) -> dict[str, Any]:
    if address.thing is None:
        return dict(address.words)
    by = actor(organization, admin)
    with tenant_scope(organization.pk):
        return {**address.thing(by), **address.words}


def _expected(address: Address, verb: str, role: str) -> set[int]:
    """Return the statuses that are right: it is there, it is forbidden, or nobody may use the verb."""
    permission = address.verbs.get(verb)
    if permission is None:
        return {403, 405}
    if permission not in permissions_of(role):
        return {403}
    return {200, 201, 202, 204, 302, 303, 400, 409, 412, 422, 428}


def _page(client: Client, name: str, verb: str, things: dict[str, Any]) -> int:
    """Ask as one person and undo what it did."""
    with transaction.atomic():
        answer = client.generic(verb, reverse(name, kwargs={"slug": "acme", **things}))
        transaction.set_rollback(True)
    return answer.status_code


@pytest.mark.parametrize(("name", "verb"), ALL_PAGES)
def test_page_for_every_role_and_stranger(organizations: Organizations, name: str, verb: str) -> None:
    address = PAGES[name]
    things = _things(address, organizations.acme, organizations.alice)
    for role, person in organizations.people_of_acme.items():
        status = _page(signed_in_client(person), name, verb, things)
        assert status in _expected(address, verb, role), role
    assert _page(signed_in_client(organizations.charlie), name, verb, things) == 404
    assert _page(Client(), name, verb, things) == 302
    if address.thing is None or verb not in address.verbs:
        return
    alice = signed_in_client(organizations.alice)
    theirs = _things(address, organizations.other, organizations.charlie)
    assert set(theirs.values()).isdisjoint(things.values())
    assert _page(alice, name, verb, theirs) == 404
    assert _page(alice, name, verb, dict.fromkeys(theirs, NOBODYS)) == 404


def _token(organization: Organization, person: User) -> str:
    with tenant_scope(organization.pk):
        return create_token(person=person, name="x", at=FOUNDED_AT)[1]


def _endpoint(token: str, route: str, verb: str, things: dict[str, Any]) -> int:
    """Ask as one program and undo what it did."""
    path = f"/{API}{route}".replace("<int:pk>", str(things.get("pk", "")))
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k", "If-Match": "*"}
    with transaction.atomic():
        body = json.dumps(ENDPOINTS[route].body).encode()
        answer = Client().generic(verb, path, body, content_type="application/json", headers=headers)
        transaction.set_rollback(True)
    return answer.status_code


@pytest.mark.parametrize(("route", "verb"), ALL_ENDPOINTS)
def test_endpoint_for_every_role_and_stranger(organizations: Organizations, route: str, verb: str) -> None:
    address = ENDPOINTS[route]
    things = _things(address, organizations.acme, organizations.alice)
    for role, person in organizations.people_of_acme.items():
        status = _endpoint(_token(organizations.acme, person), route, verb, things)
        assert status in _expected(address, verb, role), role
    assert _endpoint("unknown", route, verb, things) == 401
    if address.thing is None or verb not in address.verbs:
        return
    assert _endpoint(_token(organizations.other, organizations.charlie), route, verb, things) == 404
    assert _endpoint(_token(organizations.acme, organizations.alice), route, verb, {"pk": NOBODYS}) == 404


@pytest.mark.parametrize("name", [name for name, who in OUTSIDE.items() if who == SIGNED_IN])
def test_page_of_a_person_sends_strangers_to_sign_in(db: None, name: str) -> None:
    answer = Client().get(reverse(name))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_kit_does_not_exist_for_people(alice: User) -> None:
    assert Client().get("/ui/kit/").status_code == 404
    assert signed_in_client(alice).get("/ui/kit/").status_code == 404
