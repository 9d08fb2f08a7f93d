"""Every address is guarded: every page x every role x a stranger. A new address without a line here fails."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse

from tenants.roles import ROLE_PERMISSIONS, Permission
from tests.factories.tenants import Organizations, signed_in_client

P = Permission
NOBODYS = 987_654_321  # an id that no organization has

#: Pages inside an organization and the permission each takes. One line a name.
INSIDE: dict[str, Permission] = {
    "tenants:landing": P.VIEW,
    "tenants:member-list": P.MANAGE,
    "tenants:member-role": P.MANAGE,
    "tenants:member-remove": P.MANAGE,
    "tenants:invitation-new": P.MANAGE,
    "tenants:invitation-resend": P.MANAGE,
    "tenants:invitation-revoke": P.MANAGE,
    "tenants:token-list": P.MANAGE,
    "tenants:token-new": P.MANAGE,
    "tenants:token-revoke": P.MANAGE,
    "tenants:settings": P.MANAGE,
    "capacity:pool-list": P.VIEW,
    "capacity:pool-create": P.EDIT_CAPACITY,
    "capacity:pool-detail": P.VIEW,
    "capacity:pool-change": P.EDIT_CAPACITY,
    "capacity:pool-archive": P.EDIT_CAPACITY,
    "capacity:pool-restore": P.EDIT_CAPACITY,
    "capacity:resource-create": P.EDIT_CAPACITY,
    "capacity:resource-change": P.EDIT_CAPACITY,
    "capacity:resource-regions": P.EDIT_CAPACITY,
    "capacity:change-create": P.EDIT_CAPACITY,
    "capacity:change-remove": P.EDIT_CAPACITY,
    "capacity:change-restore": P.EDIT_CAPACITY,
    "capacity:import-start": P.EDIT_CAPACITY,
    "capacity:import-save": P.EDIT_CAPACITY,
    "commitments:check": P.CHECK,
    "commitments:check-propose": P.PROPOSE,
    "commitments:approval-list": P.VIEW,
    "commitments:approval-detail": P.VIEW,
    "commitments:approval-approve": P.DECIDE,
    "commitments:approval-decline": P.DECIDE,
    "commitments:commitment-list": P.VIEW,
    "commitments:commitment-export": P.VIEW,
    "commitments:commitment-detail": P.VIEW,
    "commitments:commitment-propose": P.PROPOSE,
    "commitments:commitment-withdraw": P.PROPOSE,
    "commitments:commitment-deliver": P.DECIDE,
    "commitments:commitment-cancel": P.DECIDE,
    "commitments:verdict-detail": P.VIEW,
    "commitments:deal-list": P.VIEW,
    "commitments:deal-create": P.PROPOSE,
    "commitments:deal-detail": P.VIEW,
    "commitments:deal-change": P.PROPOSE,
    "commitments:flag-list": P.VIEW,
    "commitments:flag-acknowledge": P.HANDLE_FLAGS,
    "commitments:flag-snooze": P.HANDLE_FLAGS,
    "commitments:offering-list": P.VIEW,
    "commitments:offering-create": P.EDIT_CAPACITY,
    "commitments:offering-map": P.EDIT_CAPACITY,
    "commitments:offering-detail": P.VIEW,
    "commitments:offering-change": P.EDIT_CAPACITY,
    "commitments:offering-archive": P.EDIT_CAPACITY,
    "dashboards:board": P.VIEW,
    "integrations:import-list": P.VIEW,
    "integrations:import-detail": P.VIEW,
    "integrations:import-progress": P.VIEW,
    "integrations:import-answer": P.IMPORT,
    "integrations:import-words": P.IMPORT,
    "integrations:import-confirm": P.IMPORT,
    "integrations:import-cancel": P.IMPORT,
    "integrations:import-rejected": P.VIEW,
}
#: Outside organizations: anybody, or anybody who is signed in.
OUTSIDE: dict[str, str | None] = {
    "home": None,
    "invitation-accept": None,
    "organization-new": "signed-in",
    "person-settings": "signed-in",
}
#: Reviewed: they show nothing of an organization.
REVIEWED = {"ui:theme", "ui:kit"}
WORDS = {"kind": "people"}


def addresses(resolver: Any = None, before: str = "", space: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield (path, name with its namespace, view) of every address."""
    for each in (resolver or get_resolver()).url_patterns:
        if isinstance(each, URLResolver):
            inner = ":".join(part for part in (space, each.namespace) if part)
            yield from addresses(each, before + str(each.pattern), inner)
        elif isinstance(each, URLPattern):
            name = f"{space}:{each.name}" if space else each.name or ""
            yield before + str(each.pattern), name, each.callback


def unguarded(found: Iterator[tuple[str, str, Any]]) -> list[str]:
    """Return the addresses that no table accounts for or whose guard is not the one written down."""
    wrong = []
    for route, name, view in found:
        if route.startswith("accounts/"):
            continue
        if route.startswith("api/v1/"):
            guard = getattr(getattr(view, "cls", None), "permissions", None)
            is_right = bool(guard) or name in {"api-schema", "api-docs"} or _is_open_api(view)
        elif route.startswith("o/<slug:slug>/"):
            is_right = name in INSIDE and getattr(view, "required_permission", None) == INSIDE[name]
        elif name in OUTSIDE:
            is_right = getattr(view, "required_permission", "none") == OUTSIDE[name]
        else:
            is_right = name in REVIEWED
        if not is_right:
            wrong.append(f"{route} ({name})")
    return wrong


def _is_open_api(view: Any) -> bool:
    """Return whether it is the description of the API, or the answer to an address that is none."""
    return getattr(view, "__module__", "").startswith("config.api_")


def test_every_address_is_guarded_as_written_down() -> None:
    assert unguarded(addresses()) == []


def test_a_new_address_without_a_line_is_found() -> None:
    def bare(request: Any) -> None:
        """Show everything to everybody."""

    class Resolver:
        url_patterns = [path("o/<slug:slug>/bare/", bare, name="bare"), path("bare/", bare, name="open")]

    assert unguarded(addresses(Resolver())) == ["o/<slug:slug>/bare/ (bare)", "bare/ (open)"]


def inside() -> list[tuple[str, str]]:
    """Return (name, address in acme) of every page, with ids that nobody has."""
    found = []
    for route, name, _ in addresses():
        if not route.startswith("o/<slug:slug>/"):
            continue
        names = [part.split(">")[0].split(":")[-1] for part in route.split("<")[1:]]
        arguments = {each: WORDS.get(each, NOBODYS) for each in names if each != "slug"}
        found.append((name, reverse(name, kwargs={"slug": "acme", **arguments})))
    return found


def test_strangers_find_nothing(organizations: Organizations) -> None:
    charlie = signed_in_client(organizations.charlie)
    assert {name: charlie.get(url).status_code for name, url in inside()} == {
        name: 404 for name, _ in inside()
    }
    assert {charlie.post(url).status_code for _, url in inside()} == {404}


def test_people_who_are_not_signed_in_are_asked_to(client: Any, organizations: Organizations) -> None:
    answers = {client.get(url).status_code for _, url in inside()}
    assert answers == {302}
    assert client.get("/o/acme/board")["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("role", ROLE_PERMISSIONS)
def test_roles_open_what_they_may_and_nothing_else(organizations: Organizations, role: str) -> None:
    client = signed_in_client(organizations.people_of_acme[role])
    for name, url in inside():
        may = INSIDE[name] in ROLE_PERMISSIONS[role]  # type: ignore[index]
        statuses = {client.get(url).status_code, client.post(url).status_code}
        if may:
            assert 403 not in statuses - ({403} if INSIDE[name] == P.VIEW else set()), name
        else:
            assert statuses <= {403, 405}, (name, statuses)
            assert 403 in statuses, name
        if str(NOBODYS) in url and may:
            assert statuses <= {404, 405, 403}, (name, statuses)
