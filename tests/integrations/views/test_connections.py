"""Pages of connections as people use them: set up, sign in, map, pause, disconnect."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from commitments.models import Deal, DealLine, Offering
from integrations.forms.connections import _name
from integrations.models import Connection, WriteBack
from integrations.services.syncing.credentials import seal, unseal
from integrations.views import connecting
from tenants.scope import tenant_scope
from tests.factories import commitments as of_commitments
from tests.factories.tenants import Organizations, signed_in_client
from tests.integrations.syncing.conftest import (  # noqa: F401  (fixtures)
    Clock,
    alice_of_acme,
    clock,
    connected,
    fresh,
    server,
    work,
)
from tests.integrations.syncing.plain import PlainCrm, PlainServer

HERE = "/o/acme/connections/"


@pytest.fixture
def alice_browser(
    organizations: Organizations,
    server: PlainServer,  # noqa: F811
    clock: Clock,  # noqa: F811
) -> Client:
    """The admin's browser; the plain CRM is the only one there is."""
    return signed_in_client(organizations.alice)


def at(connection: Connection, page: str = "") -> str:
    return f"{HERE}{connection.pk}/{page}"


def said(answer: Any) -> str:
    return str(answer.content.decode())


def only(organizations: Organizations) -> Connection:
    with tenant_scope(organizations.acme.pk):
        found: Connection = Connection.objects.get()
        return found


def connect(browser: Client, token: str = "first") -> Any:
    return browser.post(f"{HERE}new/plain/", {"token": token}, follow=True)


def test_a_key_is_taken_tested_mapped_and_the_import_started(
    organizations: Organizations,
    alice_browser: Client,
    server: PlainServer,  # noqa: F811
    clock: Clock,  # noqa: F811
) -> None:
    assert "Plain" in said(alice_browser.get(HERE))
    server.tokens.append("hush-hush")
    page = connect(alice_browser, "hush-hush")
    made = only(organizations)
    assert page.redirect_chain[-1][0] == at(made, "mapping/")
    assert "Connected to Brightwater." in said(page)
    assert "hush-hush" not in said(page)
    saved = alice_browser.post(
        at(made, "mapping/"), {"every_minutes": "15", "writes_back": "on", _name("stage", "1"): "ignore"}
    )
    assert (saved.status_code, saved["Location"]) == (302, at(made))
    assert (fresh(made).stages, fresh(made).every_minutes) == ({"1": "ignore"}, 15)
    alice_browser.post(at(made, "start/"))
    server.add("D1")
    work(made.tenant, clock)
    with tenant_scope(made.tenant):
        assert Deal.objects.get().status == "lost"
    assert "Healthy" in said(alice_browser.get(at(made)))
    assert "Clean" in said(alice_browser.get(at(made, "history/")))


@pytest.mark.parametrize("pages", ["", "mapping/", "history/", "written/", "entries/"])
def test_every_page_asks_as_often_with_many_deals_as_with_few(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
    server: PlainServer,  # noqa: F811
    clock: Clock,  # noqa: F811
    pages: str,
) -> None:
    def asked() -> int:
        alice_browser.get(at(connected, pages))
        with CaptureQueriesContext(
            database,
        ) as queries:
            assert alice_browser.get(at(connected, pages)).status_code == 200
        return len(queries)

    server.add("D0")
    work(connected.tenant, clock)
    few = asked()
    for number in range(1, 9):
        server.add(f"D{number}", product=f"Product {number}")
    clock.pass_time(minutes=6)
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        assert Deal.objects.count() == 9
    assert asked() == few
    assert few <= 25


def test_the_list_asks_as_often_with_many_connections_as_with_one(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(database) as queries:
            assert alice_browser.get(HERE).status_code == 200
        return len(queries)

    asked()
    one = asked()
    with tenant_scope(connected.tenant):
        for number in range(5):
            Connection.objects.create(
                provider="plain", name=f"Plain {number + 2}", created_at=connected.created_at
            )
    assert asked() == one


@pytest.mark.parametrize("posted", [{}, {"every_minutes": "7"}, {_name("stage", "1"): "perhaps"}])
def test_a_wrong_mapping_is_refused_with_422(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
    posted: dict[str, str],
) -> None:
    answer = alice_browser.post(at(connected, "mapping/"), posted or {"every_minutes": ""})
    assert answer.status_code == 422
    assert fresh(connected).every_minutes == 5


def test_what_was_chosen_for_a_product_stays_with_it_while_others_come_in(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
    server: PlainServer,  # noqa: F811
    clock: Clock,  # noqa: F811
    alice_of_acme: Any,  # noqa: F811
) -> None:
    with tenant_scope(connected.tenant):
        pool = of_commitments.staffed_pool(alice_of_acme)
        offering = of_commitments.offering(alice_of_acme, {pool: 120}).pk
    server.add("D1", product="Heat pump")
    work(connected.tenant, clock)
    page = said(alice_browser.get(at(connected, "mapping/")))
    field = page.split('">Heat pump</label>')[0].rpartition('for="id_')[2]
    for number in range(2, 5):  # many more of another product: it stands above now
        server.add(f"D{number}", product="Boiler")
    clock.pass_time(minutes=6)
    work(connected.tenant, clock)
    alice_browser.post(at(connected, "mapping/"), {"every_minutes": "5", field: str(offering)})
    assert fresh(connected).products == {"Heat pump": offering}


def _chosen(page: str, label: str) -> tuple[str, str]:
    """Return the name of the field with this label, and the value that is chosen in it."""
    name = page.split(f'">{label}</label>')[0].rpartition('for="id_')[2]
    options = page.partition(f'name="{name}"')[2].partition("</select>")[0]
    return name, options.partition(" selected")[0].rpartition('value="')[2].partition('"')[0]


def test_an_offering_made_later_is_taken_for_the_lines_that_wait_for_it(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
    server: PlainServer,  # noqa: F811
    clock: Clock,  # noqa: F811
    alice_of_acme: Any,  # noqa: F811
) -> None:
    server.add("D1", product="Heat pump")
    work(connected.tenant, clock)
    assert "none of the offerings" in said(alice_browser.get(at(connected)))
    with tenant_scope(connected.tenant):
        pool = of_commitments.staffed_pool(alice_of_acme)
        offering = of_commitments.offering(alice_of_acme, {pool: 120}, name="Heat pump").pk
    assert "none of the offerings" in said(alice_browser.get(at(connected)))  # its line has none yet
    field, value = _chosen(said(alice_browser.get(at(connected, "mapping/"))), "Heat pump")
    assert value == str(offering)
    alice_browser.post(at(connected, "mapping/"), {"every_minutes": "5", field: value})
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        assert DealLine.objects.get().offering_id == offering
    assert "none of the offerings" not in said(alice_browser.get(at(connected)))


def test_an_archived_offering_stays_what_a_product_means(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
    server: PlainServer,  # noqa: F811
    clock: Clock,  # noqa: F811
    alice_of_acme: Any,  # noqa: F811
) -> None:
    with tenant_scope(connected.tenant):
        pool = of_commitments.staffed_pool(alice_of_acme)
        offering = of_commitments.offering(alice_of_acme, {pool: 120}, name="Heat pump")
        Offering.objects.update(archived_at=clock())
    server.add("D1", product="Heat pump")
    work(connected.tenant, clock)
    field, value = _chosen(said(alice_browser.get(at(connected, "mapping/"))), "Heat pump")
    assert value == str(offering.pk)
    alice_browser.post(at(connected, "mapping/"), {"every_minutes": "15", field: value})
    assert (fresh(connected).every_minutes, fresh(connected).products) == (15, {})


def test_a_product_that_is_none_of_ours_is_no_longer_asked_about(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
    server: PlainServer,  # noqa: F811
    clock: Clock,  # noqa: F811
) -> None:
    server.add("D1", product="Heat pump")
    work(connected.tenant, clock)
    field, value = _chosen(said(alice_browser.get(at(connected, "mapping/"))), "Heat pump")
    assert value == ""
    alice_browser.post(at(connected, "mapping/"), {"every_minutes": "5", field: "none"})
    work(connected.tenant, clock)
    assert fresh(connected).products == {"Heat pump": None}
    assert "none of the offerings" not in said(alice_browser.get(at(connected)))


def test_a_missing_or_wrong_entry_is_named_and_nothing_is_made(
    organizations: Organizations, alice_browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integrations.crm import Entry

    monkeypatch.setattr(PlainCrm, "entries", (Entry("token", "Key", secret=True, pattern="[a-z]+"),))
    for token, sentence in (("", "This field is required."), ("A1", "Key is not of its kind.")):
        answer = alice_browser.post(f"{HERE}new/plain/", {"token": token})
        assert answer.status_code == 422
        assert sentence in said(answer)
    with tenant_scope(organizations.acme.pk):
        assert not Connection.objects.exists()
    assert alice_browser.get(f"{HERE}new/nobodys/").status_code == 404


def test_a_key_that_is_not_accepted_is_said_in_plain_words(
    organizations: Organizations, alice_browser: Client
) -> None:
    page = connect(alice_browser, token="wrong")
    assert "Plain: Enter a new key." in said(page)
    assert only(organizations).status == "mapping"


@pytest.fixture
def at_vendor(
    organizations: Organizations, alice_browser: Client, settings: Any
) -> Callable[[], tuple[Connection, dict[str, str]]]:
    """Begin a sign-in; return the connection and what the vendor is sent."""
    settings.CRM_CLIENTS = {"plain": ("client", "app secret")}

    def begin() -> tuple[Connection, dict[str, str]]:
        answer = alice_browser.post(f"{HERE}new/plain/", {})
        assert answer["Location"].startswith("https://plain.example/authorize?")
        sent = parse_qs(urlsplit(answer["Location"]).query)
        return only(organizations), {name: values[0] for name, values in sent.items()}

    return begin


AtVendor = Callable[[], tuple[Connection, dict[str, str]]]


def test_a_sign_in_brings_tokens_and_ends_once(
    alice_browser: Client,
    at_vendor: AtVendor,
    server: PlainServer,  # noqa: F811
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection, sent = at_vendor()
    assert sent["redirect_uri"] == f"{settings.SITE_URL}/crm/callback/"
    assert sent["code_challenge_method"] == "S256"
    monkeypatch.setattr(server, "_token", lambda request: _tokens(server, request))
    back = alice_browser.get("/crm/callback/", {"state": sent["state"], "code": "once"}, follow=True)
    assert "Connected to Brightwater." in said(back)
    assert unseal(fresh(connection))["access_token"] == "access-1"
    assert "once" not in str(dict(alice_browser.session))
    again = alice_browser.get("/crm/callback/", {"state": sent["state"], "code": "once"})
    assert again.status_code == 400
    alice_browser.get(at(connection, "signed-in/"), follow=True)
    assert server.refreshes == 1


def _tokens(server: PlainServer, request: Any) -> Any:  # noqa: F811
    import httpx

    form = parse_qs(request.content.decode())
    assert (form["code"], form["grant_type"]) == (["once"], ["authorization_code"])
    assert form["code_verifier"][0]
    server.refreshes += 1
    server.tokens = ["access-1"]
    answer = {"access_token": "access-1", "refresh_token": "refresh-1", "expires_in": 1800}
    return httpx.Response(200, json=answer)


@pytest.mark.parametrize("state", ["", "guess", "ü"])
def test_a_forged_return_is_refused_and_ends_the_sign_in(
    alice_browser: Client,
    at_vendor: AtVendor,
    server: PlainServer,  # noqa: F811
    state: str,
) -> None:
    _, sent = at_vendor()
    assert alice_browser.get("/crm/callback/", {"state": state, "code": "mine"}).status_code == 400
    assert alice_browser.get("/crm/callback/", {"state": sent["state"], "code": "mine"}).status_code == 400
    assert server.refreshes == 0


def test_a_return_after_ten_minutes_is_refused(alice_browser: Client, at_vendor: AtVendor) -> None:
    _, sent = at_vendor()
    session = alice_browser.session
    session[connecting.STATE] = session[connecting.STATE] | {"began": 0}
    session.save()
    assert alice_browser.get("/crm/callback/", {"state": sent["state"], "code": "x"}).status_code == 400


def test_another_person_cannot_end_a_sign_in(
    organizations: Organizations, alice_browser: Client, at_vendor: AtVendor
) -> None:
    _, sent = at_vendor()
    bob = signed_in_client(organizations.bob)
    assert bob.get("/crm/callback/", {"state": sent["state"], "code": "x"}).status_code == 400
    assert Client().get("/crm/callback/", {"state": sent["state"]}).status_code == 302


def test_a_refusal_at_the_vendor_is_said(alice_browser: Client, at_vendor: AtVendor) -> None:
    _, sent = at_vendor()
    back = alice_browser.get(
        "/crm/callback/", {"state": sent["state"], "error": "access_denied"}, follow=True
    )
    assert "The sign-in was not finished (access_denied). Try again." in said(back)


def test_pausing_keeps_the_place_and_continuing_goes_on(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
) -> None:
    assert "Its place is kept." in said(alice_browser.post(at(connected, "pause/"), follow=True))
    assert fresh(connected).status == "paused"
    assert "It does not run." in said(alice_browser.post(at(connected, "sync/"), follow=True))
    alice_browser.post(at(connected, "resume/"))
    assert fresh(connected).status == "active"
    assert "Changes are being read." in said(alice_browser.post(at(connected, "sync/"), follow=True))
    assert "started before" in said(alice_browser.post(at(connected, "start/"), follow=True))


@pytest.mark.parametrize("forget", [False, True])
def test_disconnecting_keeps_the_deals_unless_they_are_to_go(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
    server: PlainServer,  # noqa: F811
    clock: Clock,  # noqa: F811
    forget: bool,
) -> None:
    server.add("D1")
    work(connected.tenant, clock)
    answer = alice_browser.post(at(connected, "disconnect/"), {"forget": "on"} if forget else {}, follow=True)
    assert "Plain is disconnected." in said(answer)
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        assert (Connection.objects.count(), Deal.objects.count()) == (0, 0 if forget else 1)
        assert not WriteBack.objects.exists()
    assert alice_browser.get(at(connected)).status_code == 404


def test_a_key_of_another_account_is_never_read_with(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
    server: PlainServer,  # noqa: F811
    clock: Clock,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from integrations.crm import Account

    monkeypatch.setattr(PlainCrm, "check", lambda self: Account(id="43", name="Another"))
    server.tokens = ["first", "others"]
    page = alice_browser.post(at(connected, "entries/"), {"token": "others"}, follow=True)
    assert "This is another account than Brightwater." in said(page)
    assert "Test it first" in said(alice_browser.post(at(connected, "resume/"), follow=True))
    server.requests.clear()
    work(connected.tenant, clock)
    assert server.requests == []
    assert fresh(connected).status == "attention"


def test_what_was_entered_anew_is_tested_before_the_import_starts(
    organizations: Organizations,
    alice_browser: Client,
    server: PlainServer,  # noqa: F811
) -> None:
    connect(alice_browser)
    made = only(organizations)
    server.fail("GET /me", 503)
    alice_browser.post(at(made, "entries/"), {"token": "others"})
    page = alice_browser.post(at(made, "start/"), follow=True)
    assert "Test it first: Concord could not get in yet." in said(page)
    assert fresh(made).status == "mapping"


def test_a_key_that_was_lost_is_entered_anew(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
    settings: Any,
) -> None:
    settings.CREDENTIAL_KEYS = ["another key"]
    page = alice_browser.post(at(connected, "entries/"), {"token": "first"}, follow=True)
    assert "Connected to Brightwater." in said(page)
    assert fresh(connected).status == "active"


def test_a_connection_whose_crm_is_no_longer_spoken_to_can_be_seen_and_removed(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
    clock: Clock,  # noqa: F811
) -> None:
    with tenant_scope(connected.tenant):
        Connection.objects.filter(pk=connected.pk).update(provider="former", subscription={"id": 1})
    work(connected.tenant, clock)
    assert fresh(connected).problem == "This installation no longer speaks to this CRM."
    assert "No longer supported" in said(alice_browser.get(HERE))
    for page in ("", "mapping/", "history/", "written/"):
        assert alice_browser.get(at(connected, page)).status_code == 200
    answer = alice_browser.post(at(connected, "disconnect/"), follow=True)
    assert "The webhook at Plain is still there" in said(answer)
    with tenant_scope(connected.tenant):
        assert not Connection.objects.exists()


def test_a_token_that_was_refreshed_is_kept_although_the_page_fails(
    connected: Connection,  # noqa: F811
    alice_browser: Client,
    server: PlainServer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tenant_scope(connected.tenant):
        row = Connection.objects.get(pk=connected.pk)
        values = {"oauth": True, "access_token": "access-0", "refresh_token": "refresh-0"}
        row.secret, row.token_expires_at = seal(row, values), row.created_at.replace(year=2020)
        row.save()

    def broken(self: PlainCrm) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(PlainCrm, "check", broken)
    alice_browser.raise_request_exception = False
    assert alice_browser.post(at(connected, "test/")).status_code == 500
    assert server.refreshes == 1
    assert unseal(fresh(connected))["refresh_token"] == "refresh-1"


ACTS = ["test/", "start/", "pause/", "resume/", "sync/", "sign-in/", "disconnect/"]


@pytest.mark.parametrize("who", ["bob", "carol", "dave"])
def test_only_admins_see_and_change_connections(
    connected: Connection,  # noqa: F811
    organizations: Organizations,
    who: str,
) -> None:
    browser = signed_in_client(getattr(organizations, who))
    for page in ("", "mapping/", "history/", "written/", "entries/"):
        assert browser.get(at(connected, page)).status_code == 403
    for act in ACTS:
        assert browser.post(at(connected, act)).status_code == 403
    assert browser.get(HERE).status_code == 403
    assert fresh(connected).status == "active"


def test_strangers_and_other_organizations_find_nothing(
    connected: Connection,  # noqa: F811
    organizations: Organizations,
    alice_browser: Client,
) -> None:
    charlie = signed_in_client(organizations.charlie)
    assert charlie.get(at(connected)).status_code == 404
    for act in ACTS:
        assert charlie.post(at(connected, act)).status_code == 404
        assert alice_browser.post(f"{HERE}{connected.pk + 1}/{act}").status_code == 404
        assert alice_browser.get(at(connected, act)).status_code == 405
    assert fresh(connected).status == "active"
