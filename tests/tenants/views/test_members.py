import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tenants.models import ApiToken, Invitation, Membership, Organization, OutboxEntry, User
from tenants.scope import tenant_scope
from tenants.services.tokens import create_token
from tests.factories.tenants import PASSWORD, person

Browse = Callable[[User], Client]


@pytest.fixture
def office(alice: User, client_of: Browse) -> Client:
    """Alice's browser."""
    return client_of(alice)


def membership_of(organization: Organization, who: User) -> Membership | None:
    """Return the person's place in the organization."""
    with tenant_scope(organization.pk):
        return Membership.objects.filter(person=who).first()


def said(browser: Client, answer: Any) -> str:
    """Return the page that a redirect leads to."""
    assert answer.status_code == 302
    return browser.get(answer["Location"], follow=True).content.decode()


def test_members_are_shown(office: Client) -> None:
    page = office.get("/o/acme/members/").content.decode()
    for name in ("Alice", "Bob", "Carol", "Dave"):
        assert name in page
    assert "Charlie" not in page


def test_role_is_changed(office: Client, acme: Organization, dave: User) -> None:
    place = membership_of(acme, dave)
    answer = office.post(f"/o/acme/members/{place.pk}/role/", {"role": "ops_manager"})
    assert "Dave is an operations manager now." in said(office, answer)
    assert membership_of(acme, dave).role == "ops_manager"


def test_last_admin_is_not_changed(office: Client, acme: Organization, alice: User) -> None:
    place = membership_of(acme, alice)
    for page in ("role", "remove"):
        answer = office.post(f"/o/acme/members/{place.pk}/{page}/", {"role": "viewer"})
        assert "needs at least one admin" in said(office, answer)
    assert membership_of(acme, alice).role == "admin"


def test_member_is_removed_and_shut_out(
    office: Client, acme: Organization, dave: User, client_of: Browse
) -> None:
    browser_of_dave = client_of(dave)
    assert browser_of_dave.get("/o/acme/board/").status_code == 200
    answer = office.post(f"/o/acme/members/{membership_of(acme, dave).pk}/remove/")
    assert "Dave is no longer a member." in said(office, answer)
    assert browser_of_dave.get("/o/acme/board/").status_code == 404


def test_person_may_leave(office: Client, acme: Organization, alice: User, bob: User) -> None:
    with tenant_scope(acme.pk):
        Membership.objects.filter(person=bob).update(role="admin")
    answer = office.post(f"/o/acme/members/{membership_of(acme, alice).pk}/remove/")
    assert answer["Location"] == "/"
    assert membership_of(acme, alice) is None


def test_person_is_invited_and_the_link_is_shown(office: Client, acme: Organization) -> None:
    answer = office.post("/o/acme/members/invite/", {"email": "erin@acme.example", "role": "viewer"})
    page = answer.content.decode()
    assert "erin@acme.example is invited" in page
    assert re.search(r'value="http://127.0.0.1:\d+/invitations/[\w-]{43}/"', page)
    assert "erin@acme.example" in office.get("/o/acme/members/").content.decode()
    with tenant_scope(acme.pk):
        assert OutboxEntry.objects.filter(kind="invitation").count() == 1


def test_wrong_invitation_is_said_at_the_field(office: Client) -> None:
    answer = office.post("/o/acme/members/invite/", {"email": "bob@acme.example", "role": "viewer"})
    assert answer.status_code == 422
    assert "This person is a member already." in answer.content.decode()


def test_invitation_is_sent_again_and_withdrawn(office: Client, acme: Organization) -> None:
    first = office.post("/o/acme/members/invite/", {"email": "erin@acme.example", "role": "viewer"})
    with tenant_scope(acme.pk):
        number = Invitation.objects.get().pk
    again = office.post(f"/o/acme/invitations/{number}/resend/")
    links = [re.findall(r"/invitations/([\w-]{43})/", page.content.decode())[0] for page in (first, again)]
    assert links[0] != links[1]
    assert Client().get(f"/invitations/{links[0]}/").status_code == 410
    answer = office.post(f"/o/acme/invitations/{number}/revoke/")
    assert "The invitation of erin@acme.example is withdrawn." in said(office, answer)
    assert Client().get(f"/invitations/{links[1]}/").status_code == 410


@pytest.fixture
def link(office: Client) -> str:
    """The address of erin's invitation."""
    page = office.post("/o/acme/members/invite/", {"email": "erin@acme.example", "role": "sales_rep"})
    return re.findall(r"/invitations/[\w-]{43}/", page.content.decode())[0]


def test_invited_person_signs_up_and_joins(
    link: str, acme: Organization, settings: Any, mailoutbox: list[Any]
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.SIGN_UP_OPEN = False  # an invitation opens it
    browser = Client()
    page = browser.get(link).content.decode()
    assert "Join Acme" in page
    assert "Alice invites erin@acme.example to work here as sales rep." in page
    sign_up = re.findall(r'href="(/accounts/signup/\?next=[^"]+)"', page)[0]
    assert browser.get(sign_up).status_code == 200
    answer = browser.post(
        sign_up, {"email": "erin@acme.example", "name": "Erin", "password1": PASSWORD, "next": link}
    )
    assert (answer.status_code, answer["Location"]) == (302, link)
    assert [sent.subject for sent in mailoutbox] == []  # the link was the proof of the address
    assert "Accept" in browser.get(link).content.decode()
    page = said(browser, browser.post(link))
    assert "You are a member of Acme now." in page
    assert membership_of(acme, User.objects.get(email="erin@acme.example")).role == "sales_rep"


def test_sign_up_is_closed_without_an_invitation(db: None, settings: Any) -> None:
    settings.SIGN_UP_OPEN = False
    browser = Client()
    typed = {"email": "erin@acme.example", "name": "Erin", "password1": PASSWORD}
    assert browser.post("/accounts/signup/", typed).status_code == 200
    assert not User.objects.exists()


def test_invited_person_signs_in_and_joins(link: str, acme: Organization, db: None) -> None:
    erin, browser = person("erin"), Client()
    browser.get(link)
    answer = browser.post("/accounts/login/", {"login": erin.email, "password": PASSWORD, "next": link})
    assert answer["Location"] == link
    browser.post(link)
    assert membership_of(acme, erin) is not None


def test_another_person_is_told_whom_it_is_for(
    link: str, acme: Organization, charlie: User, client_of: Browse
) -> None:
    browser = client_of(charlie)
    page = browser.get(link).content.decode()
    assert "You are signed in as charlie@other.example, which is another address." in page
    answer = browser.post(link)
    assert answer.status_code == 409
    assert "is for erin@acme.example; you are signed in as charlie@other.example" in answer.content.decode()
    assert membership_of(acme, charlie) is None


def test_signed_out_person_accepts_nothing(link: str, acme: Organization) -> None:
    assert Client().post(link).status_code == 200
    with tenant_scope(acme.pk):
        assert Membership.objects.count() == 4


def test_unknown_invitation_has_ended(db: None) -> None:
    answer = Client().get("/invitations/nothing/")
    assert answer.status_code == 410
    assert b"This invitation has ended" in answer.content


def test_token_is_shown_once(office: Client, acme: Organization) -> None:
    typed = {"name": "CRM", "scopes": ["view", "check"], "days": "30"}
    answer = office.post("/o/acme/tokens/new/", typed)
    secret = re.findall(r"concord_[\w-]{43}", answer.content.decode())[0]
    assert "no-store" in answer["Cache-Control"]
    assert secret not in office.get("/o/acme/tokens/").content.decode()
    with tenant_scope(acme.pk):
        token = ApiToken.objects.get()
        assert token.scopes == ["check", "view"]
        assert token.expires_at is not None
        assert abs(token.expires_at - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/me/", headers=headers).status_code == 200
    page = said(office, office.post(f"/o/acme/tokens/{token.pk}/revoke/"))
    assert "The token CRM no longer works." in page
    assert "Revoked" in page
    assert Client().get("/api/v1/me/", headers=headers).status_code == 401


def test_token_without_end_and_scopes(office: Client, acme: Organization) -> None:
    office.post("/o/acme/tokens/new/", {"name": "CRM", "days": "never"})
    with tenant_scope(acme.pk):
        token = ApiToken.objects.get()
    assert (token.scopes, token.expires_at) == ([], None)
    page = office.get("/o/acme/tokens/").content.decode()
    assert "Until it is revoked" in page
    assert "All that the member may" in page


@pytest.mark.parametrize(
    "typed", [{"name": ""}, {"name": "x", "scopes": ["fly"]}, {"name": "x", "days": "7"}]
)
def test_wrong_token_is_said(office: Client, typed: dict[str, Any]) -> None:
    assert office.post("/o/acme/tokens/new/", typed).status_code == 422


def test_settings_are_saved(office: Client, acme: Organization) -> None:
    assert "Europe/Berlin" in office.get("/o/acme/settings/").content.decode()
    typed = {
        "name": "Acme 2",
        "time_zone": "Europe/Berlin",
        "currency": "USD",
        "horizon_days": "180",
        "answer_hours": "8",
        "bypass_days": "30",
    }
    assert "The settings are saved." in said(office, office.post("/o/acme/settings/", typed))
    with tenant_scope(acme.pk):
        acme.refresh_from_db()
        assert OutboxEntry.objects.filter(kind="reassess").count() == 1
    assert {field: str(getattr(acme, field)) for field in typed} == typed
    assert acme.slug == "acme"


def test_wrong_settings_are_said_at_the_field(office: Client, acme: Organization) -> None:
    answer = office.post("/o/acme/settings/", {"name": "Acme", "horizon_days": "3"})
    assert answer.status_code == 422
    assert "greater than or equal to 7" in answer.content.decode()


def test_pages_ask_the_same_number_of_queries_for_more_rows(
    office: Client, acme: Organization, alice: User, django_assert_num_queries: Any
) -> None:
    with tenant_scope(acme.pk):
        for number in range(20):
            Membership.objects.create(person=person(f"p{number}"), role="viewer")
            create_token(person=alice, name=f"t{number}", at=datetime.now(UTC))
    office.get("/o/acme/members/")
    # Session, person, organizations; the transaction and its tenant (5, two of them the test's); the
    # organization; what waits; and what the page shows.
    for page, shown in (("members", 2), ("tokens", 1), ("settings", 1)):
        with django_assert_num_queries(9 + shown):
            office.get(f"/o/acme/{page}/")
