"""What is peculiar to Pipedrive; what every CRM must do is in the contract suite."""

import base64
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from integrations.crm import (
    BadSignature,
    CrmError,
    CrmProvider,
    DealRecord,
    Gone,
    NeedsSignIn,
    OwnField,
    Page,
    Status,
    WriteOp,
)
from integrations.http import Door, Forbidden, Rules
from integrations.providers.pipedrive import Pipedrive
from tests.integrations.crm.fake import Fault, pass_time, provider_of
from tests.integrations.crm.proving import ready_to_write
from tests.integrations.providers.fake_pipedrive import HOST, PRODUCT, FakePipedrive

HOOK = "https://concord.example/hooks/crm/1/"


@pytest.fixture
def fake() -> FakePipedrive:
    return FakePipedrive()


@pytest.fixture
def writable(fake: FakePipedrive) -> FakePipedrive:
    """The fake with our fields made and mapped."""
    ready_to_write(fake)
    fake.requests.clear()
    return fake


def run(
    fake: FakePipedrive, cursor: dict[str, Any] | None, provider: CrmProvider | None = None
) -> tuple[list[Page], dict[str, Any]]:
    """Pull until done; every cursor goes through JSON, as it is stored."""
    pages = []
    while True:
        page = (provider or provider_of(fake)).pull(json.loads(json.dumps(cursor)))
        pages.append(page)
        cursor = page.cursor
        if page.done:
            return pages, cursor


def deals(pages: list[Page]) -> list[DealRecord]:
    return [deal for page in pages for deal in page.deals]


def asked(fake: FakePipedrive, path: str) -> list[dict[str, str]]:
    return [dict(r.url.params.items()) for r in fake.requests if r.url.path == f"/api/{path}"]


def op(deal_id: str, **changes: Any) -> WriteOp:
    return WriteOp(
        **(
            {
                "deal_id": deal_id,
                "values": {OwnField.VERDICT: "Late", OwnField.EARLIEST: date(2027, 4, 2)},
                "note": "Late by 3 days <b>\nsee below",
                "marker": "[concord:7f]",
            }
            | changes
        )
    )


def test_a_run_asks_for_changed_archived_and_deleted_deals(fake: FakePipedrive) -> None:
    kept, archived, deleted = (fake.add().id for _ in range(3))
    _, cursor = run(fake, None)
    pass_time(fake, hours=1)
    fake.change(archived, archived=True)
    fake.delete(deleted)
    fake.requests.clear()
    pages, _ = run(fake, cursor)
    assert [request.url.path for request in fake.requests if "deals" in request.url.path] == [
        "/api/v2/deals",
        "/api/v2/deals/products",
        "/api/v2/deals/archived",
        "/api/v2/deals/products",
        "/api/v2/deals",
    ]
    assert [(deal.id, deal.archived) for deal in deals(pages)] == [(kept, False), (archived, True)]
    assert [page.gone for page in pages] == [(), (), (Gone(deleted),)]


def test_a_backfill_orders_by_id_and_does_not_ask_for_deleted_deals(fake: FakePipedrive) -> None:
    fake.add()
    fake.add(archived=True)
    fake.add(deleted=True)
    pages, _ = run(fake, None)
    assert [deal.archived for deal in deals(pages)] == [False, True]
    assert [one.get("sort_by") for one in asked(fake, "v2/deals")] == ["id"]
    assert "updated_since" not in asked(fake, "v2/deals")[0]


def test_a_quiet_run_does_not_move_its_beginning(fake: FakePipedrive) -> None:
    fake.add()
    _, first = run(fake, None)
    for _ in range(3):
        pass_time(fake, minutes=5)
        _, later = run(fake, first)
        assert later == first == {"since": "2027-02-09T08:58:00+00:00"}


def test_neighbours_are_read_in_batches_of_100(fake: FakePipedrive) -> None:
    for number in range(230):
        fake.add(company=f"Company {number}", lines=[("Boiler", 1)])
    pages, _ = run(fake, None)
    assert len({deal.company for deal in deals(pages)}) == 230
    assert [len(one["ids"].split(",")) for one in asked(fake, "v2/organizations")] == [100, 100, 30]
    assert [len(one["deal_ids"].split(",")) for one in asked(fake, "v2/deals/products")] == [100, 100, 30]
    assert len(asked(fake, "v1/users")) == 1


def test_a_full_page_is_far_within_a_burst(fake: FakePipedrive) -> None:
    """Stopped in its midst, a page has to be read again: what it cost is lost."""
    for number in range(500):
        fake.add(company=f"Company {number}", lines=[("Boiler", 1)])
    costs: list[int] = []
    through = httpx.MockTransport(fake.handle)
    door = Door(Rules(exact=frozenset({HOST})), before=costs.append, through=through)
    assert len(provider_of(fake, door=door).pull(None).deals) == 500
    assert 2 * sum(costs) <= Pipedrive.limits[0].count


def test_choices_are_read_by_their_labels_in_archived_deals_too(fake: FakePipedrive) -> None:
    fake.add(product="Boiler")
    fake.add(product="Heat pump", archived=True)
    pages, _ = run(fake, None)
    assert [deal.product for deal in deals(pages)] == ["Boiler", "Heat pump"]


def test_a_mapped_field_that_was_deleted_leaves_the_rest(fake: FakePipedrive) -> None:
    deal_id = fake.add().id
    del fake.fields[PRODUCT]
    (deal,) = provider_of(fake).fetch([deal_id]).deals
    assert (deal.product, deal.promised_on) == ("", date(2027, 3, 12))


def test_products_that_are_switched_off_are_no_lines(fake: FakePipedrive) -> None:
    fake.disabled.add("Boiler")
    deal_id = fake.add(lines=[("Heat pump", 3), ("Boiler", 1)]).id
    (deal,) = provider_of(fake).fetch([deal_id]).deals
    assert [(line.product, line.quantity) for line in deal.lines or ()] == [("Heat pump", Decimal(3))]


def test_the_deal_not_the_stage_is_won_or_lost(fake: FakePipedrive) -> None:
    ids = [fake.add(stage_id=stage).id for stage in ("1", "3", "4")]
    found = provider_of(fake).fetch(ids).deals
    assert [deal.status for deal in found] == [Status.OPEN, Status.WON, Status.LOST]
    assert {stage.status for stage in provider_of(fake).discover().stages} == {Status.OPEN}


def test_only_chosen_pipelines_are_read(fake: FakePipedrive) -> None:
    fake.add()
    fake.setup = replace(fake.setup, pipelines=("9",))
    assert deals(run(fake, None)[0]) == []
    assert provider_of(fake).list_ids(None).ids == ()
    fake.setup = replace(fake.setup, pipelines=("9", "1"))
    assert len(deals(run(fake, None)[0])) == 1


def test_stages_have_no_probability_where_the_pipeline_uses_none(fake: FakePipedrive) -> None:
    assert [stage.probability for stage in provider_of(fake).discover().stages] == [
        Decimal("0.2"),
        Decimal("0.4"),
        Decimal("0.6"),
        Decimal("0.8"),
    ]
    fake.uses_probability = False
    assert [stage.probability for stage in provider_of(fake).discover().stages] == [None] * 4


def test_an_archived_deal_that_was_deleted_is_told(fake: FakePipedrive) -> None:
    archived = fake.add(archived=True).id
    _, cursor = run(fake, None)
    pass_time(fake, hours=1)
    fake.delete(archived)
    assert provider_of(fake).fetch([archived]).gone == (Gone(archived),)
    fake.requests.clear()
    pages, _ = run(fake, cursor)
    assert [page.gone for page in pages] == [(), (Gone(archived),), ()]
    assert len([one for one in fake.requests if "deals" in one.url.path]) == 3


def test_fetch_looks_in_all_three_lists(fake: FakePipedrive) -> None:
    kept, archived, deleted = fake.add().id, fake.add(archived=True).id, fake.add(deleted=True).id
    found = provider_of(fake).fetch([deleted, archived, kept, "99999", "no number"])
    assert [deal.id for deal in found.deals] == [kept, archived]
    assert found.gone == (Gone(deleted),)
    pass_time(fake, days=31)
    assert provider_of(fake).fetch([deleted]).gone == ()


@pytest.mark.parametrize(
    "entered", ["brightwater", "Brightwater.pipedrive.com", "https://brightwater.pipedrive.com/x"]
)
def test_the_company_domain_is_understood_in_every_form(fake: FakePipedrive, entered: str) -> None:
    fake.setup = replace(fake.setup, entries={"company_domain": entered})
    assert provider_of(fake).check().name == "Brightwater Energy"


@pytest.mark.parametrize(
    "entered", ["", "evil.example", "evil.example/.pipedrive.com", "a b", "https://evil.example"]
)
def test_a_wrong_company_domain_is_named(fake: FakePipedrive, entered: str) -> None:
    fake.setup = replace(fake.setup, entries={"company_domain": entered})
    with pytest.raises(CrmError, match="company domain is missing or wrong") as caught:
        provider_of(fake).check()
    assert caught.value.permanent
    assert fake.requests == []


@pytest.mark.parametrize(
    "api_domain",
    ["https://evil.example", "https://evilpipedrive.com", "http://brightwater.pipedrive.com", ""],
)
def test_a_token_goes_to_pipedrive_alone(fake: FakePipedrive, api_domain: str) -> None:
    fake.credentials = fake.other_credentials | {"api_domain": api_domain}
    with pytest.raises(Forbidden):
        provider_of(fake).check()
    assert fake.requests == []


def test_signing_in_and_keys_have_different_headers(fake: FakePipedrive) -> None:
    provider_of(fake).check()
    fake.credentials = fake.other_credentials
    provider_of(fake).check()
    sent = [("x-api-token" in one.headers, "authorization" in one.headers) for one in fake.requests]
    assert sent == [(True, False)] * 2 + [(False, True)] * 2
    fake.credentials = {}
    with pytest.raises(NeedsSignIn):
        provider_of(fake).check()


def test_who_is_no_administrator_is_told_and_does_without(fake: FakePipedrive) -> None:
    assert provider_of(fake).check().lacks == ()
    verdict = provider_of(fake).ensure_fields()[OwnField.VERDICT]
    for code in [code for code, (label, _) in fake.fields.items() if label == "Concord link"]:
        del fake.fields[code]
    fake.is_admin = False
    (lack,) = provider_of(fake).check().lacks
    assert lack.startswith("You are no administrator of Pipedrive")
    assert provider_of(fake).ensure_webhook(HOOK, None) is None
    there = provider_of(fake).ensure_fields()
    assert there[OwnField.VERDICT] == verdict
    assert there.keys() == set(OwnField) - {OwnField.LINK}


@pytest.mark.parametrize(
    ("fault", "pause", "says"),
    [
        (Fault.TOO_MANY, timedelta(seconds=10), "asks for a pause"),
        (Fault.TOO_MANY_UNTIL, timedelta(seconds=120), "asks for a pause"),
        (Fault.QUOTA, timedelta(hours=1), "day's budget of Pipedrive API tokens is used up"),
        (Fault.HTML, timedelta(minutes=30), "firewall"),
    ],
)
def test_refusals_say_when_to_come_back(
    fake: FakePipedrive, fault: Fault, pause: timedelta, says: str
) -> None:
    fake.fail(fault)
    with pytest.raises(CrmError, match=says) as caught:
        provider_of(fake).pull(None)
    assert (caught.value.permanent, caught.value.try_at) == (False, fake.now + pause)


@pytest.mark.parametrize(
    ("left", "pause"), [("0", timedelta(hours=1)), ("29000", timedelta(seconds=10)), ("", timedelta(hours=1))]
)
def test_the_day_s_tokens_say_which_limit_it_was(fake: FakePipedrive, left: str, pause: timedelta) -> None:
    """The burst's own count may be used up or not by then."""
    burst = {"x-ratelimit-remaining": "0" if left == "0" else "79"}
    told = {"x-daily-ratelimit-token-remaining": left} if left else {}
    fake.handle = lambda request: httpx.Response(429, json={}, headers=burst | told)  # type: ignore[method-assign]
    with pytest.raises(CrmError) as caught:
        provider_of(fake).pull(None)
    assert caught.value.try_at == fake.now + pause


def test_a_closed_account_and_a_success_that_is_none(fake: FakePipedrive) -> None:
    answers = iter(
        [
            httpx.Response(402, json={"success": False, "error": "Company account is not open."}),
            httpx.Response(200, json={"success": False, "error": "Something went wrong"}),
            httpx.Response(200, text="<html></html>"),
        ]
    )
    fake.handle = lambda request: next(answers)  # type: ignore[method-assign]
    with pytest.raises(
        CrmError, match=r"closed this company's account \(Company account is not open\)\."
    ) as caught:
        provider_of(fake).check()
    assert caught.value.permanent
    for _ in range(2):
        with pytest.raises(CrmError) as caught:
            provider_of(fake).check()
        assert not caught.value.permanent


def test_our_fields_are_made_once_and_found_by_their_names(fake: FakePipedrive) -> None:
    made = provider_of(fake).ensure_fields()
    assert [fake.fields[code] for code in made.values()] == [
        ("Concord verdict", "varchar"),
        ("Concord earliest date", "date"),
        ("Concord reason", "text"),
        ("Concord link", "varchar"),
        ("Concord checked at", "varchar"),
    ]
    assert provider_of(fake).ensure_fields() == made


def test_the_note_is_html_and_holds_the_marker(writable: FakePipedrive) -> None:
    deal = writable.add()
    written = provider_of(writable).write(op(deal.id))
    assert deal.notes == {written.note_id: "Late by 3 days &lt;b&gt;<br>see below<br>[concord:7f]"}
    assert writable.written(deal.id) == {OwnField.VERDICT: "Late", OwnField.EARLIEST: "2027-04-02"}
    provider_of(writable).write(op(deal.id, note="On time [concord:7f]", note_id=written.note_id))
    assert deal.notes == {written.note_id: "On time [concord:7f]"}


def test_a_note_that_may_exist_is_looked_for_on_every_page(writable: FakePipedrive) -> None:
    deal = writable.add()
    deal.notes |= {str(number): f"Call {number}" for number in range(1000, 1600)}
    deal.notes["2000"] = "Late &amp; lost<br>[concord:7f]"
    assert provider_of(writable).write(op(deal.id, note_may_exist=True)).note_id == "2000"
    assert len(deal.notes) == 601


def test_an_archived_deal_is_refused_before_a_note_is_made(writable: FakePipedrive) -> None:
    deal = writable.add(archived=True)
    with pytest.raises(CrmError, match=r"refused the request \(Archived deals cannot") as caught:
        provider_of(writable).write(op(deal.id))
    assert caught.value.permanent
    assert deal.notes == {}


def test_an_empty_value_clears_the_field(writable: FakePipedrive) -> None:
    deal = writable.add()
    provider_of(writable).write(op(deal.id))
    provider_of(writable).write(op(deal.id, values={OwnField.EARLIEST: None}))
    assert writable.written(deal.id) == {OwnField.VERDICT: "Late"}


def test_the_webhook_is_kept_renewed_and_made_anew(fake: FakePipedrive) -> None:
    made = provider_of(fake).ensure_webhook(HOOK, None)
    assert made is not None
    assert made.renew_at == fake.now + timedelta(days=2)
    (hook,) = fake.webhooks.values()
    assert (hook["event_object"], hook["version"], hook["http_auth_password"]) == ("deal", "2.0", made.secret)
    assert provider_of(fake).ensure_webhook(HOOK, made) == made
    hook["is_active"] = 0
    again = provider_of(fake).ensure_webhook(HOOK, made)
    assert again is not None
    assert (again.state != made.state, again.secret != made.secret) == (True, True)
    assert list(fake.webhooks) == [again.state["id"]]
    fake.webhooks.clear()
    provider_of(fake).drop_webhook(again)


def test_a_merge_is_a_hint_at_both_deals(fake: FakePipedrive) -> None:
    request, secret, state = fake.webhook("5", "9")
    heard = Pipedrive.verify_webhook(request, secret=secret, state=state, now=fake.now)
    assert (heard.deal_ids, heard.account_id) == (("5", "9"), "7")


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Basic", "Bearer a secret of ours", "Basic " + base64.b64encode(b"concord:guess").decode()],
)
def test_a_wrong_password_is_no_webhook(fake: FakePipedrive, authorization: str | None) -> None:
    request, secret, state = fake.webhook("5")
    headers = {} if authorization is None else {"authorization": authorization}
    with pytest.raises(BadSignature):
        Pipedrive.verify_webhook(replace(request, headers=headers), secret=secret, state=state, now=fake.now)
    with pytest.raises(BadSignature):
        Pipedrive.verify_webhook(request, secret="", state=state, now=fake.now)


def test_events_of_other_things_name_no_deals(fake: FakePipedrive) -> None:
    request, secret, state = fake.webhook("5")
    other = replace(request, body=request.body.replace(b'"entity": "deal"', b'"entity": "note"'))
    assert Pipedrive.verify_webhook(other, secret=secret, state=state, now=fake.now).deal_ids == ()
    for body in (b"", b"[]", b'{"meta": 1}', b"\xff"):
        with pytest.raises(BadSignature):
            Pipedrive.verify_webhook(replace(request, body=body), secret=secret, state=state, now=fake.now)
