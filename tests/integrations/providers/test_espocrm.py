"""What is peculiar to EspoCRM; what every CRM must do is in tests/integrations/crm."""

import base64
import hmac
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import httpx
import pytest

from integrations.crm import (
    BadSignature,
    CrmError,
    CrmField,
    DealRecord,
    NeedsSignIn,
    NoteUnknown,
    OwnField,
    RawRequest,
    Stage,
    Status,
    WriteOp,
)
from integrations.http import Door, Rules
from integrations.providers.espocrm.wire import Wire, condition, site_of
from tests.integrations.crm.fake import START, Fault, pass_time, provider_of
from tests.integrations.providers.fake_espocrm import FakeEspoCrm
from tests.integrations.providers.fake_espocrm_records import KEY, SITE

MARKER = "[concord:5f2c]"
HOOK = "https://concord.example/hooks/crm/x/"


@pytest.fixture
def espo() -> FakeEspoCrm:
    return FakeEspoCrm()


def wired(espo: FakeEspoCrm) -> Wire:
    door = Door(Rules(own=SITE), through=httpx.MockTransport(espo.handle))
    return Wire(door, SITE, KEY, lambda: espo.now)


def read(espo: FakeEspoCrm, deal_id: str) -> DealRecord:
    (deal,) = provider_of(espo).fetch([deal_id]).deals
    return deal


def touched(espo: FakeEspoCrm, cursor: Any) -> list[str]:
    found: list[str] = []
    for _ in range(100):
        page = provider_of(espo).pull(cursor)
        found += page.touched
        cursor = page.cursor
        if page.done:
            return found
    raise AssertionError("the run does not end")


def op(deal_id: str, **changes: Any) -> WriteOp:
    values: dict[OwnField, Any] = {OwnField.VERDICT: "Feasible"}
    return replace(WriteOp(deal_id, values, f"Feasible.\n{MARKER}", MARKER), **changes)


def mapped(espo: FakeEspoCrm, **fields: str) -> FakeEspoCrm:
    espo.setup = replace(espo.setup, fields=fields)
    return espo


# Signing in


def test_a_bad_key_is_shown_once(espo: FakeEspoCrm) -> None:
    """Ten of them lock everybody of our address out."""
    espo.credentials = {"key": "wrong"}
    for call in (lambda p: p.check(), lambda p: p.discover(), lambda p: p.pull(None)):
        espo.requests.clear()
        with pytest.raises(NeedsSignIn):
            call(provider_of(espo))
        assert len(espo.requests) == 1


def test_being_locked_out_is_no_matter_of_the_key(espo: FakeEspoCrm) -> None:
    espo.failed_logins = 11
    with pytest.raises(CrmError) as caught:
        provider_of(espo).pull(None)
    assert not isinstance(caught.value, NeedsSignIn)
    assert caught.value.try_at == espo.now + timedelta(minutes=1)


@pytest.mark.parametrize(
    "address",
    [
        "https://crm.brightwater.example/espo",
        " https://crm.brightwater.example/espo/ ",
        "https://crm.brightwater.example/espo/#Opportunity/view/5f",
        "https://crm.brightwater.example/espo/api/v1/",
    ],
)
def test_the_address_may_be_one_that_people_copied(espo: FakeEspoCrm, address: str) -> None:
    assert site_of(address) == "https://crm.brightwater.example/espo"
    espo.setup = replace(espo.setup, entries={"base_url": address})
    account = provider_of(espo).check()
    assert (account.id, account.currency) == ("crm.brightwater.example/espo", "EUR")


def test_check_names_every_right_that_is_missing(espo: FakeEspoCrm) -> None:
    espo.table = {"Opportunity": {"read": "team", "edit": "own", "stream": "no"}, "Webhook": False}
    assert [lack.split(".")[0] for lack in provider_of(espo).check().lacks] == [
        "Opportunities: read, all",
        "Opportunities: edit, all",
        "Opportunities: stream, all",
        "Accounts: read",
        "Users: read",
        "Webhooks",
    ]
    espo.table = {"Opportunity": False}
    with pytest.raises(CrmError, match="may not read opportunities") as caught:
        provider_of(espo).check()
    assert caught.value.permanent


def test_a_refusal_shows_the_reason_of_the_header(espo: FakeEspoCrm) -> None:
    espo.handle = lambda request: httpx.Response(403, headers={"x-status-reason": "No access to scope."})  # type: ignore
    with pytest.raises(CrmError) as caught:
        provider_of(espo).pull(None)
    assert str(caught.value) == (
        "The role of EspoCRM's API user does not allow this. EspoCRM says: No access to scope."
    )
    assert caught.value.permanent


def test_an_address_that_leads_on_is_said(espo: FakeEspoCrm) -> None:
    espo.handle = lambda request: httpx.Response(301, headers={"location": "https://x.example"})  # type: ignore
    with pytest.raises(CrmError, match="leads on to another one") as caught:
        provider_of(espo).check()
    assert caught.value.permanent


# Reading


def test_a_list_names_its_attributes_as_a_list(espo: FakeEspoCrm) -> None:
    """Within searchParams EspoCRM answers a text with commas by a 400."""
    deal, wire = espo.add(), wired(espo)
    assert wire.listed("Opportunity", ["id", "name"]).rows == ({"id": deal.id, "name": "Deal 1"},)
    asked = json.loads(espo.requests[-1].url.params["searchParams"])
    assert (asked["select"], "where" in asked) == (["id", "name"], False)
    with pytest.raises(CrmError, match="select should be array"):
        wire.send("GET", "Opportunity", params={"searchParams": json.dumps(asked | {"select": "id,name"})})


def test_the_wire_is_told_why_a_list_is_refused(espo: FakeEspoCrm) -> None:
    """Too many rows are a 403 without a body, an unknown operator a 400."""
    espo.add()
    wire = wired(espo)
    with pytest.raises(CrmError, match="Max size should not exceed 200"):
        wire.listed("Opportunity", ["id"], size=201)
    with pytest.raises(CrmError, match="afterOrEqual"):
        wire.listed("Opportunity", ["id"], [condition("modifiedAt", "afterOrEqual", "2027-02-09 09:00:00")])


def test_what_was_deleted_is_missing_from_the_list_alone(espo: FakeEspoCrm) -> None:
    kept, deleted = espo.add(), espo.add()
    cursor = provider_of(espo).pull(None).cursor
    espo.delete(deleted.id)
    page = provider_of(espo).pull(cursor)
    assert (page.gone, [deal.id for deal in page.deals]) == ((), [kept.id])
    assert provider_of(espo).list_ids(None).ids == (kept.id,)


def test_the_first_page_says_how_many_there_are(espo: FakeEspoCrm) -> None:
    for _ in range(201):
        espo.add()
    first = provider_of(espo).pull(None)
    assert (len(first.deals), first.total, first.done) == (200, 201, False)
    second = provider_of(espo).pull(first.cursor)
    assert (len(second.deals), second.total, second.done) == (1, None, True)
    assert second.cursor == {"since": "2027-02-09 08:55:00"}


def test_an_empty_crm_is_asked_again_from_the_beginning(espo: FakeEspoCrm) -> None:
    cursor = provider_of(espo).pull(None).cursor
    assert cursor == {"since": ""}
    old = espo.add(changed_at=START - timedelta(days=400))
    assert [deal.id for deal in provider_of(espo).pull(cursor).deals] == [old.id]


def test_a_renamed_account_touches_its_deals(espo: FakeEspoCrm) -> None:
    early = START - timedelta(days=2)
    old = espo.add(changed_at=early)
    espo.add(changed_at=early, company="Heron Foods")
    espo.add(company="Heron Foods")
    cursor = provider_of(espo).pull(None).cursor
    pass_time(espo, minutes=3)
    espo.rename_company("Kestrel Housing", "Kestrel Homes")
    assert touched(espo, cursor) == [old.id]
    assert read(espo, old.id).company == "Kestrel Homes"
    espo.table["Account"] = {"read": "no"}
    assert touched(espo, cursor) == []


def test_very_many_touched_deals_come_page_by_page(espo: FakeEspoCrm) -> None:
    """120 accounts, one of them with more deals than a page."""
    early = START - timedelta(days=2)
    ids = {espo.add(changed_at=early, company=f"Company {number}").id for number in range(119)}
    ids |= {espo.add(changed_at=early).id for _ in range(401)}
    espo.add(company="")
    cursor: Any = {"since": "2027-02-09 08:55:00"}
    for company in {espo.deals[id].company for id in ids}:
        espo.rename_company(company, f"{company} Ltd")
    found = touched(espo, cursor)
    assert (len(found), set(found)) == (520, ids)


def test_a_deleted_account_leaves_no_company(espo: FakeEspoCrm) -> None:
    """Its id dangles, its name is gone, and the deal's time says nothing of it."""
    deal = espo.add()
    espo.more[deal.id] = {"accountName": None}
    assert read(espo, deal.id).company == ""


def test_a_row_without_any_time_is_left_out_with_the_reason(espo: FakeEspoCrm) -> None:
    bad, good = espo.add(), espo.add()
    espo.more[bad.id] = {"modifiedAt": None, "createdAt": None}
    page = provider_of(espo).pull(None)
    assert [deal.id for deal in page.deals] == [good.id]
    assert [one.id for one in page.skipped] == [bad.id]


def test_owners_without_the_right_to_see_users(espo: FakeEspoCrm) -> None:
    deal = espo.add()
    assert read(espo, deal.id).owner_email == "maya@brightwater.example"
    espo.table["User"] = {"read": "no"}
    found = read(espo, deal.id)
    assert (found.owner_id, found.owner_name, found.owner_email) == ("1", "Maya Ortiz", "")
    assert provider_of(espo).discover().owners == ()


def test_an_instant_is_the_day_it_is_in_the_crms_zone(espo: FakeEspoCrm) -> None:
    """Midnight of 12 March in Berlin is 11 March in UTC; a date stays as it is."""
    mapped(espo, promised_on="cAt", earliest_start="cPromisedOn")
    deal = espo.add(promised_on=date(2027, 3, 11))
    espo.more[deal.id] = {"cAt": "2027-03-11 23:00:00"}
    found = read(espo, deal.id)
    assert (found.promised_on, found.earliest_start) == (date(2027, 3, 12), date(2027, 3, 11))


def test_a_linked_record_is_read_by_its_name_and_a_removed_field_is_left_out(espo: FakeEspoCrm) -> None:
    mapped(espo, product="cOfferingName", quantity="cGone")
    deal = espo.add()
    espo.more[deal.id] = {"cOfferingName": "Heat pump, 9 kW"}
    found = read(espo, deal.id)
    assert (found.product, found.quantity, found.lines) == ("Heat pump, 9 kW", None, None)
    asked = json.loads(espo.requests[-3].url.params["searchParams"])
    assert "cGone" not in asked["select"]


# What there is


def test_stages_say_what_is_won_by_their_chances(espo: FakeEspoCrm) -> None:
    stages = provider_of(espo).discover().stages
    assert [(stage.status, stage.probability) for stage in stages] == [
        (Status.OPEN, Decimal("0.4000")),
        (Status.OPEN, Decimal("0.4000")),
        (Status.WON, Decimal("1.0000")),
        (Status.LOST, Decimal("0.0000")),
    ]


def test_a_stage_without_a_chance_is_open(espo: FakeEspoCrm) -> None:
    """As those that an administrator adds; older versions have the chances elsewhere."""
    options = {"type": "enum", "options": ["New", "Sold"]}
    espo._get_metadata = lambda params: {"fields": {"stage": options}, "probabilityMap": {"Sold": 100}}  # type: ignore
    assert provider_of(espo).discover().stages == (
        Stage("New", "New", "", 0, None, Status.OPEN),
        Stage("Sold", "Sold", "", 1, Decimal("1.0000"), Status.WON),
    )


def test_fields_bear_the_labels_that_people_see(espo: FakeEspoCrm) -> None:
    fields = {field.key: field for field in provider_of(espo).discover().fields}
    assert fields["cPromisedOn"] == CrmField("cPromisedOn", "Promised on", "date")
    assert fields["cOfferingName"] == CrmField("cOfferingName", "cOffering", "choice")
    assert "teams" not in fields
    assert not [key for key in fields if "oncord" in key]


def test_our_fields_are_found_under_either_name(espo: FakeEspoCrm) -> None:
    espo.fields = {
        "cConcordVerdict": "varchar",
        "concordVerdict": "varchar",
        "concordLink": "url",
        "stage": "enum",
    }
    assert provider_of(espo).ensure_fields() == {
        OwnField.VERDICT: "cConcordVerdict",
        OwnField.LINK: "concordLink",
    }


# Writing


def test_fields_that_are_dropped_without_a_word_are_an_error(espo: FakeEspoCrm) -> None:
    """EspoCRM answers 200 and leaves out what it does not know or the role may not edit."""
    deal = espo.add()
    del espo.fields["cConcordVerdict"]
    espo.setup = replace(espo.setup, own_fields={OwnField.VERDICT: "cConcordVerdict"})
    with pytest.raises(CrmError, match="did not keep cConcordVerdict") as caught:
        provider_of(espo).write(op(deal.id))
    assert caught.value.permanent
    provider_of(espo).write(op(deal.id, values={OwnField.VERDICT: None}))


def test_instants_are_written_in_utc(espo: FakeEspoCrm) -> None:
    deal = espo.add()
    espo.setup = replace(espo.setup, own_fields={OwnField.CHECKED_AT: "cConcordCheckedAt"})
    moment = datetime.fromisoformat("2027-02-10T00:30:00+01:00")
    provider_of(espo).write(op(deal.id, values={OwnField.CHECKED_AT: moment}))
    assert espo.deals[deal.id].own == {"cConcordCheckedAt": "2027-02-09 23:30:00"}


def test_after_a_week_a_note_is_replaced_and_after_a_month_joined(espo: FakeEspoCrm) -> None:
    deal = espo.add()
    first = provider_of(espo).write(op(deal.id)).note_id
    pass_time(espo, days=6)
    assert provider_of(espo).write(op(deal.id, note_id=first)).note_id == first
    pass_time(espo, days=2)
    second = provider_of(espo).write(op(deal.id, note="Not any more.", note_id=first)).note_id
    assert list(espo.deals[deal.id].notes) == [second]
    pass_time(espo, days=40)
    third = provider_of(espo).write(op(deal.id, note_id=second)).note_id
    assert list(espo.deals[deal.id].notes) == [second, third]


def test_a_page_of_a_proxy_leaves_open_whether_the_note_was_made(espo: FakeEspoCrm) -> None:
    deal = espo.add()
    espo.fail(Fault.SERVER_ERROR, on="POST /espo/api/v1/Note")
    with pytest.raises(NoteUnknown):
        provider_of(espo).write(op(deal.id))
    provider_of(espo).write(op(deal.id, note_may_exist=True))
    assert len(espo.deals[deal.id].notes) == 1


def test_our_note_is_found_among_hundreds(espo: FakeEspoCrm) -> None:
    deal = espo.add()
    ours = provider_of(espo).write(op(deal.id)).note_id
    for number in range(450):
        espo.deals[deal.id].notes[f"later{number}"] = "A colleague's"
    assert provider_of(espo).write(op(deal.id, note_may_exist=True)).note_id == ours


# Webhooks


def test_a_webhook_for_each_event_is_kept_as_long_as_all_are_there(espo: FakeEspoCrm) -> None:
    held = provider_of(espo).ensure_webhook(HOOK, None)
    assert held is not None
    assert sorted(hook["event"] for hook in espo.hooks.values()) == [
        "Opportunity.create",
        "Opportunity.delete",
        "Opportunity.update",
    ]
    assert provider_of(espo).ensure_webhook(HOOK, held) == held
    espo.hooks.popitem()
    anew = provider_of(espo).ensure_webhook(HOOK, held)
    assert anew is not None
    assert anew.secret != held.secret
    assert set(espo.hooks) == set(anew.state["ids"])
    moved = provider_of(espo).ensure_webhook(f"{HOOK}other/", anew)
    assert {hook["url"] for hook in espo.hooks.values()} == {f"{HOOK}other/"}
    assert moved is not None
    provider_of(espo).drop_webhook(moved)
    provider_of(espo).drop_webhook(moved)
    assert espo.hooks == {}


def test_webhooks_whose_keys_were_lost_are_made_anew(espo: FakeEspoCrm) -> None:
    """As when an answer did not come: only the creation tells the key."""
    espo.hooks = {"stray": {"id": "stray", "event": "Opportunity.create", "url": HOOK}}
    held = provider_of(espo).ensure_webhook(HOOK, None)
    assert held is not None
    assert "stray" not in espo.hooks
    assert len(espo.hooks) == 3


def test_a_role_without_webhooks_is_said(espo: FakeEspoCrm) -> None:
    espo.table["Webhook"] = False
    with pytest.raises(CrmError, match="role of EspoCRM's API user does not allow this") as caught:
        provider_of(espo).ensure_webhook(HOOK, None)
    assert caught.value.permanent


def signed(body: bytes, mac: bytes, header: str) -> RawRequest:
    signature = base64.b64encode(b"hook1:" + mac).decode()
    return RawRequest("POST", HOOK, {header: signature}, body)


def test_signatures_of_before_version_9_are_known(espo: FakeEspoCrm) -> None:
    body, secret = b'[{"id":"5f"},{"id":"60"},{"id":"5f"},{}]', json.dumps({"hook1": "k"})
    mac = hmac.new(b"k", body, sha256)
    now = datetime(2027, 2, 9, tzinfo=UTC)
    old = signed(body, mac.digest(), "x-signature")
    found = espo.provider.verify_webhook(old, secret=secret, state={}, now=now)
    assert found.deal_ids == ("5f", "60")
    new = signed(body, mac.hexdigest().encode(), "signature")
    assert espo.provider.verify_webhook(new, secret=secret, state={}, now=now) == found
    for wrong in ({"hook2": "k"}, {"hook1": ""}, {"hook1": None}, ["hook1"], "hook1"):
        with pytest.raises(BadSignature):
            espo.provider.verify_webhook(new, secret=json.dumps(wrong), state={}, now=now)
