"""What is peculiar to Tryton: sessions, its values on the wire, its refusals, notes that are final."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from integrations.crm import CrmError, LineRecord, NeedsSignIn
from integrations.http import Door, Rules
from integrations.providers.tryton import Tryton
from integrations.providers.tryton.wire import Refused, date_in, decimal_in, instant_in, refusal, wire_instant
from tests.integrations.crm.fake import Fault, pass_time, provider_of
from tests.integrations.crm.proving import op_of, run
from tests.integrations.providers.fake_tryton import FakeTryton
from tests.integrations.providers.fake_tryton_models import DEALS


@pytest.fixture
def fake() -> FakeTryton:
    return FakeTryton()


def _door(fake: FakeTryton) -> Door:
    return Door(Rules(own="https://tryton.example"), through=httpx.MockTransport(fake.handle))


def _methods(fake: FakeTryton) -> list[str]:
    return [json.loads(request.content)["method"] for request in fake.requests]


# Sessions


def test_signs_in_once_and_out_when_the_door_closes(fake: FakeTryton) -> None:
    door = _door(fake)
    provider = provider_of(fake, door=door)
    provider.check()
    provider.pull(None)
    assert len(fake.sessions) == 1
    door.close()
    assert fake.sessions == set()
    assert [name for name in _methods(fake) if name.startswith("common")] == [
        "common.db.login",
        "common.db.logout",
    ]


def test_door_of_a_provider_that_asked_nothing_closes_without_a_request(fake: FakeTryton) -> None:
    door = _door(fake)
    provider_of(fake, door=door)
    door.close()
    assert fake.requests == []


def test_failing_to_sign_out_is_no_failure_of_the_work(fake: FakeTryton) -> None:
    door = _door(fake)
    provider_of(fake, door=door).pull(None)
    fake.fail(Fault.NO_ANSWER, on="logout")
    door.close()
    assert len(fake.sessions) == 1
    assert door._client.is_closed


def test_door_closes_even_when_a_farewell_breaks() -> None:
    door = Door(Rules())
    door.at_close(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    with pytest.raises(ZeroDivisionError):
        door.close()
    assert door._client.is_closed


def test_wrong_password_is_tried_once(fake: FakeTryton) -> None:
    fake.credentials = {"password": "wrong"}
    with pytest.raises(NeedsSignIn, match="does not accept"):
        provider_of(fake).pull(None)
    assert _methods(fake) == ["common.db.login"]


def test_locked_user_waits(fake: FakeTryton) -> None:
    fake.wrong_passwords = 6
    with pytest.raises(CrmError) as caught:
        provider_of(fake).pull(None)
    assert not caught.value.permanent
    assert caught.value.try_at == fake.now + timedelta(minutes=5)


def test_session_that_ended_early_is_no_wrong_password(fake: FakeTryton) -> None:
    provider = provider_of(fake)
    provider.list_ids(None)
    fake.sessions.clear()
    with pytest.raises(CrmError) as caught:
        provider.list_ids(None)
    assert not caught.value.permanent
    assert provider.list_ids(None).ids == ()


# Reading


def test_small_pages_bring_everything_once(fake: FakeTryton) -> None:
    """Rows of one instant and rows a microsecond apart, at every border of a page."""
    fake.provider = type("Small", (Tryton,), {"page_size": 3})  # type: ignore[misc]
    fake.add(changed_at=fake.now - timedelta(days=1))
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    steps = [0, 0, 0, 0, 1, 2, 2, 3, 3, 3, 3, 3]
    ids = {fake.add(changed_at=fake.now + timedelta(microseconds=step)).id for step in steps}
    found = run(fake, cursor)
    seen = [deal.id for page in found.pages for deal in page.deals]
    assert len(seen) == len(set(seen))
    assert ids <= set(seen)
    assert len(found.pages) == 5


def test_look_back_is_measured_by_trytons_clock(fake: FakeTryton) -> None:
    """A server whose clock is two hours slow: what changes next is not taken for old."""

    def pulled(cursor: Any) -> Any:
        return provider_of(fake, now=lambda: fake.now + timedelta(hours=2)).pull(cursor)

    fake.add()
    cursor = pulled(None).cursor
    pass_time(fake, minutes=1)
    later = fake.add()
    assert later.id in {deal.id for deal in pulled(cursor).deals}


def test_run_over_an_empty_tryton_begins_again_with_everything(fake: FakeTryton) -> None:
    first = provider_of(fake).pull(None)
    assert (first.deals, first.done, first.total) == ((), True, 0)
    old = fake.add(changed_at=fake.now - timedelta(days=300))
    assert run(fake, first.cursor).deals.keys() == {old.id}


def test_last_deal_deleted_leaves_the_position(fake: FakeTryton) -> None:
    deal = fake.add()
    cursor = run(fake).cursor
    fake.delete(deal.id)
    assert run(fake, cursor).cursor == cursor


def test_lines_changed_alone_touch_their_deal(fake: FakeTryton) -> None:
    lone, together = fake.add(lines=[("Heat pump", 2)]), fake.add(lines=[("Heat pump", 2)])
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    fake.change_lines_only(lone.id, [("Heat pump", 5)])
    fake.change(together.id, lines=[("Heat pump", 6)])
    pass_time(fake, minutes=1)
    found = run(fake, cursor)
    assert [id for page in found.pages for id in page.touched] == [lone.id]
    assert found.deals[lone.id].lines == (LineRecord(product="Heat pump", quantity=Decimal(5)),)
    assert found.deals[together.id].lines == (LineRecord(product="Heat pump", quantity=Decimal(6)),)


def test_names_of_what_is_no_longer_active_are_read(fake: FakeTryton) -> None:
    deal = fake.add(company="Gone & Sons", owner_id="2")
    for party in fake.parties:
        party.active = False
    found = run(fake).deals[deal.id]
    assert (found.company, found.owner_name) == ("Gone & Sons", "Omar Reyes")


def test_only_active_people_are_offered(fake: FakeTryton) -> None:
    [owner] = provider_of(fake).discover().owners
    assert (owner.id, owner.name, owner.email) == ("1", "Erin Vale", "erin@brightwater.example")


def test_choice_is_read_in_its_words(fake: FakeTryton) -> None:
    known, unknown = fake.add(product="Solar"), fake.add(product="Wind")
    deals = run(fake).deals
    assert (deals[known.id].product, deals[unknown.id].product) == ("Solar", "wind")


def test_deal_without_a_description_is_named_by_its_number(fake: FakeTryton) -> None:
    deal = fake.add(name="")
    assert run(fake).deals[deal.id].name == deal.id


def test_record_without_an_instant_is_skipped_and_stops_nothing(fake: FakeTryton) -> None:
    bad, good = fake.add(), fake.add()
    bad.changed_at = None  # type: ignore[assignment]
    page = provider_of(fake).pull(None)
    assert [deal.id for deal in page.deals] == [good.id]
    assert [(skipped.id, skipped.reason) for skipped in page.skipped] == [
        (bad.id, "Tryton does not say when it was changed.")
    ]


def test_address_of_a_deal_opens_the_web_client(fake: FakeTryton) -> None:
    deal = fake.add()
    assert run(fake).deals[deal.id].url == f"https://tryton.example/#brightwater/model/{DEALS}/{deal.id}"


# Rights


def test_forbidden_field_is_left_out_and_told(fake: FakeTryton) -> None:
    deal = fake.add()
    fake.forbidden = {(DEALS, "amount")}
    found = run(fake).deals[deal.id]
    assert (found.amount, found.company, found.promised_on) == (None, deal.company, deal.promised_on)
    assert provider_of(fake).check().lacks == ("The user may not read the field Amount of opportunities.",)


def test_mapped_field_that_is_gone_is_left_out_and_told(fake: FakeTryton) -> None:
    deal = fake.add()
    fake.setup = replace(fake.setup, fields={"promised_on": "old_date", "quantity": "units"})
    found = run(fake).deals[deal.id]
    assert (found.promised_on, found.quantity) == (None, Decimal(24))
    assert provider_of(fake).check().lacks == ("Tryton has no field old_date of opportunities.",)


def test_check_names_what_the_user_lacks(fake: FakeTryton) -> None:
    fake.company = None
    fake.forbidden = {DEALS, "ir.note"}
    account = provider_of(fake).check()
    assert (account.id, account.name, account.currency) == (
        "https://tryton.example/brightwater",
        "brightwater",
        "",
    )
    assert account.lacks == (
        "No opportunities are shown: the user has no company.",
        "Opportunities cannot be read. Add the user to the group Sale Opportunity.",
        "Verdicts cannot be noted: the user may not change opportunities.",
        "Verdicts cannot be noted: the user may not make notes.",
        "Verdicts cannot be renewed: the user may not delete notes.",
    )


def test_refusal_for_no_single_field_is_told(fake: FakeTryton) -> None:
    fake.add()
    fake.forbidden = {DEALS}
    with pytest.raises(Refused, match=r"^Tryton refuses this: You are not allowed to access .*\.$"):
        provider_of(fake).pull(None)


# Writing


def test_note_of_the_same_words_is_left_alone(fake: FakeTryton) -> None:
    deal = fake.add()
    op = op_of(deal.id)
    first = provider_of(fake).write(op)
    fake.requests.clear()
    assert provider_of(fake).write(replace(op, note_id=first.note_id)) == first
    assert not {"model.ir.note.create", "model.ir.note.delete"} & set(_methods(fake))


def test_replacing_broken_off_in_the_middle_is_put_right(fake: FakeTryton) -> None:
    """The old note is gone and the new one's answer is lost: the new one is found, by its marker alone."""
    deal = fake.add()
    deal.notes["9"] = "A colleague's own note"
    op = op_of(deal.id)
    old = provider_of(fake).write(op)
    newer = replace(op, note="No longer feasible.", note_id=old.note_id)
    fake.fail(Fault.ANSWER_LOST, on="ir.note.create")
    with pytest.raises(CrmError, match="looks for it"):
        provider_of(fake).write(newer)
    written = provider_of(fake).write(newer)
    assert deal.notes == {
        "9": "A colleague's own note",
        written.note_id: "No longer feasible.\n[concord:5f2c]",
    }


def test_noting_does_not_touch_the_deal(fake: FakeTryton) -> None:
    deal = fake.add()
    pass_time(fake, hours=1)
    provider_of(fake).write(op_of(deal.id))
    assert deal.changed_at == fake.now - timedelta(hours=1)


# Refusals


@pytest.mark.parametrize(
    ("error", "kind", "permanent", "words"),
    [
        (["UserError", ["No.", "Because.", None]], Refused, True, "Tryton refuses this: No. Because."),
        (["UserError", ["By rules:", "", None]], Refused, True, "Tryton refuses this: By rules."),
        (["UserError", "No"], Refused, True, "Tryton refuses this: No."),
        (
            ["UserWarning", ["name", "Are you sure?", ""]],
            Refused,
            True,
            "Tryton asks what only a person can answer: Are you sure?",
        ),
        (
            ["LoginException", ["sms", "Code", "char"]],
            NeedsSignIn,
            True,
            "Tryton asks for more than a password.",
        ),
        (["ConcurrencyException", "x"], CrmError, False, "Somebody changed the record"),
        (["'amount'", "Traceback"], CrmError, False, "Tryton met an error of its own."),
        (None, CrmError, False, "Tryton met an error of its own."),
        ([], CrmError, False, "Tryton met an error of its own."),
    ],
)
def test_errors_in_answers(error: Any, kind: type[CrmError], permanent: bool, words: str) -> None:
    found = refusal(error)
    assert (type(found), found.permanent) == (kind, permanent)
    assert str(found).startswith(words)
    assert "amount" not in str(found)


@pytest.mark.parametrize(
    ("status", "permanent", "words"),
    [
        (404, True, "no Tryton database “brightwater”"),
        (413, True, "records_limit"),
        (301, True, "another one"),
        (403, False, "trouble"),
        (504, False, "trouble"),
    ],
)
def test_answers_that_are_no_answers(fake: FakeTryton, status: int, permanent: bool, words: str) -> None:
    fake.handle = lambda request: httpx.Response(status, html="<html></html>")  # type: ignore[method-assign]
    with pytest.raises(CrmError, match=words) as caught:
        provider_of(fake).pull(None)
    assert caught.value.permanent is permanent


def test_another_server_that_answers_json_is_told_apart(fake: FakeTryton) -> None:
    fake.handle = lambda request: httpx.Response(200, json={"result": None})  # type: ignore[method-assign]
    with pytest.raises(CrmError, match="does not answer as Tryton"):
        provider_of(fake).check()


def test_module_that_is_missing_is_named(fake: FakeTryton, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake, "_search_count", lambda model, domain, *, context: 0)
    with pytest.raises(CrmError, match="sale_opportunity is not active"):
        provider_of(fake).check()


# Values on the wire


def test_instants_keep_their_microseconds_and_their_zone() -> None:
    moment = datetime(2027, 2, 9, 23, 59, 59, 999_999, tzinfo=UTC)
    assert instant_in(wire_instant(moment)) == moment
    assert wire_instant(moment.astimezone()) == wire_instant(moment)


@pytest.mark.parametrize("value", [None, "", 7, "2027-02-09", {}, {"__class__": "date"}, {"year": 2027}])
def test_what_is_no_date_is_none(value: Any) -> None:
    assert date_in(value) is None
    assert instant_in(value) is None


def test_dates_and_numbers() -> None:
    assert date_in({"__class__": "date", "year": 2028, "month": 2, "day": 29}) == date(2028, 2, 29)
    assert date_in({"__class__": "date", "year": 2027, "month": 2, "day": 29}) is None
    assert decimal_in({"__class__": "Decimal", "decimal": "1000.50"}) == Decimal("1000.50")
    assert decimal_in("0.1") == Decimal("0.1")
    assert decimal_in(None) is None
