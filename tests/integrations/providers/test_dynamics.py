"""What is peculiar to Microsoft Dynamics 365, against its fake."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from integrations.crm import CrmError, CursorExpired, NeedsSignIn, NoteUnknown, OwnField, Status, WriteOp
from integrations.http import Forbidden, Rules
from integrations.providers.dynamics import Dynamics
from tests.integrations.crm.fake import Fault, pass_time, provider_of
from tests.integrations.providers.fake_dynamics import FakeDynamics
from tests.integrations.providers.fake_dynamics_tables import (
    API_HOST,
    HOST,
    MISSING_RIGHT,
    OWN,
    REFUSALS,
    TEAM,
)


@pytest.fixture
def fake() -> FakeDynamics:
    return FakeDynamics()


def run(fake: FakeDynamics, cursor: dict[str, Any] | None = None) -> tuple[list[Any], dict[str, Any]]:
    """Pull to the end with a new provider for every page, as workers do."""
    pages: list[Any] = []
    while not pages or not pages[-1].done:
        pages.append(provider_of(fake).pull(pages[-1].cursor if pages else cursor))
        assert len(pages) < 200
    return pages, pages[-1].cursor


def ids(pages: list[Any]) -> list[str]:
    return [deal.id for page in pages for deal in page.deals]


def op(deal_id: str, **changes: Any) -> WriteOp:
    values: dict[str, Any] = {
        "deal_id": deal_id,
        "values": {
            OwnField.VERDICT: "fits",
            OwnField.EARLIEST: date(2027, 3, 12),
            OwnField.CHECKED_AT: datetime(2027, 2, 9, 10, 0, tzinfo=UTC),
            OwnField.REASON: None,
        },
        "note": "Fits on Friday 12 March 2027.",
        "marker": "[concord:7]",
    }
    return WriteOp(**(values | changes))


def own_app(fake: FakeDynamics, **entries: str) -> Dynamics:
    setup = replace(fake.setup, entries={**fake.setup.entries, **entries})
    made = provider_of(fake, setup=setup, credentials=fake.other_credentials)
    assert isinstance(made, Dynamics)
    return made


def test_reads_a_deal_whole(fake: FakeDynamics) -> None:
    fake.add(lines=[("Heat pump", 3)])
    (page,), _ = run(fake)
    (deal,) = page.deals
    assert (deal.amount, deal.currency, deal.probability) == (Decimal(5000), "EUR", Decimal("0.4"))
    assert (deal.close_on, deal.promised_on, deal.quantity) == (date(2027, 3, 1), date(2027, 3, 12), 24)
    assert (deal.company, deal.owner_name, deal.owner_email) == (
        "Kestrel Housing",
        "Priya Shah",
        "priya@acme.example",
    )
    assert deal.product == "Heat pump"  # the label of a choice, not its number
    assert [(line.product, line.quantity) for line in deal.lines or ()] == [("Heat pump", 3)]
    assert deal.url == f"https://{HOST}/main.aspx?pagetype=entityrecord&etn=opportunity&id={deal.id}"


def test_takes_the_status_from_the_state(fake: FakeDynamics) -> None:
    for stage in ("1", "3", "4"):
        fake.add(stage_id=stage)
    (page,), _ = run(fake)
    assert [deal.status for deal in page.deals] == [Status.OPEN, Status.WON, Status.LOST]


def test_a_customer_may_be_a_person_and_an_owner_a_team(fake: FakeDynamics) -> None:
    fake.people = ["Ada Byron"]
    fake.add(company="Ada Byron", owner_id=TEAM)
    fake.add()
    (page,), _ = run(fake)
    assert [(deal.company, deal.owner_name, deal.owner_email) for deal in page.deals] == [
        ("Ada Byron", "Field sales", ""),
        ("Kestrel Housing", "Priya Shah", "priya@acme.example"),
    ]


def test_a_tracked_query_asks_for_no_formatted_values(fake: FakeDynamics) -> None:
    deals = [fake.add(product="Heat pump"), fake.add(product=""), fake.add(product="Valve")]
    (page,), _ = run(fake)
    assert [deal.product for deal in page.deals] == ["Heat pump", "", "Valve"]
    tracked = [each for each in fake.requests if "track-changes" in each.headers.get("Prefer", "")]
    assert tracked
    assert all("annotations" not in each.headers["Prefer"] for each in tracked)
    fetched = provider_of(fake).fetch([deal.id for deal in deals])
    assert [deal.product for deal in fetched.deals] == ["Heat pump", "", "Valve"]


def test_follows_changes_by_link_and_hears_of_deletions(fake: FakeDynamics) -> None:
    kept, changed, deleted = fake.add(), fake.add(), fake.add()
    (page,), cursor = run(fake)
    assert ids([page]) == [kept.id, changed.id, deleted.id]
    fake.change(changed.id, name="Changed")
    fake.delete(deleted.id)
    (page,), cursor = run(fake, cursor)
    assert ids([page]) == [changed.id]
    assert [gone.id for gone in page.gone] == [deleted.id]
    (page,), _ = run(fake, cursor)
    assert (ids([page]), page.gone) == ([], ())
    assert provider_of(fake).fetch([deleted.id]).deals == ()


def test_what_changes_while_pages_are_read_comes_the_next_time(fake: FakeDynamics) -> None:
    deals = [fake.add() for _ in range(450)]
    first = provider_of(fake).pull(None)
    assert (len(first.deals), first.done) == (200, False)
    fake.change(deals[449].id, name="Changed")
    pages, cursor = run(fake, first.cursor)
    assert deals[449].id not in ids(pages)
    (page,), _ = run(fake, cursor)
    assert [deal.name for deal in page.deals] == ["Changed"]


def test_a_link_older_than_the_environment_remembers(fake: FakeDynamics) -> None:
    fake.add()
    _, cursor = run(fake)
    pass_time(fake, days=6)
    _, cursor = run(fake, cursor)
    pass_time(fake, days=8)
    with pytest.raises(CursorExpired):
        provider_of(fake).pull(cursor)


def test_a_link_that_is_gone(fake: FakeDynamics, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.add()
    _, cursor = run(fake)
    monkeypatch.setitem(REFUSALS, Fault.CURSOR_EXPIRED, (410, "", "Gone"))
    fake.fail(Fault.CURSOR_EXPIRED)
    with pytest.raises(CursorExpired):
        provider_of(fake).pull(cursor)


def test_other_columns_need_another_link(fake: FakeDynamics) -> None:
    fake.add()
    _, cursor = run(fake)
    fake.setup = replace(fake.setup, fields={"promised_on": "acme_promised"})
    with pytest.raises(CursorExpired):
        provider_of(fake).pull(cursor)
    _, cursor = run(fake)
    fake.missing = {"acme_promised"}
    with pytest.raises(CursorExpired):
        provider_of(fake).pull(cursor)
    (page,), _ = run(fake)
    assert page.deals[0].promised_on is None


def test_says_that_changes_are_not_tracked(fake: FakeDynamics) -> None:
    fake.tracks = False
    with pytest.raises(CrmError, match="Turn on Track changes") as error:
        provider_of(fake).pull(None)
    assert error.value.permanent


def test_a_changed_product_touches_its_opportunity(fake: FakeDynamics) -> None:
    deal = fake.add(lines=[("Heat pump", 3)])
    _, cursor = run(fake)
    pass_time(fake, hours=1)
    _, cursor = run(fake, cursor)
    fake.change(deal.id, lines=[("Heat pump", 4)])
    (page,), cursor = run(fake, cursor)
    assert (ids([page]), page.touched) == ([], (deal.id,))
    pass_time(fake, minutes=16)
    _, cursor = run(fake, cursor)
    (page,), _ = run(fake, cursor)
    assert page.touched == ()


def test_a_product_that_comes_to_light_late_is_told_of(fake: FakeDynamics) -> None:
    deal = fake.add()
    _, cursor = run(fake)
    pass_time(fake, hours=1)
    _, cursor = run(fake, cursor)
    deal.lines = [("Heat pump", 2)]
    fake._set_lines(deal, fake.now - timedelta(minutes=10))  # a transaction that began ten minutes ago
    pass_time(fake, minutes=1)
    (page,), _ = run(fake, cursor)
    assert page.touched == (deal.id,)


def test_goes_on_with_pages_of_changed_products(fake: FakeDynamics) -> None:
    fake.biggest = 3
    deals = [fake.add() for _ in range(4)]
    _, cursor = run(fake)
    pass_time(fake, hours=1)
    _, cursor = run(fake, cursor)
    for deal in deals:
        fake.change(deal.id, lines=[("Heat pump", 1), ("Valve", 2)])
    pages, _ = run(fake, cursor)
    assert len(pages) == 3
    assert {each for page in pages for each in page.touched} == set(fake.deals)


def test_pages_larger_than_asked_for_are_read_in_short_addresses(fake: FakeDynamics) -> None:
    """Should the environment not keep to our page size with tracked changes."""
    for number in range(700):
        fake.add(company=f"Company {number}")
    sound = fake._size
    fake._size = lambda request: 5000 if "track" in request.headers["Prefer"] else sound(request)  # type: ignore[method-assign]
    (page,), _ = run(fake)
    assert len({deal.company for deal in page.deals}) == 700


def test_lists_ids_by_links(fake: FakeDynamics) -> None:
    fake.biggest = 7
    for _ in range(20):
        fake.add()
    found, cursor = [], None
    while True:
        page = provider_of(fake).list_ids(cursor)
        found += page.ids
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(found) == sorted(fake.deals)


@pytest.mark.parametrize(
    ("entered", "named"), [(HOST, API_HOST), (API_HOST, HOST), (HOST, HOST.upper()), (API_HOST, API_HOST)]
)
def test_an_environment_has_two_addresses(fake: FakeDynamics, entered: str, named: str) -> None:
    """The one in the browser and that of the Web API, which the developer resources show."""
    for _ in range(201):
        fake.add()
    fake.host = entered
    fake.setup = replace(fake.setup, entries={**fake.setup.entries, "organization": entered})
    first = provider_of(fake).pull(None)
    assert first.deals[0].url.startswith(f"https://{HOST}/main.aspx")
    link = first.cursor["deals"].replace(f"https://{entered}/", f"https://{named}/")
    second = provider_of(fake).pull(first.cursor | {"deals": link})
    assert (len(first.deals), len(second.deals)) == (200, 1)
    assert {request.url.host for request in fake.requests} == {entered}


def test_goes_to_no_page_on_another_server(fake: FakeDynamics) -> None:
    fake.add()
    _, cursor = run(fake)
    fake.requests.clear()
    for link in ("https://evil.example/api/data/v9.2/x", f"https://{HOST}.evil.example/api/data/"):
        with pytest.raises(CrmError, match="another server"):
            provider_of(fake).pull(cursor | {"deals": link})
    assert fake.requests == []


def test_never_puts_foreign_text_into_a_filter(fake: FakeDynamics) -> None:
    assert provider_of(fake).fetch(["x or name ne null", "../accounts"]).deals == ()
    with pytest.raises(CrmError):
        provider_of(fake).write(op("../accounts(1)"))
    assert fake.requests == []


@pytest.mark.parametrize(
    ("organization", "good"),
    [
        ("acme.crm.dynamics.com", True),
        ("acme.crm11.dynamics.com", True),
        ("acme.api.crm4.dynamics.com", True),
        ("acme.other.crm4.dynamics.com", False),
        ("acme.crm4.dynamics.com.evil.example", False),
        ("evil.example/acme.crm4.dynamics.com", False),
        ("acme.evildynamics.com", False),
        ("169.254.169.254", False),
    ],
)
def test_reaches_the_environment_and_the_sign_in_alone(organization: str, good: bool) -> None:
    hosts = Dynamics.hosts({"organization": organization})
    rules = Rules(frozenset(hosts.exact), hosts.suffixes)
    rules.judge("https://login.microsoftonline.com/acme/oauth2/v2.0/token")
    if good:
        rules.judge(f"https://{organization}/api/data/v9.2/WhoAmI()")
    else:
        with pytest.raises(Forbidden):
            rules.judge(f"https://{organization}/api/data/v9.2/WhoAmI()")


def test_signs_in_as_an_application_and_renews_once(fake: FakeDynamics) -> None:
    fake.add()
    provider = own_app(fake)
    assert len(provider.pull(None).deals) == 1
    fake.access = "eyJ-ended"
    assert len(provider.pull(None).deals) == 1
    fake.fail(Fault.EXPIRED, times=2, on="opportunities")
    with pytest.raises(NeedsSignIn):
        provider.pull(None)


def test_says_why_the_application_may_not_sign_in(fake: FakeDynamics) -> None:
    with pytest.raises(NeedsSignIn, match="AADSTS7000215"):
        own_app(fake, app_id="another").check()
    with pytest.raises(NeedsSignIn, match="AADSTS90002"):
        own_app(fake, tenant="nobody.onmicrosoft.com").check()
    with pytest.raises(NeedsSignIn):
        own_app(fake, tenant="../../evil").check()


def test_a_busy_sign_in_is_tried_again(fake: FakeDynamics, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"error": "temporarily_unavailable", "error_description": "AADSTS90033: A transient error."}
    monkeypatch.setattr(fake, "_token", lambda request: httpx.Response(400, json=said))
    with pytest.raises(CrmError) as error:
        own_app(fake).check()
    assert not isinstance(error.value, NeedsSignIn)
    assert not error.value.permanent


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        ("0x80072560", "The user is not a member of the organization.", "Add the application as"),
        ("0x80040220", MISSING_RIGHT, "lacks the privilege prvReadOpportunity"),
    ],
)
def test_says_which_right_is_missing(
    fake: FakeDynamics, monkeypatch: pytest.MonkeyPatch, code: str, said: str, words: str
) -> None:
    monkeypatch.setitem(REFUSALS, Fault.NOT_ALLOWED, (403, code, said))
    fake.fail(Fault.NOT_ALLOWED)
    with pytest.raises(CrmError, match=words) as error:
        provider_of(fake).pull(None)
    assert error.value.permanent


def test_checks_who_and_what_is_lacking(fake: FakeDynamics) -> None:
    account = provider_of(fake).check()
    assert (account.name, account.currency, account.person, account.lacks) == (
        "Acme Heating",
        "EUR",
        "Concord",
        (),
    )
    fake.tracks = False
    fake.forbidden = {"opportunityproducts", "annotations"}
    lacks = provider_of(fake).check().lacks
    assert [lack.split(":")[0] for lack in lacks] == [
        "Track changes is off for the table Opportunity",
        "Read on Opportunity Product",
        "Read and write on Note",
    ]


def test_discovers_status_reasons_people_and_columns(fake: FakeDynamics) -> None:
    found = provider_of(fake).discover()
    assert [(stage.id, stage.name, stage.status) for stage in found.stages] == [
        ("1", "Reason 1", Status.OPEN),
        ("2", "Reason 2", Status.OPEN),
        ("3", "Reason 3", Status.WON),
        ("4", "Reason 4", Status.LOST),
    ]
    kinds = {each.key: each.kind for each in found.fields}
    assert (kinds["acme_promised"], kinds["createdon"], kinds["acme_units"]) == ("date", "other", "number")
    assert (kinds["acme_product"], kinds["_ownerid_value"]) == ("choice", "text")
    assert "statuscodename" not in kinds
    assert [owner.name for owner in found.owners] == ["Priya Shah", "Concord"]
    assert found.products == ("Heat pump",)


def test_finds_our_columns_behind_any_prefix(fake: FakeDynamics) -> None:
    assert provider_of(fake).ensure_fields() == OWN
    fake.missing = {"acme_concordlink"}
    assert OwnField.LINK not in provider_of(fake).ensure_fields()


@pytest.mark.parametrize(
    ("own", "kinds", "behaviours", "words"),
    [
        (OwnField.EARLIEST, {}, {OWN[OwnField.EARLIEST]: "UserLocal"}, "behaviour Date only"),
        (OwnField.CHECKED_AT, {}, {OWN[OwnField.CHECKED_AT]: "DateOnly"}, "date and time"),
        (OwnField.VERDICT, {OWN[OwnField.VERDICT]: "Picklist"}, {}, "text"),
    ],
)
def test_leaves_a_column_of_another_kind_alone_and_says_so(
    fake: FakeDynamics, own: OwnField, kinds: dict[str, str], behaviours: dict[str, str], words: str
) -> None:
    """A date of the behaviour User local shows the day before to everybody west of Greenwich."""
    fake.kinds, fake.behaviours = kinds, behaviours
    provider = provider_of(fake)
    assert provider.ensure_fields() == {each: name for each, name in OWN.items() if each is not own}
    (lack,) = provider.check().lacks
    assert words in lack


def test_takes_a_date_independent_of_time_zones_for_a_day(fake: FakeDynamics) -> None:
    fake.behaviours = {OWN[OwnField.EARLIEST]: "TimeZoneIndependent"}
    assert provider_of(fake).ensure_fields() == OWN
    assert provider_of(fake).check().lacks == ()


def test_writes_columns_quietly_and_makes_no_opportunity(fake: FakeDynamics) -> None:
    deal = fake.add()
    provider_of(fake).write(op(deal.id))
    assert fake.written(deal.id) == {
        OwnField.VERDICT: "fits",
        OwnField.EARLIEST: "2027-03-12",
        OwnField.CHECKED_AT: "2027-02-09T10:00:00Z",
    }
    fake.delete(deal.id)
    with pytest.raises(CrmError, match="no longer has this record"):
        provider_of(fake).write(op(deal.id))
    assert list(fake.deals) == [deal.id]
    assert fake.deals[deal.id].deleted


def test_says_what_the_environment_refuses(fake: FakeDynamics) -> None:
    deal = fake.add()
    with pytest.raises(CrmError, match="maximum allowed length of '100'") as error:
        provider_of(fake).write(op(deal.id, values={OwnField.VERDICT: "x" * 101}))
    assert error.value.permanent


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.HTML, Fault.SERVER_ERROR])
@pytest.mark.parametrize("looks", [True, False])
def test_a_note_made_twice_is_one(fake: FakeDynamics, fault: Fault, looks: bool) -> None:
    deal = fake.add()
    fake.fail(fault, on="PATCH /api/data/v9.2/annotations")
    with pytest.raises(NoteUnknown):
        provider_of(fake).write(op(deal.id))
    note = provider_of(fake).write(op(deal.id, note_may_exist=looks)).note_id
    assert deal.notes == {note: "Fits on Friday 12 March 2027.\n\n[concord:7]"}


def test_a_deleted_note_is_made_anew_once(fake: FakeDynamics) -> None:
    deal = fake.add()
    first = provider_of(fake).write(op(deal.id)).note_id
    deal.notes.clear()
    fake.fail(Fault.ANSWER_LOST, on="PATCH /api/data/v9.2/annotations")  # of looking for the first
    with pytest.raises(Exception, match="did not answer"):
        provider_of(fake).write(op(deal.id, note_id=first))
    second = provider_of(fake).write(op(deal.id, note_id=first)).note_id
    assert provider_of(fake).write(op(deal.id, note_id=first)).note_id == second
    assert list(deal.notes) == [second]


def test_a_tracked_query_is_a_plain_one(fake: FakeDynamics) -> None:
    fake.add()
    run(fake)
    (first,) = [each for each in fake.requests if "odata.track-changes" in each.headers.get("Prefer", "")]
    assert set(dict(first.url.params)) == {"$select"}
    assert "acme_promised" in unquote(str(first.url))


def test_waits_as_long_as_it_is_told(fake: FakeDynamics) -> None:
    for fault, wait in ((Fault.TOO_MANY_UNTIL, 120), (Fault.TOO_MANY, 300)):
        fake.fail(fault)
        with pytest.raises(CrmError) as error:
            provider_of(fake).pull(None)
        assert error.value.try_at == fake.now + timedelta(seconds=wait)
