"""What is peculiar to HubSpot: its search, its bin, its lines, its strict writes, its signed batches."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from integrations.crm import (
    BadSignature,
    CrmError,
    Gone,
    Hosts,
    NoteUnknown,
    OwnField,
    RawRequest,
    Skipped,
    Stage,
    Status,
)
from integrations.http import Door, Rules
from integrations.providers.hubspot import HubSpot
from tests.integrations.crm.fake import Fault, pass_time, provider_of
from tests.integrations.crm.proving import all_ids, op_of, ready_to_write, run
from tests.integrations.providers.fake_hubspot import FakeHubSpot


@pytest.fixture
def fake() -> FakeHubSpot:
    return FakeHubSpot()


def _asked(fake: FakeHubSpot, method: str, path: str) -> list[Any]:
    """Return the bodies of the requests to a path."""
    return [
        json.loads(request.content)
        for request in fake.requests
        if (request.method, request.url.path) == (method, path)
    ]


def _with(fake: FakeHubSpot, path: str, change: Any) -> None:
    """Let what is answered on a path be changed: change(content)."""
    sound = fake.answer

    def answer(request: httpx.Request) -> httpx.Response:
        response = sound(request)
        if request.url.path != path:
            return response
        content = response.json()
        return httpx.Response(response.status_code, json=change(content) or content)

    fake.answer = answer  # type: ignore[method-assign]


DEALS = "/crm/objects/2026-09/deals"


# Reading


def test_changes_are_paged_by_id_and_never_by_the_searchs_own_paging(fake: FakeHubSpot) -> None:
    for _ in range(250):
        fake.add()
    cursor = run(fake).cursor
    fake.requests.clear()
    run(fake, cursor)
    searches = _asked(fake, "POST", f"{DEALS}/search")
    assert len(searches) == 3
    for search in searches:
        assert (search["after"], search["limit"]) == ("0", 100)
        assert search["sorts"] == [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]


def test_search_costs_more_than_other_requests(fake: FakeHubSpot) -> None:
    """HubSpot takes five searches a second, so that a search weighs as two requests."""
    fake.add()
    cursor = run(fake).cursor
    costs: list[int] = []
    door = Door(
        Rules(frozenset({"api.hubapi.com"})), before=costs.append, through=httpx.MockTransport(fake.handle)
    )
    fake.requests.clear()
    provider_of(fake, door=door).pull(cursor)
    searches = [request.url.path.endswith("/search") for request in fake.requests]
    assert costs == [2 if search else 1 for search in searches]
    assert any(searches)


def test_backfill_says_how_many_will_come(fake: FakeHubSpot) -> None:
    for _ in range(120):
        fake.add()
    assert [page.total for page in run(fake).pages] == [120, 120]


def test_lines_that_change_without_their_deal_are_seen(fake: FakeHubSpot) -> None:
    deal = fake.add(lines=[("Heat pump", 24)])
    cursor = run(fake).cursor
    for _ in range(3):  # past the look-back, as another deal changes
        pass_time(fake, minutes=30)
        fake.add()
        cursor = run(fake, cursor).cursor
    pass_time(fake, minutes=30)
    fake.change_lines_only(deal.id, [("Heat pump", 30)])
    found = run(fake, cursor)
    assert [id for page in found.pages for id in page.touched].count(deal.id) == 1
    [line] = found.deals[deal.id].lines or ()
    assert line.quantity == 30


def test_primary_company_names_the_customer(fake: FakeHubSpot) -> None:
    fake.add(company="Aardvark Lettings")  # associated with every deal in the fake, never as the primary one
    deal = fake.add(company="Kestrel Housing")
    nameless = fake.add(company="")
    deals = run(fake).deals
    assert deals[deal.id].company == "Kestrel Housing"
    assert deals[nameless.id].company == ""


def test_label_of_the_accounts_own_makes_no_company_the_primary_one(fake: FakeHubSpot) -> None:
    fake.add(company="Aardvark Lettings")
    deal = fake.add(company="Kestrel Housing")

    def label(content: Any) -> None:
        own = {"category": "USER_DEFINED", "typeId": 5, "label": "Billed instead"}
        for result in content["results"]:
            result["to"][0]["associationTypes"].append(own)

    _with(fake, "/crm/associations/2026-09/deals/companies/batch/read", label)
    assert run(fake).deals[deal.id].company == "Kestrel Housing"


def test_owner_who_left_is_named(fake: FakeHubSpot) -> None:
    there, left, unknown = fake.add(owner_id="1"), fake.add(owner_id="2"), fake.add(owner_id="3")
    deals = run(fake).deals
    named = [(deals[deal.id].owner_name, deals[deal.id].owner_email) for deal in (there, left, unknown)]
    assert named == [("Erin Vale", "erin@kestrel.example"), ("Omar", "omar@kestrel.example"), ("", "")]
    assert deals[unknown.id].owner_id == "3"


def test_deals_address_at_hubspot(fake: FakeHubSpot) -> None:
    deal = fake.add()
    assert run(fake).deals[deal.id].url == f"https://app.hubspot.com/contacts/7001/record/0-3/{deal.id}"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2027-03-01", date(2027, 3, 1)),
        ("2027-03-01T23:59:59.999Z", date(2027, 3, 1)),
        ("2027-03-02T01:09:44Z", date(2027, 3, 1)),  # the account is five hours behind UTC
        ("2027-03-02T05:00:00Z", date(2027, 3, 2)),
        ("2027-03-01T00:00:00Z", date(2027, 3, 1)),
        ("1803859200000", date(2027, 3, 1)),
        ("1803949784000", date(2027, 3, 1)),
        ("0001-01-01T00:30:00Z", date(1, 1, 1)),
        ("", None),
        ("soon", None),
        ("99999999999999999999", None),
    ],
)
def test_dates_in_every_form_that_hubspot_has(fake: FakeHubSpot, written: str, read: date | None) -> None:
    deal = fake.add()
    _with(fake, DEALS, lambda content: content["results"][0]["properties"].update(closedate=written))
    assert run(fake).deals[deal.id].close_on == read


@pytest.mark.parametrize(
    ("details", "read"),
    [
        ({"timeZone": "Asia/Tokyo"}, date(2027, 3, 2)),
        ({"timeZone": "Nowhere/Here", "utcOffsetMilliseconds": 3_600_000}, date(2027, 3, 2)),
        ({"timeZone": None, "utcOffsetMilliseconds": 10**12}, date(2027, 3, 1)),
        ({"timeZone": "", "utcOffsetMilliseconds": None}, date(2027, 3, 1)),
    ],
)
def test_days_are_those_of_the_accounts_zone(fake: FakeHubSpot, details: Any, read: date) -> None:
    deal = fake.add()
    _with(fake, "/account-info/2026-09/details", lambda content: {**content, **details})
    late = {"closedate": "2027-03-01T23:30:00Z"}
    _with(fake, DEALS, lambda content: content["results"][0]["properties"].update(late))
    assert run(fake).deals[deal.id].close_on == read


def test_many_chosen_pipelines_fit_into_no_search(fake: FakeHubSpot) -> None:
    deal = fake.add()
    elsewhere = tuple(f"7b0a1f3e-0000-4000-8000-{n:012}" for n in range(80))
    fake.setup = replace(fake.setup, pipelines=("default", *elsewhere))
    assert run(fake, run(fake).cursor).deals.keys() == {deal.id}
    fake.setup = replace(fake.setup, pipelines=elsewhere)
    assert run(fake, run(fake).cursor).deals == {}


@pytest.mark.parametrize(
    "path", ["/crm/associations/2026-09/deals/line_items", "/crm/objects/2026-09/line_items"]
)
def test_batch_that_failed_in_part_loses_no_lines(fake: FakeHubSpot, path: str) -> None:
    fake.add(lines=[("Heat pump", 24)])
    error = {"status": "error", "category": "INTERNAL_ERROR", "message": "Try again."}
    change = {"results": [], "numErrors": 1, "errors": [error]}
    _with(fake, f"{path}/batch/read", lambda content: {**content, **change})
    with pytest.raises(CrmError, match="Try again") as caught:
        run(fake)
    assert not caught.value.permanent


def test_lines_that_are_not_ours_to_see_stop_no_page(fake: FakeHubSpot) -> None:
    deal = fake.add(lines=[("Heat pump", 24)])
    error = {"status": "error", "category": "FORBIDDEN", "message": "Not for this user."}
    change = {"results": [], "numErrors": 1, "errors": [error]}
    _with(fake, "/crm/objects/2026-09/line_items/batch/read", lambda content: {**content, **change})
    assert run(fake).deals[deal.id].lines == ()


def test_one_unreadable_deal_stops_no_page(fake: FakeHubSpot) -> None:
    broken, odd, sound = fake.add(), fake.add(), fake.add()

    def spoil(content: Any) -> None:
        content["results"][0]["properties"] = None
        content["results"][1]["properties"] |= {
            "amount": "a lot",
            "units": "2,5",
            "hs_deal_stage_probability": "7",
        }

    _with(fake, DEALS, spoil)
    found = run(fake)
    assert found.deals.keys() == {odd.id, sound.id}
    assert found.pages[0].skipped == (Skipped(broken.id, "HubSpot does not say when the deal was changed."),)
    read = found.deals[odd.id]
    assert (read.amount, read.quantity, read.probability) == (None, None, None)


def test_deal_restored_from_the_bin_comes_again(fake: FakeHubSpot) -> None:
    deal = fake.add()
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    fake.delete(deal.id)
    found = run(fake, cursor)
    assert deal.id in found.gone
    assert deal.id not in all_ids(fake)
    pass_time(fake, hours=1)
    fake.change(deal.id, deleted=False)
    found = run(fake, found.cursor)
    assert deal.id in found.deals
    assert deal.id not in found.gone
    assert all_ids(fake) == [deal.id]


def test_bins_older_content_is_not_told_again(fake: FakeHubSpot) -> None:
    old = fake.add()
    fake.delete(old.id)
    pass_time(fake, days=3)
    fake.add()
    cursor = run(fake).cursor
    assert old.id not in run(fake, cursor).gone


def test_two_merged_deals_go_to_the_third(fake: FakeHubSpot) -> None:
    first, second = fake.add(), fake.add()
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    fake.merge(first.id, second.id)
    third = fake.deals[first.id].merged_into
    found = run(fake, cursor)
    assert found.gone == {first.id: Gone(first.id, third), second.id: Gone(second.id, third)}
    fetched = provider_of(fake).fetch([first.id])
    assert [deal.id for deal in fetched.deals] == [third]
    assert Gone(first.id, third) in fetched.gone
    both = provider_of(fake).fetch([first.id, second.id])
    assert [deal.id for deal in both.deals] == [third]


def test_merge_that_keeps_the_primary_ones_id(fake: FakeHubSpot) -> None:
    loser, primary = fake.add(), fake.add()
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    fake.change(loser.id, merged_into=primary.id, deleted=True)
    fake.change(primary.id)
    fake.merges[primary.id] = [loser.id, primary.id]
    found = run(fake, cursor)
    assert found.gone == {loser.id: Gone(loser.id, primary.id)}
    assert found.deals.keys() == {primary.id}


def test_stages_mean_what_hubspot_says_or_their_probability(fake: FakeHubSpot) -> None:
    said: list[Mapping[str, str]] = [
        {"probability": "0.2", "isClosed": "false"},
        {"probability": "1.0", "isClosed": "true"},
        {"probability": "0.0", "isClosed": "true"},
        {"probability": "0.0", "isClosed": "false"},
        {"probability": "1.0"},
        {"probability": "0.0"},
        {},
    ]
    stages = [
        {"id": f"s{n}", "label": f"S {n}", "displayOrder": -n, "metadata": m} for n, m in enumerate(said)
    ]
    pipeline = {"id": "p", "label": "Sales", "stages": stages}
    _with(fake, "/crm/pipelines/2026-09/deals", lambda content: {"results": [pipeline]})
    found = provider_of(fake).discover().stages
    assert [stage.id for stage in found] == ["s6", "s5", "s4", "s3", "s2", "s1", "s0"]
    statuses = {stage.id: stage.status for stage in found}
    assert statuses == {
        "s0": Status.OPEN, "s1": Status.WON, "s2": Status.LOST, "s3": Status.OPEN,
        "s4": Status.WON, "s5": Status.LOST, "s6": Status.OPEN,
    }  # fmt: skip
    assert found[0] == Stage("s6", "S 6", "p", 0, None, Status.OPEN)
    assert found[-1].probability == Decimal("0.2")


def test_answer_of_another_form_is_trouble_not_a_crash(fake: FakeHubSpot) -> None:
    fake.add()
    for path in (DEALS, "/crm/owners/2026-09", "/crm/associations/2026-09/deals/companies/batch/read"):
        spoilt = FakeHubSpot()
        spoilt.add()
        _with(spoilt, path, lambda content: {"status": "ok"})
        with pytest.raises(CrmError) as caught:
            run(spoilt)
        assert not caught.value.permanent


def test_check_says_which_rights_are_missing(fake: FakeHubSpot) -> None:
    fake.fail(Fault.NOT_ALLOWED, on="GET /crm/objects/2026-09/line_items")
    account = provider_of(fake).check()
    assert (account.id, account.currency) == ("7001", "EUR")
    assert account.lacks == ("Line items cannot be read.",)
    fake.fail(Fault.SERVER_ERROR, on="line_items")
    with pytest.raises(CrmError):
        provider_of(fake).check()


def test_missing_scope_is_named(fake: FakeHubSpot) -> None:
    fake.fail(Fault.NOT_ALLOWED)
    with pytest.raises(CrmError, match=r"missing rights: crm\.objects\.deals\.read"):
        provider_of(fake).pull(None)
    refusal = httpx.Response(403, json={"context": {"missingScopes": ["crm.objects.owners.read"]}})
    fake.answer = lambda request: refusal  # type: ignore[method-assign]
    with pytest.raises(CrmError, match=r"missing rights: crm\.objects\.owners\.read"):
        provider_of(fake).pull(None)


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "7", 7),
        (429, "Tue, 09 Feb 2027 09:01:00 GMT", 60),
        (429, "nonsense", 10),
        (503, "30", 30),
        (423, None, 10),
    ],
)
def test_waiting_as_long_as_hubspot_says(
    fake: FakeHubSpot, status: int, header: str | None, seconds: int
) -> None:
    headers = {"Retry-After": header} if header else {}
    door = Door(
        Rules(frozenset({"api.hubapi.com"})),
        through=httpx.MockTransport(lambda request: httpx.Response(status, json={}, headers=headers)),
    )
    with pytest.raises(CrmError) as caught:
        provider_of(fake, door=door).pull(None)
    assert caught.value.try_at == fake.now + timedelta(seconds=seconds)


# Writing


def test_values_are_written_as_texts(fake: FakeHubSpot) -> None:
    ready_to_write(fake)
    deal = fake.add()
    zone = datetime.fromisoformat("2027-02-09T10:00:00+01:00")
    values: dict[OwnField, Any] = {
        OwnField.VERDICT: "Feasible",
        OwnField.EARLIEST: date(2027, 3, 12),
        OwnField.CHECKED_AT: zone,
        OwnField.LINK: None,
    }
    provider_of(fake).write(op_of(deal.id, values=values))
    [body] = _asked(fake, "PATCH", f"{DEALS}/{deal.id}")
    assert body == {
        "properties": {
            "concord_verdict": "Feasible",
            "concord_earliest_date": "2027-03-12",
            "concord_checked_at": "2027-02-09T10:00:00+01:00",
            "concord_link": "",
        }
    }


def test_note_shows_signs_as_they_are(fake: FakeHubSpot) -> None:
    ready_to_write(fake)
    deal = fake.add()
    provider_of(fake).write(op_of(deal.id, note="Not <b>yet</b> & late\nSee Concord", marker="[concord:a&b]"))
    [body] = _asked(fake, "POST", "/crm/objects/2026-09/notes")
    text = body["properties"]["hs_note_body"]
    assert text == "Not &lt;b&gt;yet&lt;/b&gt; &amp; late<br>See Concord<br>[concord:a&amp;b]"
    assert body["properties"]["hs_timestamp"] == "2027-02-09T09:00:00.000+00:00"


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.HTML])
def test_trouble_while_the_note_is_made_leaves_it_unknown(fake: FakeHubSpot, fault: Fault) -> None:
    ready_to_write(fake)
    deal = fake.add()
    fake.fail(fault, on="POST /crm/objects/2026-09/notes")
    with pytest.raises(NoteUnknown):
        provider_of(fake).write(op_of(deal.id))
    assert fake.written(deal.id)[OwnField.VERDICT] == "Feasible"


@pytest.mark.parametrize("fault", [Fault.TOO_MANY, Fault.INVALID, Fault.NOT_ALLOWED, Fault.REVOKED])
def test_note_that_was_refused_is_not_unknown(fake: FakeHubSpot, fault: Fault) -> None:
    ready_to_write(fake)
    deal = fake.add()
    fake.fail(fault, on="POST /crm/objects/2026-09/notes")
    with pytest.raises(CrmError) as caught:
        provider_of(fake).write(op_of(deal.id))
    assert not isinstance(caught.value, NoteUnknown)


def test_hubspots_own_words_say_what_is_wrong(fake: FakeHubSpot) -> None:
    ready_to_write(fake)
    deal = fake.add()
    fake.fail(Fault.INVALID, on="PATCH")
    with pytest.raises(CrmError, match="HubSpot refuses this: Close reason is required"):
        provider_of(fake).write(op_of(deal.id))
    fake.properties.pop("concord_verdict")
    with pytest.raises(CrmError, match='Property "concord_verdict" does not exist'):
        provider_of(fake).write(op_of(deal.id))


def test_our_properties_stand_in_a_group_of_their_own(fake: FakeHubSpot) -> None:
    provider_of(fake).ensure_fields()
    assert "concord" in fake.groups
    made = {name: known for name, known in fake.properties.items() if name.startswith("concord_")}
    assert {known["groupName"] for known in made.values()} == {"concord"}
    assert made["concord_earliest_date"]["type"] == "date"
    assert made["concord_checked_at"]["type"] == "datetime"
    assert made["concord_verdict"]["label"] == "Concord verdict"


# Webhooks


def _verified(fake: FakeHubSpot, events: Any, **changes: Any) -> Any:
    request = replace(fake.signed(json.dumps(events).encode()), **changes)
    return HubSpot.verify_webhook(request, secret="app-5ecre7", state={}, now=fake.now)


def test_batch_hints_at_all_its_deals_once(fake: FakeHubSpot) -> None:
    events = [
        fake.event("11"),
        fake.event("11", propertyName="dealstage"),
        fake.event("12", subscriptionType="deal.creation"),
        fake.event("13", subscriptionType="object.deletion", objectTypeId="0-3"),
        fake.event("14", subscriptionType="object.creation", objectTypeId="0-1"),
        fake.event("15", subscriptionType="contact.creation"),
        fake.event("16", subscriptionType="line_item.propertyChange"),
    ]
    found = _verified(fake, events)
    assert (found.deal_ids, found.account_id) == (("11", "12", "13"), "7001")


def test_merges_hint_at_all_their_deals(fake: FakeHubSpot) -> None:
    merge = fake.event(
        "21", subscriptionType="deal.merge", primaryObjectId=21, mergedObjectIds=[22], newObjectId=23
    )
    assert _verified(fake, [merge]).deal_ids == ("21", "23", "22")


@pytest.mark.parametrize(
    ("ends", "deals"),
    [
        ({"associationType": "DEAL_TO_LINE_ITEM"}, ("31",)),
        ({"associationType": "COMPANY_TO_DEAL"}, ("900",)),
        ({"associationType": "COMPANY_TO_CONTACT"}, ()),
        ({"fromObjectTypeId": "0-3", "toObjectTypeId": "0-8", "associationTypeId": 19}, ("31",)),
        ({"fromObjectTypeId": "0-2", "toObjectTypeId": "0-3", "associationTypeId": 6}, ("900",)),
        ({"fromObjectTypeId": "0-1", "toObjectTypeId": "0-2", "associationTypeId": 279}, ()),
    ],
)
def test_associations_hint_at_their_deals_by_name_or_by_type(
    fake: FakeHubSpot, ends: Any, deals: tuple[str, ...]
) -> None:
    for kind in ("deal.associationChange", "object.associationChange"):
        event = fake.link_event("31", "900", subscriptionType=kind, **ends)
        assert _verified(fake, [event]).deal_ids == deals


def test_associations_of_one_moment_are_deliveries_of_their_own(fake: FakeHubSpot) -> None:
    keys = {
        _verified(fake, [fake.link_event(*ends, associationType="DEAL_TO_LINE_ITEM", **more)]).key
        for ends, more in (
            (("31", "900"), {}),
            (("32", "901"), {}),
            (("32", "902"), {}),
            (("32", "902"), {"associationRemoved": True}),
        )
    }
    assert len(keys) == 4


def test_same_delivery_has_one_key_whichever_try_and_order(fake: FakeHubSpot) -> None:
    events = [fake.event("11"), fake.event("12")]
    again = [event | {"attemptNumber": 3, "eventId": 99} for event in reversed(events)]
    assert _verified(fake, events).key == _verified(fake, again).key
    for name, other in (
        ("occurredAt", 5),
        ("propertyName", "dealname"),
        ("subscriptionId", 78),
        ("objectId", 13),
    ):
        assert _verified(fake, [events[0], events[1] | {name: other}]).key != _verified(fake, events).key


def test_ids_of_another_account_are_left_out(fake: FakeHubSpot) -> None:
    found = _verified(fake, [fake.event("11"), fake.event("12", portalId=7002)])
    assert (found.account_id, found.deal_ids) == ("7001", ("11",))


def test_signature_covers_method_address_and_time(fake: FakeHubSpot) -> None:
    events = [fake.event("11")]
    sound = fake.signed(json.dumps(events).encode())
    later = str(int(sound.headers["x-hubspot-request-timestamp"]) + 1)
    for changes in (
        {"method": "PUT"},
        {"url": "https://concord.example/hooks/crm/other/"},
        {"headers": {**sound.headers, "x-hubspot-request-timestamp": later}},
        {"headers": {**sound.headers, "x-hubspot-signature-v3": ""}},
    ):
        with pytest.raises(BadSignature):
            _verified(fake, events, **changes)


def test_known_signature() -> None:
    """Counted with openssl, not with our own code."""
    request = RawRequest(
        "POST",
        "https://concord.example/hooks/crm/hubspot%2Fx?a=%40b",
        {
            "x-hubspot-request-timestamp": "1802163600000",
            "x-hubspot-signature-v3": "CySVUWcTsBIJ25axVfrSbVqLElg6ncwTzs/ZU6wrui4=",
        },
        b'[{"portalId":7001,"subscriptionType":"deal.creation","objectId":11}]',
    )
    now = datetime(2027, 2, 9, 9, 0, tzinfo=UTC)
    found = HubSpot.verify_webhook(request, secret="app-5ecre7", state={}, now=now)
    assert found.deal_ids == ("11",)


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[1, null]", b"\xff", b'[{"objectId": {}}]', b"[]"])
def test_signed_nonsense_hints_at_nothing(fake: FakeHubSpot, body: bytes) -> None:
    try:
        found = HubSpot.verify_webhook(fake.signed(body), secret="app-5ecre7", state={}, now=fake.now)
    except BadSignature:
        return
    assert found.deal_ids == ()


def test_webhook_belongs_to_the_app(fake: FakeHubSpot) -> None:
    assert provider_of(fake).ensure_webhook("https://concord.example/hooks/", None) is None
    assert fake.requests == []


# Another server with the same API


class Local(HubSpot):
    """HubSpot's API at an address that an admin enters."""

    key = "local"

    def __init__(self, **said: Any) -> None:
        self.api = said["setup"].entries["base_url"]
        super().__init__(**said)

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> Hosts:
        return Hosts(own=entries["base_url"])


def test_subclass_speaks_to_another_server(fake: FakeHubSpot) -> None:
    deal = fake.add()
    fake.provider = Local
    fake.setup = replace(fake.setup, entries={"base_url": "https://crm.localhost:8123/"})
    assert run(fake).deals.keys() == {deal.id}
    assert {request.url.netloc for request in fake.requests} == {b"crm.localhost:8123"}
