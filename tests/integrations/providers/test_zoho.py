"""What is peculiar to Zoho; what every CRM must do is in the contract suite."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from integrations.crm import BadSignature, CrmError, Gone, NeedsSignIn, OwnField, Pipeline, RawRequest, Status
from integrations.http import Forbidden, Rules
from integrations.providers.zoho import Zoho
from integrations.providers.zoho.calls import CENTRES
from tests.integrations.crm.fake import pass_time, provider_of
from tests.integrations.crm.proving import op_of, ready_to_write, run
from tests.integrations.providers import coql
from tests.integrations.providers.fake_zoho import FakeZoho

HOOK = "https://concord.example/hooks/crm/1/"


@pytest.fixture
def fake() -> FakeZoho:
    return FakeZoho()


@pytest.fixture
def writable(fake: FakeZoho) -> FakeZoho:
    """The fake with our fields made and mapped."""
    ready_to_write(fake)
    fake.requests.clear()
    return fake


def sent(fake: FakeZoho, method: str, path: str) -> list[Any]:
    """Return the bodies of these requests, their parameters where they have none."""
    found = [one for one in fake.requests if (one.method, one.url.path) == (method, f"/crm/v8/{path}")]
    return [json.loads(one.content) if one.content else dict(one.url.params.items()) for one in found]


def queries(fake: FakeZoho) -> list[str]:
    return [re.sub(r"\d{7}", "N", body["select_query"]) for body in sent(fake, "POST", "coql")]


def answering(fake: FakeZoho, *answers: httpx.Response) -> None:
    waiting = iter(answers)
    fake.handle = lambda request: next(waiting)  # type: ignore[method-assign]


# Where the data is


def test_every_data_centre_has_its_own_two_hosts() -> None:
    for centre, api in CENTRES.items():
        assert Zoho.hosts({"data_centre": centre}).exact == (f"accounts.{centre}", api)
        [entry] = [one for one in Zoho.entries if one.name == "data_centre"]
        assert re.fullmatch(entry.pattern, centre)
        assert not re.fullmatch(entry.pattern, f"{centre}.evil.example")
    assert Zoho.hosts({"data_centre": "evil.example"}).exact == ()


def test_the_token_is_asked_for_in_the_same_centre() -> None:
    assert Zoho.oauth is not None
    url = Zoho.oauth.token_url.format(data_centre="zoho.com.au")
    hosts = Zoho.hosts({"data_centre": "zoho.com.au"})
    Rules(frozenset(hosts.exact)).judge(url)
    with pytest.raises(Forbidden):
        Rules(frozenset(hosts.exact)).judge(Zoho.oauth.token_url.format(data_centre="zoho.eu"))
    assert " " not in Zoho.oauth.scopes[0]


@pytest.mark.parametrize("centre", ["", "eu", "zoho.evil", "evil.example/zoho.eu"])
def test_an_unknown_data_centre_is_named(fake: FakeZoho, centre: str) -> None:
    fake.setup = replace(fake.setup, entries={"data_centre": centre})
    with pytest.raises(CrmError, match=r"is no Zoho data centre: choose zoho\.com, zoho\.eu") as caught:
        provider_of(fake).check()
    assert caught.value.permanent
    assert fake.requests == []


def test_the_api_is_where_the_token_says_or_the_centre(fake: FakeZoho) -> None:
    del fake.credentials["api_domain"]
    assert provider_of(fake).check().name == "Brightwater Energy"
    fake.credentials["api_domain"] = "https://www.zohoapis.com"
    with pytest.raises(Forbidden):
        provider_of(fake).check()


# Reading


def test_the_order_of_changes_is_by_time_and_id(fake: FakeZoho) -> None:
    fake.add(changed_at=fake.now - timedelta(days=1))
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    for _ in range(250):
        fake.add()
    fake.requests.clear()
    assert len(run(fake, cursor).deals) == 251
    order = "order by Modified_Time asc, id asc limit 0, 200"
    last = "2027-02-09T10:00:00+00:00"
    behind = f"(Modified_Time > '{last}' or (Modified_Time = '{last}' and id > 'N'))"
    assert queries(fake) == [
        f"select id, Modified_Time from Deals where Modified_Time >= '2027-02-08T08:55:00+00:00' {order}",
        f"select id, Modified_Time from Deals where {behind} {order}",
    ]
    assert [len(one["ids"].split(",")) for one in sent(fake, "GET", "Deals")] == [100, 100, 51]


def test_fields_that_the_person_may_not_see_are_not_asked_for(fake: FakeZoho) -> None:
    deal = fake.add()
    del fake.fields["Currency"], fake.fields["Promised_on"]
    [read] = provider_of(fake).fetch([deal.id]).deals
    assert (read.currency, read.promised_on, read.product) == ("", None, "Heat pump")
    [asked] = sent(fake, "GET", "Deals")
    assert not {"Currency", "Promised_on"} & set(asked["fields"].split(","))


def test_a_quiet_run_gets_empty_answers_and_does_not_move(fake: FakeZoho) -> None:
    deal = fake.add()
    cursor = run(fake).cursor
    fake.deals.pop(deal.id)
    for _ in range(3):
        pass_time(fake, hours=1)
        assert run(fake, cursor).cursor == cursor == {"since": "2027-02-09T08:55:00+00:00"}


def test_all_pages_of_deleted_deals_are_read(fake: FakeZoho) -> None:
    ids = {fake.add().id for _ in range(450)}
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    for deal_id in ids:
        fake.delete(deal_id)
    found = run(fake, cursor)
    assert found.gone.keys() == ids
    assert [one["page"] for one in sent(fake, "GET", "Deals/deleted")] == ["1", "2", "3"]


def test_a_deal_deleted_long_ago_is_just_not_found(fake: FakeZoho) -> None:
    deal = fake.add()
    fake.delete(deal.id)
    assert provider_of(fake).fetch([deal.id]).gone == (Gone(deal.id),)
    pass_time(fake, days=8)
    assert provider_of(fake).fetch([deal.id, "no number"]).gone == ()


def test_there_are_no_line_items(fake: FakeZoho) -> None:
    deal = fake.add(lines=[("Heat pump", 3)])
    [read] = provider_of(fake).fetch([deal.id]).deals
    assert (read.lines, read.quantity) == (None, 24)


def test_probabilities_are_those_of_the_stage_field(fake: FakeZoho) -> None:
    found = provider_of(fake).discover()
    assert [stage.probability for stage in found.stages] == [Decimal("0.4"), Decimal("0.4"), 1, 0]


def test_without_pipelines_there_is_one_without_a_name(fake: FakeZoho) -> None:
    fake.has_pipelines = False
    found = provider_of(fake).discover()
    assert found.pipelines == (Pipeline("", "Deals"),)
    assert [(stage.id, stage.pipeline_id) for stage in found.stages] == [
        (id_, "") for id_, _, _ in fake.stages
    ]
    assert found.stages[2].status is Status.WON


def test_a_renamed_stage_is_known_by_both_words_and_layouts_repeat_none(fake: FakeZoho) -> None:
    fake.layouts, fake.renamed = ["1001", "1002"], {"Closed Won": "Sold"}
    found = provider_of(fake).discover()
    assert [(stage.id, stage.status) for stage in found.stages] == [
        ("Qualification", Status.OPEN),
        ("Proposal", Status.OPEN),
        ("Closed Won", Status.WON),
        ("Sold", Status.WON),
        ("Closed Lost", Status.LOST),
    ]
    assert [pipeline.id for pipeline in found.pipelines] == ["Standard"]


def test_more_products_than_numbered_pages_reach(fake: FakeZoho) -> None:
    fake.products = [f"Product {number}" for number in range(2_300)]
    assert list(provider_of(fake).discover().products) == fake.products


def test_the_address_of_a_deal_is_in_its_data_centre(fake: FakeZoho) -> None:
    deal = fake.add()
    [read] = provider_of(fake).fetch([deal.id]).deals
    assert read.url == f"https://crm.zoho.eu/crm/org20061234/tab/Potentials/{deal.id}"


# Refusals


def test_too_many_tokens_is_said_with_http_200(fake: FakeZoho) -> None:
    answering(fake, httpx.Response(200, json={"error": "Access Denied", "status": "failure"}))
    with pytest.raises(CrmError, match="denies access for some minutes") as caught:
        provider_of(fake).check()
    assert (caught.value.permanent, caught.value.try_at) == (False, fake.now + timedelta(minutes=10))


def test_missing_scopes_need_a_new_sign_in_though_http_says_401(fake: FakeZoho) -> None:
    answering(fake, httpx.Response(401, json={"code": "OAUTH_SCOPE_MISMATCH", "message": "Unauthorized"}))
    with pytest.raises(NeedsSignIn, match="sign in again"):
        provider_of(fake).check()


def test_used_up_credits_are_looked_at_again_in_an_hour(fake: FakeZoho) -> None:
    answering(fake, httpx.Response(429, json={}, headers={"X-API-CREDITS-REMAINING": "0"}))
    with pytest.raises(CrmError, match="API credits") as caught:
        provider_of(fake).check()
    assert caught.value.try_at == fake.now + timedelta(hours=1)


@pytest.mark.parametrize("status", [200, 202, 207, 400])
def test_the_status_of_a_row_counts_not_that_of_http(writable: FakeZoho, status: int) -> None:
    row = {
        "code": "INVALID_DATA",
        "status": "error",
        "message": "invalid data",
        "details": {"api_name": "Stage"},
    }
    answering(writable, httpx.Response(status, json={"data": [row]}))
    with pytest.raises(CrmError, match=r"^Zoho refused the request \(invalid data: Stage\)\.$") as caught:
        provider_of(writable).write(op_of("5"))
    assert caught.value.permanent


def test_their_own_failure_in_a_row_is_tried_again(writable: FakeZoho) -> None:
    row = {"code": "INTERNAL_ERROR", "status": "error", "message": "Internal Server Error"}
    answering(writable, httpx.Response(200, json={"data": [row]}))
    with pytest.raises(CrmError) as caught:
        provider_of(writable).write(op_of("5"))
    assert not caught.value.permanent


def test_a_right_that_is_missing_may_be_said_in_a_row(writable: FakeZoho) -> None:
    row = {"code": "NO_PERMISSION", "status": "error", "message": "permission denied", "details": {}}
    answering(writable, httpx.Response(403, json={"data": [row]}))
    with pytest.raises(CrmError, match=r"does not allow this \(permission denied\)") as caught:
        provider_of(writable).write(op_of("5"))
    assert caught.value.permanent


@pytest.mark.parametrize("is_listed", [True, False])
def test_no_more_fields_than_the_edition_has_is_no_pause(fake: FakeZoho, is_listed: bool) -> None:
    said = {"code": "LIMIT_EXCEEDED", "status": "error", "message": "fields limit exceeded", "details": {}}
    fields = httpx.Response(200, json={"fields": []})
    answering(fake, fields, httpx.Response(400, json={"fields": [said]} if is_listed else said))
    with pytest.raises(CrmError, match=r"refused the request \(fields limit exceeded\)") as caught:
        provider_of(fake).ensure_fields()
    assert caught.value.permanent


def test_an_answer_without_the_company_is_an_error(fake: FakeZoho) -> None:
    answering(fake, httpx.Response(204))
    with pytest.raises(CrmError, match="without its org"):
        provider_of(fake).check()


# Writing


def test_no_workflow_of_the_company_starts(writable: FakeZoho) -> None:
    deal = writable.add()
    provider_of(writable).write(op_of(deal.id))
    assert writable.triggered == []
    assert [body["trigger"] for body in sent(writable, "PUT", "Deals")] == [[]]


def test_our_fields_are_of_their_kinds(fake: FakeZoho) -> None:
    made = provider_of(fake).ensure_fields()
    assert [fake.fields[key] for key in made.values()] == [
        ("Concord verdict", "text"),
        ("Concord earliest date", "date"),
        ("Concord reason", "textarea"),
        ("Concord link", "website"),
        ("Concord checked at", "datetime"),
    ]


def test_times_are_written_with_an_offset(writable: FakeZoho) -> None:
    deal = writable.add()
    values: dict[OwnField, Any] = {
        OwnField.CHECKED_AT: datetime(2027, 2, 9, 9, 30, 15, 999, tzinfo=UTC),
        OwnField.EARLIEST: date(2027, 4, 2),
    }
    provider_of(writable).write(op_of(deal.id, values=values))
    assert writable.written(deal.id) == {
        OwnField.CHECKED_AT: "2027-02-09T09:30:15+00:00",
        OwnField.EARLIEST: "2027-04-02",
    }


def test_only_a_refused_id_makes_another_note(writable: FakeZoho) -> None:
    deal = writable.add()
    written = provider_of(writable).write(op_of(deal.id))
    row = {
        "code": "INVALID_DATA",
        "status": "error",
        "message": "invalid data",
        "details": {"api_name": "Note_Content"},
    }
    answering(
        writable,
        httpx.Response(200, json={"data": [{"code": "SUCCESS", "status": "success"}]}),
        httpx.Response(202, json={"data": [row]}),
    )
    with pytest.raises(CrmError, match="Note_Content"):
        provider_of(writable).write(op_of(deal.id, note_id=written.note_id))


@pytest.mark.parametrize("details", [{"resource_path_index": 1}, {"api_name": "id"}, {"id": "7"}, {}])
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_note_that_was_deleted_is_made_anew(writable: FakeZoho, details: Any, is_listed: bool) -> None:
    row = {"code": "INVALID_DATA", "status": "error", "message": "invalid id", "details": details}
    done = {"code": "SUCCESS", "status": "success", "details": {"id": "8"}}
    answering(
        writable,
        httpx.Response(200, json={"data": [done]}),
        httpx.Response(400, json={"data": [row]} if is_listed else row),
        httpx.Response(201, json={"data": [done]}),
    )
    assert provider_of(writable).write(op_of("5", note_id="7")).note_id == "8"


# Notifications


def test_a_channel_lasts_days_is_renewed_and_made_anew(fake: FakeZoho) -> None:
    made = provider_of(fake).ensure_webhook(HOOK, None)
    assert made is not None
    [channel] = fake.channels.values()
    assert (channel["ends"], made.renew_at) == (fake.now + timedelta(days=6), fake.now + timedelta(days=3))
    assert (channel["events"], len(channel["token"]) <= 50) == (["Deals.all"], True)
    pass_time(fake, days=3)
    assert provider_of(fake).ensure_webhook(HOOK, made) == replace(
        made, renew_at=fake.now + timedelta(days=3)
    )
    assert [one["ends"] for one in fake.channels.values()] == [fake.now + timedelta(days=6)]
    pass_time(fake, days=7)
    again = provider_of(fake).ensure_webhook(HOOK, made)
    assert again is not None
    assert again.state != made.state
    provider_of(fake).drop_webhook(again)
    provider_of(fake).drop_webhook(again)
    assert again.state["channel_id"] not in fake.channels


@pytest.mark.parametrize("status", [202, 400])
@pytest.mark.parametrize(
    ("code", "details"), [("NOT_SUBSCRIBED", {}), ("INVALID_DATA", {"api_name": "channel_id"})]
)
def test_a_channel_that_ended_is_made_anew(
    fake: FakeZoho, status: int, code: str, details: dict[str, str]
) -> None:
    made = provider_of(fake).ensure_webhook(HOOK, None)
    assert made is not None
    row = {"code": code, "status": "error", "message": "no such channel", "details": details}
    refused = httpx.Response(status, json={"watch": [row]})
    done = {"code": "SUCCESS", "status": "success", "details": {"events": []}}
    answering(fake, refused, httpx.Response(201, json={"watch": [done]}), refused, httpx.Response(204))
    again = provider_of(fake).ensure_webhook(HOOK, made)
    assert again is not None
    assert again.state != made.state
    provider_of(fake).drop_webhook(again)
    provider_of(fake).drop_webhook(again)


def verified(fake: FakeZoho, request: RawRequest, secret: str, state: dict[str, Any]) -> tuple[str, ...]:
    return Zoho.verify_webhook(request, secret=secret, state=state, now=fake.now).deal_ids


def test_a_notification_bears_token_and_channel_in_its_body(fake: FakeZoho) -> None:
    request, secret, state = fake.webhook("5", "9")
    assert verified(fake, request, secret, state) == ("5", "9")
    forged = [
        request.body.replace(b"a token of ours", b"a token of yours"),
        request.body.replace(b'"7001"', b'"7002"'),
        request.body.replace(b'"token"', b'"tokem"'),
        b"",
        b"[]",
        b"\xff",
    ]
    for body in forged:
        with pytest.raises(BadSignature):
            verified(fake, replace(request, body=body), secret, state)
    with pytest.raises(BadSignature):
        verified(fake, replace(request, body=request.body.replace(b"a token of ours", b"")), "", state)
    other = replace(request, body=request.body.replace(b'"Deals"', b'"Leads"'))
    assert verified(fake, other, secret, state) == ()


# The fake itself


@pytest.mark.parametrize(
    "query",
    [
        "select id from Deals where id > '5'",
        "select id from Deals where id > '5' order by id asc limit 0, 2001",
        "select id from Deals where id > '5' and id > '6' and id > '7' order by id asc limit 0, 5",
        "select id from Deals where (id > '5' order by id asc limit 0, 5",
    ],
)
def test_the_fake_refuses_queries_that_zoho_would(query: str) -> None:
    with pytest.raises(coql.BadQuery):
        coql.answer(query, [{"id": "6"}])
    assert coql.answer("select id from Deals where id > '5' order by id asc limit 0, 5", [{"id": "6"}])
