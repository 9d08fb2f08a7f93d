import re
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.test import Client

from tenants import middleware
from tenants.models import Invitation, Membership, Organization, User
from tenants.scope import active_organization_id, tenant_scope

pytestmark = pytest.mark.urls("tests.tenants.pages")


@pytest.fixture
def browser_of_alice(alice: User, client_of: Callable[[User], Client]) -> Client:
    """Alice's browser, which shows what went wrong instead of raising it."""
    browser = client_of(alice)
    browser.raise_request_exception = False
    return browser


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", logger="django.request")


def _rows(organization: Organization) -> int:
    with tenant_scope(organization.pk):
        return Invitation.objects.count()


@pytest.mark.parametrize(("status", "rows"), [(200, 1), (302, 1), (409, 1), (422, 1), (500, 0), (503, 0)])
def test_answer_of_500_or_more_rolls_back(
    browser_of_alice: Client, acme: Organization, quiet: None, status: int, rows: int
) -> None:
    assert browser_of_alice.get(f"/o/acme/written/?status={status}").status_code == status
    assert _rows(acme) == rows


@pytest.mark.parametrize(
    ("how", "status"), [("crash", 500), ("missing", 404), ("denied", 403), ("not-allowed", 403)]
)
def test_view_that_raises_is_rolled_back(
    browser_of_alice: Client, acme: Organization, quiet: None, how: str, status: int
) -> None:
    assert browser_of_alice.get(f"/o/acme/broken/?how={how}").status_code == status
    assert _rows(acme) == 0


def test_without_the_rollback_the_row_stays(
    browser_of_alice: Client, acme: Organization, quiet: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "transaction", SimpleNamespace(set_rollback=lambda rollback: None))
    assert browser_of_alice.get("/o/acme/broken/?how=crash").status_code == 500
    assert _rows(acme) == 1


def test_refusal_of_a_service_is_said(browser_of_alice: Client) -> None:
    assert b"Only admins may." in browser_of_alice.get("/o/acme/broken/?how=not-allowed").content


def test_streamed_body_is_made_in_the_scope(
    browser_of_alice: Client, acme: Organization, alice: User
) -> None:
    with tenant_scope(acme.pk):
        Organization.objects.filter(pk=acme.pk).update(time_zone="Europe/Berlin")
    assert browser_of_alice.get("/o/acme/streamed/").getvalue() == b"0 Europe/Berlin"
    assert active_organization_id() is None


def test_time_zone_ends_with_the_request(browser_of_alice: Client, acme: Organization) -> None:
    with tenant_scope(acme.pk):
        Organization.objects.filter(pk=acme.pk).update(time_zone="Asia/Tokyo")
    assert browser_of_alice.get("/o/acme/zone/").content == b"Asia/Tokyo"
    assert browser_of_alice.get("/zone/").content == b"UTC"


def test_another_organization_answers_like_none(browser_of_alice: Client, other: Organization) -> None:
    answers = [browser_of_alice.get(f"/o/{slug}/zone/") for slug in ("other", "nowhere")]
    token = r"[A-Za-z0-9]{64}"  # against forgery, another in every answer
    contents = [re.sub(rf"{token}|other|nowhere", "", answer.content.decode()) for answer in answers]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert contents[0] == contents[1]


def test_former_member_is_a_stranger(browser_of_alice: Client, acme: Organization, alice: User) -> None:
    with tenant_scope(acme.pk):
        Membership.objects.filter(person=alice).delete()
    assert browser_of_alice.get("/o/acme/zone/").status_code == 404


def test_signed_out_person_is_sent_to_sign_in(acme: Organization) -> None:
    for slug in ("acme", "nowhere"):
        answer = Client().get(f"/o/{slug}/zone/?a=1")
        assert (answer.status_code, answer["Location"]) == (
            302,
            f"/accounts/login/?next=/o/{slug}/zone/%3Fa%3D1",
        )


def test_signed_out_fragment_sends_the_whole_page_to_sign_in(acme: Organization) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/o/acme/board/"}
    answer = Client().get("/o/acme/zone/", headers=headers)
    assert (answer.status_code, answer["HX-Redirect"]) == (200, "/accounts/login/?next=/o/acme/board/")


def test_member_who_may_no_longer_sign_in_is_signed_out(browser_of_alice: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert browser_of_alice.get("/o/acme/zone/").status_code == 302
