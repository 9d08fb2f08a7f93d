import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch

from capacity.models import Pool
from commitments.models import Commitment, Deal, Flag, Offering
from config import navigation as module
from config.navigation import navigation
from tenants.access import Actor
from tenants.models import Organization, User
from tenants.scope import tenant_scope
from tests.factories.tenants import FOUNDED_AT, person

EVERY_PAGE = [
    "Check a promise",
    "Approvals",
    "Deals",
    "Commitments",
    "Board",
    "Flags",
    "Capacity",
    "Offerings",
    "Connections",
    "Import",
    "Members",
    "API tokens",
    "Settings",
]


@pytest.fixture
def context_of(
    actor_of: Callable[[User], Actor], organizations: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Any]]:
    """Return what base.html gets when a member of acme opens a page; every page exists."""
    monkeypatch.setattr(module, "reverse", lambda name, args=(): f"/{'/'.join(args)}/{name.split(':')[-1]}/")

    def context(who: User, path: str = "/") -> dict[str, Any]:
        request = RequestFactory().get(path)
        request.user, request.session = who, {}  # type: ignore[assignment]
        request.actor = actor_of(who)  # type: ignore[attr-defined]
        return navigation(request)

    return context


def labels(context: dict[str, Any]) -> list[str]:
    """Return the names of all pages that are shown."""
    return [item["label"] for group in context["navigation"] for item in group["items"]]


@pytest.mark.parametrize(
    ("who", "hidden"),
    [
        ("alice", set()),
        ("bob", {"Connections", "Members", "API tokens", "Settings"}),
        ("carol", {"Approvals", "Connections", "Members", "API tokens", "Settings"}),
        (
            "dave",
            {"Check a promise", "Approvals", "Connections", "Import", "Members", "API tokens", "Settings"},
        ),
    ],
)
def test_role_decides_which_pages_are_shown(
    in_acme: Organization, organizations: Any, context_of: Any, who: str, hidden: set[str]
) -> None:
    context = context_of(getattr(organizations, who))
    assert labels(context) == [page for page in EVERY_PAGE if page not in hidden]


@pytest.mark.parametrize(
    ("who", "tabs"),
    [
        ("alice", ["Approvals", "Board", "Check", "Flags"]),
        ("carol", ["Check", "Commitments", "Board", "Deals"]),
        ("dave", ["Commitments", "Board", "Deals", "Flags"]),
    ],
)
def test_four_tabs_fit_the_role(
    in_acme: Organization, organizations: Any, context_of: Any, who: str, tabs: list[str]
) -> None:
    assert [item["label"] for item in context_of(getattr(organizations, who))["tabs"]] == tabs


def test_page_that_does_not_exist_is_left_out(
    in_acme: Organization, alice: User, context_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_members(name: str, args: Any = ()) -> str:
        if name not in {"tenants:member-list", "tenants:landing", "person-settings", "organization-new"}:
            raise NoReverseMatch
        return "/x/"

    monkeypatch.setattr(module, "reverse", only_members)
    assert labels(context_of(alice)) == ["Members"]


def _waiting(owner: User, **fields: Any) -> None:
    offering = Offering.objects.get_or_create(name="Rewiring")[0]
    Commitment.objects.create(
        number=Commitment.objects.count() + 1,
        offering=offering,
        quantity=1,
        earliest_start="2027-02-09",
        requested_on="2027-02-12",
        promised_on="2027-02-12",
        owner=owner,
        **{"state": "proposed"} | fields,
    )


def _flag(cause: str, **fields: Any) -> None:
    Flag.objects.create(kind=Flag.Kind.BYPASS, cause=cause, sentence="x", opened_at=FOUNDED_AT, **fields)


@pytest.mark.parametrize(
    ("who", "counts"),
    [
        ("bob", {"Approvals": 3, "Commitments": 0, "Flags": 2}),
        ("carol", {"Commitments": 2, "Flags": 2}),
    ],
)
def test_what_waits_is_counted_in_one_statement(
    acme: Organization,
    other: Organization,
    organizations: Any,
    context_of: Any,
    who: str,
    counts: dict[str, int],
    django_assert_num_queries: Any,
) -> None:
    with tenant_scope(other.pk):
        _waiting(organizations.charlie)
        _flag("theirs")
    with tenant_scope(acme.pk):
        for owner in (organizations.carol, organizations.carol, organizations.bob):
            _waiting(owner)
        _waiting(organizations.carol, state="approved")
        _flag("a")
        _flag("b")
        _flag("closed", closed_at=FOUNDED_AT)
        context = context_of(getattr(organizations, who))
        with django_assert_num_queries(1):
            groups, tabs = list(context["navigation"]), list(context["tabs"])
    shown = {item["label"]: item["count"] for group in groups for item in group["items"]}
    assert {label: shown[label] for label in counts} == counts
    assert all(shown[item["label"]] == item["count"] for item in tabs if item["label"] in shown)


def test_fragment_asks_for_no_counts(
    in_acme: Organization, alice: User, context_of: Any, django_assert_num_queries: Any
) -> None:
    request = RequestFactory().get("/")
    request.user, request.session = alice, {}  # type: ignore[assignment]
    with django_assert_num_queries(1):  # the person's organizations
        navigation(request)


def test_current_page_is_marked(in_acme: Organization, alice: User, context_of: Any) -> None:
    context = context_of(alice, "/acme/deal-list/7/")
    current = [item["label"] for group in context["navigation"] for item in group["items"] if item["current"]]
    assert current == ["Deals"]


def test_permissions_are_looked_up_by_name(in_acme: Organization, carol: User, context_of: Any) -> None:
    may = context_of(carol)["may"]
    assert (may["view"], may["propose"], may["decide"], may["manage"]) == (True, True, False, False)


def test_first_steps_are_shown_until_all_are_done(
    in_acme: Organization, alice: User, context_of: Any, django_assert_num_queries: Any
) -> None:
    def states() -> list[str]:
        return [step["state"] for step in context_of(alice)["set_up"]]

    assert states() == ["current", "later", "later"]
    Pool.objects.create(name="Electricians")
    assert states() == ["done", "current", "later"]
    Deal.objects.create(name="Kestrel")
    assert states() == ["done", "current", "done"]
    Offering.objects.create(name="Rewiring")
    assert states() == []


def test_page_shows_person_and_organizations(
    alice: User, acme: Organization, client_of: Callable[[User], Client]
) -> None:
    page = client_of(alice).get("/o/acme/members/").content.decode()
    assert re.search(r"<b>Alice</b>\s*<small>Admin</small>", page)
    assert 'href="/o/acme/"' in page
    assert 'href="/o/other/"' not in page
    assert re.search(r'<a href="/o/acme/members/"[^>]* aria-current="page"', page)


def test_account_page_keeps_the_way_back(alice: User, client_of: Callable[[User], Client]) -> None:
    page = client_of(alice).get("/accounts/email/").content.decode()
    assert 'href="/o/acme/members/"' in page


def test_person_without_an_organization_has_no_pages(db: None, client_of: Callable[[User], Client]) -> None:
    page = client_of(person("erin")).get("/organizations/new/").content.decode()
    assert 'href="/o/' not in page
    assert "erin@acme.example" in page


def test_today_is_the_organizations(
    acme: Organization, alice: User, client_of: Callable[[User], Client]
) -> None:
    with tenant_scope(acme.pk):
        Organization.objects.filter(pk=acme.pk).update(time_zone="Pacific/Auckland")
    with time_machine.travel("2027-02-09T20:00:00Z", tick=False):
        answer = client_of(alice).get("/o/acme/members/")
        assert str(answer.context["today"]) == "2027-02-10"
        assert str(client_of(alice).get("/person/").context["today"]) == "2027-02-09"
