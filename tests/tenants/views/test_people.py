from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tenants.models import Organization, User
from tenants.services.organizations import create_organization
from tenants.tenant_lookup import organizations_of
from tests.factories.tenants import FOUNDED_AT, person

Browse = Callable[[User], Client]


def test_signed_out_person_is_welcomed(db: None, settings: Any) -> None:
    answer = Client().get("/")
    assert answer.status_code == 200
    assert b"Sign in" in answer.content
    assert b"Sign up" in answer.content
    settings.SIGN_UP_OPEN = False
    assert b"Sign up" not in Client().get("/").content


def test_person_without_organization_sets_one_up(db: None, client_of: Browse) -> None:
    answer = client_of(person("erin")).get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/organizations/new/")


def test_person_returns_to_the_last_organization(alice: User, client_of: Browse) -> None:
    create_organization(name="Zeta", by=alice, at=FOUNDED_AT)
    browser = client_of(alice)
    assert browser.get("/")["Location"] == "/o/acme/"
    browser.get("/o/zeta/members/")
    assert browser.get("/")["Location"] == "/o/zeta/"


def test_last_organization_that_is_left_is_forgotten(alice: User, client_of: Browse) -> None:
    browser = client_of(alice)
    session = browser.session
    session["organization"] = "other"
    session.save()
    assert browser.get("/")["Location"] == "/o/acme/"


@pytest.mark.parametrize(
    ("who", "page"),
    [("alice", "approvals"), ("bob", "approvals"), ("carol", "check"), ("dave", "board")],
)
def test_role_decides_where_one_lands(organizations: Any, client_of: Browse, who: str, page: str) -> None:
    answer = client_of(getattr(organizations, who)).get("/o/acme/")
    assert (answer.status_code, answer["Location"]) == (302, f"/o/acme/{page}/")


def test_page_that_does_not_exist_is_passed_over(alice: User, client_of: Browse, settings: Any) -> None:
    settings.LANDING_PAGES = [("decide", "nowhere:page"), ("view", "tenants:settings")]
    assert client_of(alice).get("/o/acme/")["Location"] == "/o/acme/settings/"
    settings.LANDING_PAGES = []
    assert client_of(alice).get("/o/acme/")["Location"] == "/person/"


def test_person_changes_name_and_keys(dave: User, client_of: Browse) -> None:
    browser = client_of(dave)
    assert 'value="Dave"' in browser.get("/person/").content.decode()
    answer = browser.post("/person/", {"name": "David"})
    assert answer.status_code == 302
    dave.refresh_from_db()
    assert (dave.name, dave.one_letter_keys) == ("David", False)
    assert 'data-keys="off"' in browser.get("/person/").content.decode()
    for name in ("", "x" * 151):
        assert browser.post("/person/", {"name": name}).status_code == 422


def test_person_sets_up_an_organization(db: None, client_of: Browse) -> None:
    erin = person("erin")
    browser = client_of(erin)
    assert browser.get("/organizations/new/").status_code == 200
    typed = {"name": "Erin Ltd", "slug": "", "time_zone": "Europe/London", "currency": "GBP"}
    answer = browser.post("/organizations/new/", typed)
    assert (answer.status_code, answer["Location"]) == (302, "/o/erin-ltd/")
    assert [(row.slug, row.role) for row in organizations_of(erin.pk)] == [("erin-ltd", "admin")]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"slug": "acme"}, "acme-2 is free"),
        ({"slug": "No Slug"}, "Use small letters, digits and single hyphens"),
        ({"name": ""}, "This field is required"),
        ({"time_zone": "Mars"}, "Select a valid choice"),
        ({"currency": "EUX"}, "Select a valid choice"),
    ],
)
def test_wrong_organization_is_said_at_the_field(
    acme: Organization, charlie: User, client_of: Browse, typed: dict[str, str], said: str
) -> None:
    good = {"name": "Third", "slug": "", "time_zone": "UTC", "currency": "EUR"}
    answer = client_of(charlie).post("/organizations/new/", good | typed)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert len(organizations_of(charlie.pk)) == 1
