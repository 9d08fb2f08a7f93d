"""What is peculiar to Salesforce, against its fake."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from integrations.crm import (
    CrmError,
    NeedsSignIn,
    NoteUnknown,
    OwnField,
    Setup,
    Status,
    TokenExpired,
    WriteOp,
)
from integrations.http import Forbidden, Rules
from integrations.providers.salesforce import Salesforce
from tests.integrations.crm.fake import START, Fault, pass_time, provider_of
from tests.integrations.providers.fake_salesforce import FakeSalesforce
from tests.integrations.providers.fake_salesforce_tables import HOST, REFUSALS


@pytest.fixture
def fake() -> FakeSalesforce:
    return FakeSalesforce()


def run(fake: FakeSalesforce, cursor: dict[str, Any] | None = None) -> tuple[list[Any], dict[str, Any]]:
    """Pull to the end with a new provider for every page, as workers do."""
    pages = []
    while not pages or not pages[-1].done:
        pages.append(provider_of(fake).pull(pages[-1].cursor if pages else cursor))
        assert len(pages) < 200
    return pages, pages[-1].cursor


def settled(fake: FakeSalesforce) -> dict[str, Any]:
    """Pull until everything there is lies behind the look-back."""
    _, cursor = run(fake)
    pass_time(fake, hours=1)
    return run(fake, cursor)[1]


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


def own_app(fake: FakeSalesforce, **entries: str) -> Salesforce:
    setup = Setup(entries={"login_host": HOST, "app_id": "3MVG9-own", **entries}, fields=fake.setup.fields)
    made = provider_of(fake, setup=setup, credentials={"app_secret": "own-secret"})
    assert isinstance(made, Salesforce)
    return made


def test_reads_a_deal_whole(fake: FakeSalesforce) -> None:
    fake.add(lines=[("Heat pump", 3), ("Cylinder", 1)])
    (page,), _ = run(fake)
    (deal,) = page.deals
    assert deal.amount == Decimal(5000)
    assert (deal.probability, deal.currency, deal.status) == (Decimal("0.4"), "EUR", Status.OPEN)
    assert (deal.close_on, deal.promised_on) == (date(2027, 3, 1), date(2027, 3, 12))
    assert (deal.company, deal.owner_name, deal.owner_email) == (
        "Kestrel Housing",
        "Priya Shah",
        "priya@acme.example",
    )
    assert (deal.product, deal.quantity, deal.url) == (
        "Heat pump",
        Decimal(24),
        f"https://{HOST}/006000000000001AAA",
    )
    assert deal.lines is not None
    assert [(line.product, line.quantity) for line in deal.lines] == [("Heat pump", 3), ("Cylinder", 1)]
    assert page.total == 1


def test_takes_the_status_from_the_deal_not_the_stage(fake: FakeSalesforce) -> None:
    fake.add(stage_id="Closed Won")
    fake.add(stage_id="Closed Lost")
    fake.drop_stage("Closed Lost")
    (page,), _ = run(fake)
    assert [deal.status for deal in page.deals] == [Status.WON, Status.LOST]


def test_leaves_hidden_fields_out_of_the_query(fake: FakeSalesforce) -> None:
    fake.hidden = {"Amount", "CurrencyIsoCode", "Units__c", "AccountId", "IsWon"}
    fake.add()
    (page,), _ = run(fake)
    (deal,) = page.deals
    assert (deal.amount, deal.currency, deal.quantity, deal.company, deal.status) == (
        None,
        "",
        None,
        "",
        None,
    )
    assert deal.promised_on == date(2027, 3, 12)


def test_reads_through_no_lookup_without_a_name(fake: FakeSalesforce) -> None:
    fake.unnamed = {"AccountId", "Product2Id"}
    fake.add(lines=[("Heat pump", 3)])
    (page,), _ = run(fake)
    (deal,) = page.deals
    assert (deal.company, deal.owner_name) == ("", "Priya Shah")
    assert [(line.product, line.quantity) for line in deal.lines or ()] == [("", 3)]


def test_says_plainly_that_opportunities_are_hidden(fake: FakeSalesforce) -> None:
    fake.hidden = {"Opportunity"}
    with pytest.raises(CrmError, match="may not read opportunities") as error:
        provider_of(fake).pull(None)
    assert error.value.permanent


def test_reads_no_lines_where_products_are_hidden(fake: FakeSalesforce) -> None:
    fake.hidden = {"OpportunityLineItem"}
    fake.add(lines=[("Heat pump", 3)])
    (page,), _ = run(fake)
    assert page.deals[0].lines is None
    cursor = settled(fake)
    fake.hidden = set()
    fake.change(page.deals[0].id, lines=[("Heat pump", 4)])
    (page,), _ = run(fake, cursor)
    assert page.touched == ("006000000000001AAA",)


def test_a_changed_line_touches_its_deal(fake: FakeSalesforce) -> None:
    deal = fake.add(lines=[("Heat pump", 3)])
    cursor = settled(fake)
    fake.change(deal.id, lines=[])
    (page,), cursor = run(fake, cursor)
    assert (ids([page]), page.touched) == ([], (deal.id,))
    (fetched,) = provider_of(fake).fetch([deal.id]).deals
    assert fetched.lines == ()
    pass_time(fake, minutes=16)
    _, cursor = run(fake, cursor)
    (page,), _ = run(fake, cursor)
    assert page.touched == ()


def test_a_line_removed_for_good_is_gone_with_its_deals_change(fake: FakeSalesforce) -> None:
    fake.forgets_lines = True
    deal = fake.add(lines=[("Heat pump", 3), ("Cylinder", 1)])
    cursor = settled(fake)
    fake.change(deal.id, lines=[("Cylinder", 1)])
    (page,), _ = run(fake, cursor)
    (record,) = page.deals
    assert [line.product for line in record.lines or ()] == ["Cylinder"]


def test_a_flood_of_one_second_comes_through_whole(fake: FakeSalesforce) -> None:
    for _ in range(1001):
        fake.add()
    pages, _ = run(fake)
    assert len(ids(pages)) == len(set(ids(pages))) == 1001
    assert len(pages) == 6


def test_goes_on_with_a_full_page_of_changed_lines(fake: FakeSalesforce) -> None:
    for _ in range(3):
        fake.add()
    cursor = settled(fake)
    for deal_id in fake.deals:
        fake.change(deal_id, lines=[("Heat pump", 1)] * 1000)
    pages, cursor = run(fake, cursor)
    assert len(pages) == 2
    assert {each for page in pages for each in page.touched} == set(fake.deals)


def test_a_quiet_organization_is_not_read_again(fake: FakeSalesforce) -> None:
    for _ in range(300):
        fake.add()
    _, cursor = run(fake)
    (page, *more), cursor = run(fake, cursor)
    assert len(ids([page, *more])) == 300  # within the look-back all of it is read once more
    pass_time(fake, hours=1)
    _, cursor = run(fake, cursor)
    pages, cursor = run(fake, cursor)
    assert ids(pages) == []


def test_a_late_row_within_the_look_back_is_found(fake: FakeSalesforce) -> None:
    fake.add()
    _, cursor = run(fake)
    pass_time(fake, minutes=10)
    late = fake.add(changed_at=START - timedelta(minutes=4))
    pages, _ = run(fake, cursor)
    assert late.id in ids(pages)


def test_goes_by_salesforces_clock_not_ours(fake: FakeSalesforce) -> None:
    fake.add()
    ahead = {"now": lambda: fake.now + timedelta(days=2)}
    cursor = provider_of(fake, **ahead).pull(None).cursor
    pass_time(fake, minutes=1)
    late = fake.add(changed_at=START - timedelta(minutes=10))
    page = provider_of(fake, **ahead).pull(cursor)
    assert late.id in ids([page])


def test_tells_of_the_recycle_bin(fake: FakeSalesforce) -> None:
    deal = fake.add()
    _, cursor = run(fake)
    pass_time(fake, hours=1)
    fake.delete(deal.id)
    (page,), _ = run(fake, cursor)
    assert (page.deals, [gone.id for gone in page.gone]) == ((), [deal.id])
    assert [gone.id for gone in provider_of(fake).fetch([deal.id]).gone] == [deal.id]
    assert provider_of(fake).list_ids(None).ids == ()


def test_never_puts_foreign_text_into_a_query(fake: FakeSalesforce) -> None:
    fake.add()
    assert provider_of(fake).fetch(["x' OR Name != '", "../../Account/1"]).deals == ()
    assert fake.requests == []
    with pytest.raises(CrmError):
        provider_of(fake).write(op("x/../../sobjects/Account/1"))
    assert fake.requests == []


def test_follows_the_pieces_of_an_answer(fake: FakeSalesforce) -> None:
    fake.batch = 7
    for _ in range(60):
        fake.add(lines=[("Heat pump", 1)])
    (page,), _ = run(fake)
    assert len(page.deals) == 60
    assert all(len(deal.lines or ()) == 1 for deal in page.deals)


def test_a_used_up_quota_waits_an_hour(fake: FakeSalesforce) -> None:
    fake.fail(Fault.QUOTA)
    with pytest.raises(CrmError, match="used up") as error:
        provider_of(fake).pull(None)
    assert (error.value.permanent, error.value.try_at) == (False, fake.now + timedelta(hours=1))


def test_a_crowded_moment_passes_sooner(fake: FakeSalesforce, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "ConcurrentPerOrgLongTxn Limit exceeded."
    monkeypatch.setitem(REFUSALS, Fault.QUOTA, (403, "REQUEST_LIMIT_EXCEEDED", said))
    fake.fail(Fault.QUOTA)
    with pytest.raises(CrmError, match="at once") as error:
        provider_of(fake).pull(None)
    assert error.value.try_at == fake.now + timedelta(minutes=1)


@pytest.mark.parametrize(("used", "stops"), [(79_999, True), (79_000, False)])
def test_leaves_a_fifth_of_the_quota_to_others(fake: FakeSalesforce, used: int, stops: bool) -> None:
    fake.used = used
    if not stops:
        assert provider_of(fake).pull(None).done
        return
    with pytest.raises(CrmError, match="80,000 are used") as error:
        provider_of(fake).pull(None)
    assert error.value.try_at == fake.now + timedelta(hours=1)
    assert len(fake.requests) == 1


def test_a_session_of_an_own_app_is_renewed_once(fake: FakeSalesforce) -> None:
    fake.add()
    provider = own_app(fake)
    assert len(provider.pull(None).deals) == 1
    fake.access = "00D!ended"
    assert len(provider.pull(None).deals) == 1
    fake.fail(Fault.EXPIRED, times=2, on="describe")
    with pytest.raises(NeedsSignIn):
        provider.pull(None)


def test_an_own_app_needs_its_own_domain(fake: FakeSalesforce) -> None:
    with pytest.raises(NeedsSignIn, match="My Domain"):
        own_app(fake, login_host="login.salesforce.com").check()
    with pytest.raises(NeedsSignIn, match="consumer key"):
        own_app(fake, app_id="3MVG9-wrong").check()


def test_an_expired_sign_in_is_for_the_frame_to_refresh(fake: FakeSalesforce) -> None:
    fake.fail(Fault.EXPIRED)
    with pytest.raises(TokenExpired):
        provider_of(fake).pull(None)


def test_an_expired_sign_in_may_be_told_without_a_body(
    fake: FakeSalesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "_answer", lambda request: httpx.Response(401))
    with pytest.raises(TokenExpired):
        provider_of(fake).pull(None)


@pytest.mark.parametrize("said", ["token request is already being processed", "login rate exceeded"])
def test_a_crowded_sign_in_of_an_own_app_is_no_wrong_key(
    fake: FakeSalesforce, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    answer = httpx.Response(400, json={"error": "invalid_grant", "error_description": said})
    monkeypatch.setattr(fake, "_token", lambda request: answer)
    with pytest.raises(CrmError, match="at once") as error:
        own_app(fake).check()
    assert not error.value.permanent


def test_sends_no_token_to_a_server_that_is_not_salesforces(fake: FakeSalesforce) -> None:
    for address in ("https://evil.example", "https://acme.my.salesforce.com.evil.example"):
        with pytest.raises(Forbidden):
            provider_of(fake, credentials=fake.credentials | {"instance_url": address}).check()
    with pytest.raises(CrmError):
        provider_of(fake, credentials=fake.credentials | {"instance_url": "http://169.254.169.254"}).check()
    with pytest.raises(CrmError):
        provider_of(fake, credentials=fake.credentials | {"id": "https://evil.example/id/1/2"}).check()
    with pytest.raises(Forbidden):
        own_app(fake, login_host="login.salesforce.com.evil.example").check()
    assert fake.requests == []
    hosts = Salesforce.hosts({})
    Rules(frozenset(hosts.exact), hosts.suffixes).judge("https://acme--uat.sandbox.my.salesforce.com/x")


def test_checks_who_and_what_is_lacking(fake: FakeSalesforce) -> None:
    account = provider_of(fake).check()
    assert (account.id, account.name, account.currency) == ("00D000000000001AAA", "Acme Heating", "EUR")
    assert (account.person, account.lacks) == ("Concord", ())
    fake.hidden = {"CurrencyIsoCode", "OpportunityLineItem", "Task", "AccountId"}
    account = provider_of(fake).check()
    assert account.currency == ""
    assert [lack.split(":")[0] for lack in account.lacks] == [
        "Read on the opportunity’s account",
        "Read on Products",
        "Edit Tasks",
    ]


def test_asks_the_settings_for_the_only_currency(fake: FakeSalesforce) -> None:
    fake.currencies = ("SEK",)
    assert (provider_of(fake).check().currency, provider_of(fake).discover().currency) == ("SEK", "SEK")
    fake.fail(Fault.NOT_ALLOWED, on="connect/organization")
    assert provider_of(fake).check().currency == ""
    fake.fail(Fault.SERVER_ERROR, on="connect/organization")
    with pytest.raises(CrmError, match="not available"):
        provider_of(fake).check()


def test_discovers_stages_people_and_fields(fake: FakeSalesforce) -> None:
    found = provider_of(fake).discover()
    assert [(stage.id, stage.probability, stage.status) for stage in found.stages] == [
        ("Qualification", Decimal("0.2"), Status.OPEN),
        ("Proposal", Decimal("0.4"), Status.OPEN),
        ("Closed Won", Decimal(1), Status.WON),
        ("Closed Lost", Decimal(0), Status.LOST),
    ]
    kinds = {each.key: each.kind for each in found.fields}
    assert (kinds["Promised_Delivery__c"], kinds["Units__c"], kinds["CreatedDate"]) == (
        "date",
        "number",
        "other",
    )
    assert [owner.name for owner in found.owners] == ["Concord", "Priya Shah"]
    assert found.products == ("Heat pump",)


def test_maps_only_fields_that_may_be_edited(fake: FakeSalesforce) -> None:
    fake.hidden, fake.locked = {"Concord_Link__c"}, {"Concord_Reason__c"}
    assert provider_of(fake).ensure_fields() == {
        OwnField.VERDICT: "Concord_Verdict__c",
        OwnField.EARLIEST: "Concord_Earliest_Date__c",
        OwnField.CHECKED_AT: "Concord_Checked_At__c",
    }


def test_writes_fields_and_one_note_that_is_no_to_do(fake: FakeSalesforce) -> None:
    deal = fake.add()
    note = provider_of(fake).write(op(deal.id)).note_id
    assert fake.open_tasks == set()
    assert fake.written(deal.id) == {
        OwnField.VERDICT: "fits",
        OwnField.EARLIEST: "2027-03-12",
        OwnField.CHECKED_AT: "2027-02-09T10:00:00Z",
    }
    again = provider_of(fake).write(op(deal.id, note="Late.", note_id=note)).note_id
    assert (again, deal.notes) == (note, {note: "Late.\n\n[concord:7]"})


def test_makes_a_new_note_for_one_that_somebody_deleted(fake: FakeSalesforce) -> None:
    deal = fake.add()
    note = provider_of(fake).write(op(deal.id)).note_id
    deal.notes.clear()
    second = provider_of(fake).write(op(deal.id, note_id=note)).note_id
    assert list(deal.notes) == [second]
    assert second != note


def test_takes_an_invalid_reference_for_a_note_that_is_gone(
    fake: FakeSalesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = fake.add()
    note = provider_of(fake).write(op(deal.id)).note_id
    said = (400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    monkeypatch.setitem(REFUSALS, Fault.INVALID, said)
    fake.fail(Fault.INVALID, on="sobjects/Task")
    assert provider_of(fake).write(op(deal.id, note_id=note)).note_id != note


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.HTML])
def test_looks_for_a_note_whose_making_had_no_answer(fake: FakeSalesforce, fault: Fault) -> None:
    deal = fake.add()
    fake.fail(fault, on="POST /services/data/v66.0/sobjects/Task")
    with pytest.raises(NoteUnknown):
        provider_of(fake).write(op(deal.id))
    made = list(deal.notes)
    note = provider_of(fake).write(op(deal.id, note_may_exist=True)).note_id
    assert list(deal.notes) == (made or [note])


def test_says_why_a_rule_of_the_organization_refuses(fake: FakeSalesforce) -> None:
    deal = fake.add()
    fake.fail(Fault.INVALID, on="PATCH")
    with pytest.raises(CrmError, match="Close date must not be in the past") as error:
        provider_of(fake).write(op(deal.id))
    assert error.value.permanent
    with pytest.raises(CrmError, match="Concord_Verdict__c"):
        provider_of(fake).write(op(deal.id, values={OwnField.VERDICT: "x" * 300}))


def test_a_locked_record_is_tried_again_soon(fake: FakeSalesforce, monkeypatch: pytest.MonkeyPatch) -> None:
    deal = fake.add()
    monkeypatch.setitem(REFUSALS, Fault.INVALID, (400, "UNABLE_TO_LOCK_ROW", "unable to obtain access"))
    fake.fail(Fault.INVALID, on="PATCH")
    with pytest.raises(CrmError, match="saving the same record") as error:
        provider_of(fake).write(op(deal.id))
    assert error.value.try_at == fake.now + timedelta(seconds=30)


def test_slow_security_policies_are_waited_for(fake: FakeSalesforce, monkeypatch: pytest.MonkeyPatch) -> None:
    said = (403, "TXN_SECURITY_METERING_ERROR", "enabled transaction security policies took too long")
    monkeypatch.setitem(REFUSALS, Fault.NOT_ALLOWED, said)
    fake.fail(Fault.NOT_ALLOWED)
    with pytest.raises(CrmError, match="Exempt from Transaction Security") as error:
        provider_of(fake).pull(None)
    assert error.value.try_at == fake.now + timedelta(minutes=5)


def test_a_deal_that_is_gone_is_said_to_be(fake: FakeSalesforce) -> None:
    deal = fake.add()
    fake.delete(deal.id)
    with pytest.raises(CrmError, match="no longer has this record") as error:
        provider_of(fake).write(op(deal.id))
    assert error.value.permanent


def test_a_fake_refresh_token_works_once(fake: FakeSalesforce) -> None:
    door = provider_of(fake)._calls._door  # type: ignore[attr-defined]
    address = f"https://{HOST}/services/oauth2/token"
    form = {"grant_type": "refresh_token", "refresh_token": "5Aep-r0"}
    assert door.send("POST", address, form=form).status == 200
    assert door.send("POST", address, form=form).status == 400
