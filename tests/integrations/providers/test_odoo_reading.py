"""What Odoo's deals look like, and how a run finds all of them in spite of its times."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.crm import Cursor, DealRecord, LineRecord, Pipeline, Status
from tests.integrations.crm.fake import START, pass_time, provider_of
from tests.integrations.providers.fake_odoo import FakeOdoo, FakeOldOdoo


@pytest.fixture(params=[FakeOdoo, FakeOldOdoo], ids=["json2", "jsonrpc"])
def odoo(request: pytest.FixtureRequest) -> Any:
    return request.param()


def run(odoo: FakeOdoo, cursor: Cursor | None = None) -> tuple[list[str], list[str], Cursor]:
    """Pull until done, each page by a new provider; return ids of deals and touched, and the new cursor."""
    deals: list[str] = []
    touched: list[str] = []
    for _ in range(100):
        page = provider_of(odoo).pull(cursor)
        deals += [deal.id for deal in page.deals]
        touched += page.touched
        cursor = page.cursor
        if page.done:
            return deals, touched, cursor
    raise AssertionError("the run does not end")


def read(odoo: FakeOdoo, deal_id: str) -> DealRecord:
    (deal,) = provider_of(odoo).fetch([deal_id]).deals
    return deal


def mapped(odoo: FakeOdoo, **fields: str) -> FakeOdoo:
    odoo.setup = replace(odoo.setup, fields=fields)
    return odoo


# Times


def test_microseconds_that_are_not_shown_lose_and_repeat_nothing(odoo: FakeOdoo) -> None:
    """1,203 rows of one second, their hidden microseconds in another order than their ids."""
    odoo.add(changed_at=START - timedelta(days=1))
    _, _, cursor = run(odoo)
    pass_time(odoo, hours=1)
    made = [odoo.add().id for _ in range(1203)]
    deals, _, cursor = run(odoo, cursor)
    assert deals == ["1", *made]  # the newest of the last run is within the look-back
    stored = [odoo._exact(deal.changed_at, int(deal.id)) for deal in odoo.deals.values()][1:]
    assert stored != sorted(stored)
    assert cursor == {"since": "2027-02-09 09:45:00"}


def test_a_transaction_that_began_before_the_last_run_and_ended_after_it(odoo: FakeOdoo) -> None:
    odoo.add()
    _, _, cursor = run(odoo)
    late = [odoo.add(changed_at=START - timedelta(minutes=14)).id for _ in range(400)]
    pass_time(odoo, minutes=5)
    deals, _, _ = run(odoo, cursor)
    assert set(late) <= set(deals)


def test_a_deal_changed_behind_the_page_comes_in_the_next_run(odoo: FakeOdoo) -> None:
    for _ in range(501):
        odoo.add()
    first = provider_of(odoo).pull(None)
    assert (len(first.deals), first.done, first.total) == (500, False, 501)
    pass_time(odoo, minutes=40)
    odoo.change("1", name="Changed meanwhile")
    deals, _, cursor = run(odoo, first.cursor)
    assert deals == ["501"]
    pass_time(odoo, minutes=1)
    deals, _, _ = run(odoo, cursor)
    assert "1" in deals


@pytest.mark.parametrize("ahead", [timedelta(hours=-3), timedelta(hours=3)])
def test_our_clock_may_be_wrong(odoo: FakeOdoo, ahead: timedelta) -> None:
    """The bookmark is by Odoo's clock; one that is ahead cannot move it past the present."""
    odoo.add()
    cursor = provider_of(odoo, now=lambda: odoo.now + ahead).pull(None).cursor
    pass_time(odoo, minutes=1)
    odoo.add()
    assert "2" in [deal.id for deal in provider_of(odoo, now=lambda: odoo.now + ahead).pull(cursor).deals]


def test_an_empty_odoo_is_asked_again_from_the_beginning(odoo: FakeOdoo) -> None:
    _, _, cursor = run(odoo)
    assert cursor == {"since": ""}
    odoo.add(changed_at=START - timedelta(days=400))
    assert run(odoo, cursor)[0] == ["1"]


def test_a_row_without_any_time_is_left_out_with_the_reason(odoo: FakeOdoo) -> None:
    """As rows imported past Odoo, by SQL."""
    bad, created, good = odoo.add(), odoo.add(), odoo.add()
    odoo.more = {bad.id: {"write_date": None, "create_date": None}, created.id: {"write_date": None}}
    page = provider_of(odoo).pull(None)
    assert [deal.id for deal in page.deals] == [created.id, good.id]
    assert [(one.id, one.reason) for one in page.skipped] == [
        (bad.id, "Odoo gives no readable time of its last change.")
    ]
    assert page.done


# What changes around a deal


def test_a_renamed_company_touches_its_deals(odoo: FakeOdoo) -> None:
    old = odoo.add(changed_at=START - timedelta(days=2))
    odoo.add(company="Heron Foods", changed_at=START - timedelta(days=2))
    odoo.add(company="Heron Foods")
    _, _, cursor = run(odoo)
    pass_time(odoo, minutes=5)
    odoo.rename_company("Kestrel Housing", "Kestrel Homes")
    _, touched, _ = run(odoo, cursor)
    assert touched == [old.id]
    assert read(odoo, old.id).company == "Kestrel Homes"


def test_a_renamed_company_touches_the_deals_of_its_people(odoo: FakeOdoo) -> None:
    """A deal's partner may be a person of the company, who is not changed by the new name."""
    deal = odoo.add(changed_at=START - timedelta(days=2))

    def employ() -> None:
        odoo.people = [odoo.person("Jo Alvarez", "Kestrel Housing")]
        odoo.more[deal.id] = {"partner_id": odoo.people[0]}

    employ()
    odoo.add(company="Heron Foods")
    _, _, cursor = run(odoo)
    pass_time(odoo, minutes=5)
    odoo.rename_company("Kestrel Housing", "Kestrel Homes")
    employ()
    assert run(odoo, cursor)[1] == [deal.id]
    assert read(odoo, deal.id).company == "Kestrel Homes"


def test_what_may_not_be_read_touches_nothing_and_keeps_nothing_else_back(odoo: FakeOdoo) -> None:
    """Odoo refuses a whole search for one path through records that the user may not read."""
    early = START - timedelta(days=2)
    renamed, quoted = odoo.add(changed_at=early), odoo.add(changed_at=early, company="", lines=[("Meter", 1)])
    odoo.add(company="Heron Foods")
    _, _, cursor = run(odoo)
    pass_time(odoo, minutes=5)
    odoo.rename_company("Kestrel Housing", "Kestrel Homes")
    odoo.change(quoted.id, lines=[("Meter", 2)])
    for denied, touched in {
        (): [renamed.id, quoted.id],
        ("sale.order",): [renamed.id],
        ("sale.order.line",): [renamed.id],
        ("res.partner",): [quoted.id],
        ("res.partner", "sale.order"): [],
    }.items():
        odoo.denied = {(model, "read") for model in denied}
        assert run(odoo, cursor)[1] == touched


def test_a_changed_quotation_touches_its_deal(odoo: FakeOdoo) -> None:
    early = START - timedelta(days=2)
    odoo.add(changed_at=early, lines=[("Meter", 1)])
    deal = odoo.add(changed_at=early, lines=[("Heat pump", 2)])
    odoo.add()
    _, _, cursor = run(odoo)
    pass_time(odoo, minutes=5)
    odoo.change(deal.id, lines=[("Heat pump", 3)])
    _, touched, _ = run(odoo, cursor)
    assert touched == [deal.id]
    assert read(odoo, deal.id).changed_at == early


def test_very_many_touched_deals_come_page_by_page(odoo: FakeOdoo) -> None:
    ids = [odoo.add(changed_at=START - timedelta(days=2)).id for _ in range(1100)]
    newest = odoo.add(company="Heron Foods")
    _, _, cursor = run(odoo)
    odoo.rename_company("Kestrel Housing", "Kestrel Homes")
    deals, touched, _ = run(odoo, cursor)
    assert (deals, touched) == ([newest.id], ids)


def test_a_quiet_run_takes_ten_requests_or_less(odoo: FakeOdoo) -> None:
    for number in range(200):
        odoo.add(company=f"Company {number}", lines=[("Heat pump", 2), ("Meter", 1)])
    _, _, cursor = run(odoo)
    odoo.requests.clear()
    run(odoo, cursor)
    assert len(odoo.requests) <= 11


# What a deal is


def test_lost_is_archived_and_keeps_its_stage(odoo: FakeOdoo) -> None:
    lost, won = odoo.add(stage_id="2"), odoo.add(stage_id="4")
    odoo.change(lost.id, archived=True)
    odoo.change(won.id, archived=True)
    deal = read(odoo, lost.id)
    assert (deal.status, deal.archived, deal.stage_id) == (Status.LOST, True, "2")
    deal = read(odoo, won.id)
    assert deal.archived
    assert deal.status is not Status.LOST


def test_archived_before_it_was_decided_is_lost(odoo: FakeOdoo) -> None:
    """Some archive without Odoo's button; then the probability stays."""
    deal = odoo.add(archived=True)
    odoo.more[deal.id] = {"probability": Decimal(35), "won_status": "pending"}
    assert read(odoo, deal.id).status is Status.LOST


def test_a_row_of_nothing_but_false(odoo: FakeOdoo) -> None:
    empty = dict.fromkeys(("amount", "currency", "probability", "close_on", "promised_on", "quantity"))
    made = odoo.add(**empty, company="", owner_id="", product="")
    odoo.more[made.id] = {"team_id": None, "stage_id": None}
    deal = read(odoo, made.id)
    assert (deal.amount, deal.currency, deal.probability, deal.close_on) == (None, "", None, None)
    assert (deal.company, deal.owner_id, deal.owner_name, deal.owner_email) == ("", "", "", "")
    assert (deal.promised_on, deal.product, deal.quantity) == (None, "", None)
    assert (deal.stage_id, deal.pipeline_id, deal.status) == ("", "", None)


def test_a_revenue_of_zero_was_never_entered(odoo: FakeOdoo) -> None:
    assert read(odoo, odoo.add(amount=Decimal(0)).id).amount is None
    assert read(odoo, odoo.add(amount=Decimal("0.01")).id).amount == Decimal("0.01")


def test_the_company_is_the_persons_company(odoo: FakeOdoo) -> None:
    deal = odoo.add()
    person = {"id": 100 + sum(b"Kestrel Housing"), "display_name": "Kestrel Housing, Jo Alvarez"}
    odoo.more[deal.id] = {"partner_id": person}
    assert read(odoo, deal.id).company == "Kestrel Housing"
    odoo.denied = {("res.partner", "read"), ("res.users", "read")}
    deal_read = read(odoo, deal.id)
    assert (deal_read.company, deal_read.owner_email) == ("Kestrel Housing, Jo Alvarez", "")
    odoo.more[deal.id] = {"partner_id": None, "partner_name": "Not a contact yet Ltd"}
    assert read(odoo, deal.id).company == "Not a contact yet Ltd"


def test_leads_share_the_table_and_are_no_deals(odoo: FakeOdoo) -> None:
    lead, deal = odoo.add(), odoo.add()
    odoo.more[lead.id] = {"type": "lead"}
    assert run(odoo)[0] == [deal.id]
    assert provider_of(odoo).list_ids(None).ids == (deal.id,)
    assert [found.id for found in provider_of(odoo).fetch([lead.id, deal.id]).deals] == [deal.id]


def test_what_was_deleted_is_missing_from_the_list_alone(odoo: FakeOdoo) -> None:
    kept, deleted = odoo.add(), odoo.add()
    _, _, cursor = run(odoo)
    odoo.delete(deleted.id)
    page = provider_of(odoo).pull(cursor)
    assert (page.gone, [deal.id for deal in page.deals]) == ((), [kept.id])
    assert provider_of(odoo).list_ids(None).ids == (kept.id,)


def test_the_list_goes_on_over_pages(odoo: FakeOdoo) -> None:
    ids = [odoo.add(archived=number % 7 == 0).id for number in range(2001)]
    first = provider_of(odoo).list_ids(None)
    assert (len(first.ids), first.cursor) == (2000, {"after": 2000})
    second = provider_of(odoo).list_ids(first.cursor)
    assert ([*first.ids, *second.ids], second.cursor) == (ids, None)


def test_only_chosen_teams(odoo: FakeOdoo) -> None:
    ours, other, without = odoo.add(), odoo.add(), odoo.add()
    odoo.more = {other.id: {"team_id": {"id": 5, "display_name": "Web"}}, without.id: {"team_id": None}}
    for teams, ids in {
        (): [ours.id, other.id, without.id],
        ("3",): [ours.id],
        ("3", "5"): [ours.id, other.id],
        ("3", ""): [ours.id, without.id],
    }.items():
        odoo.setup = replace(odoo.setup, pipelines=teams)
        assert run(odoo)[0] == ids
        assert list(provider_of(odoo).list_ids(None).ids) == ids


def test_teams_are_pipelines_and_shared_stages_belong_to_none(odoo: FakeOdoo) -> None:
    found = provider_of(odoo).discover()
    assert found.pipelines == (Pipeline("3", "Sales"), Pipeline("", "No team, and stages that all share"))
    assert {stage.pipeline_id for stage in found.stages} == {""}


# Mapped fields


def test_choices_come_by_their_label_and_records_by_their_name(odoo: FakeOdoo) -> None:
    deal = odoo.add()
    odoo.more[deal.id] = {"x_family": "warm", "x_offering": {"id": 9, "display_name": "Heat pump, 9 kW"}}
    assert read(mapped(odoo, product="x_family"), deal.id).product == "Warm water"
    assert read(mapped(odoo, product="x_offering"), deal.id).product == "Heat pump, 9 kW"


def test_an_instant_is_the_day_it_is_for_the_user(odoo: FakeOdoo) -> None:
    """Midnight of 12 March in Berlin is 11 March in UTC; a date stays as it is."""
    mapped(odoo, promised_on="x_at", earliest_start="x_promised_on")
    deal = odoo.add(promised_on=date(2027, 3, 11))
    odoo.more[deal.id] = {"x_at": START.replace(month=3, day=11, hour=23, minute=0)}
    read_deal = read(odoo, deal.id)
    assert (read_deal.promised_on, read_deal.earliest_start) == (date(2027, 3, 12), date(2027, 3, 11))


def test_a_mapped_field_that_was_removed_is_left_out(odoo: FakeOdoo) -> None:
    """Odoo refuses the whole request for one field that it does not know."""
    mapped(odoo, promised_on="x_gone", product="x_product")
    deal = read(odoo, odoo.add().id)
    assert (deal.promised_on, deal.product) == (None, "Heat pump")


# Line items


def lines_of(odoo: FakeOdoo, deal_id: str) -> list[tuple[str, Decimal | None]] | None:
    lines = read(odoo, deal_id).lines
    return None if lines is None else [(line.product, line.quantity) for line in lines]


def test_the_newest_quotation_counts_until_orders_are_confirmed(odoo: FakeOdoo) -> None:
    deal = odoo.add()
    first = odoo.order(deal.id, 11, [("Heat pump", 1)])
    second = odoo.order(deal.id, 12, [("Heat pump", 2), ("Meter", 1)])
    cancelled = odoo.order(deal.id, 13, [("Heat pump", 9)], state="cancel")
    odoo.orders[deal.id] = [first, second, cancelled]
    assert lines_of(odoo, deal.id) == [("Heat pump", Decimal(2)), ("Meter", Decimal(1))]
    confirmed = [odoo.order(deal.id, number, [("Heat pump", number)], state="sale") for number in (14, 15)]
    odoo.orders[deal.id] = [first, *confirmed, second]
    assert lines_of(odoo, deal.id) == [("Heat pump", Decimal(14)), ("Heat pump", Decimal(15))]


def test_headings_and_down_payments_are_no_lines(odoo: FakeOdoo) -> None:
    deal = odoo.add()
    order = odoo.order(deal.id, 11, [("Heat pump", 2), ("First floor", 0), ("Down payment", 1)])
    order["order_line"][1] |= {"display_type": "line_section", "product_id": None}
    order["order_line"][2] |= {"is_downpayment": True}
    odoo.orders[deal.id] = [order]
    assert lines_of(odoo, deal.id) == [("Heat pump", Decimal(2))]


def test_a_quotations_delivery_date_is_the_lines_promise(odoo: FakeOdoo) -> None:
    deal = odoo.add()
    midnight = datetime.fromisoformat("2027-06-30T22:00:00+00:00")  # 1 July in Berlin
    odoo.orders[deal.id] = [odoo.order(deal.id, 11, [("Heat pump", 2)], commitment_date=midnight)]
    assert read(odoo, deal.id).lines == (
        LineRecord(product="Heat pump", quantity=Decimal(2), promised_on=date(2027, 7, 1)),
    )


def test_a_deal_without_a_quotation_has_no_lines_but_its_own_fields(odoo: FakeOdoo) -> None:
    deal = read(odoo, odoo.add().id)
    assert (deal.lines, deal.product, deal.quantity) == ((), "Heat pump", Decimal(24))


def test_without_the_sales_app_or_the_right_there_are_no_lines(odoo: FakeOdoo) -> None:
    deal = odoo.add(lines=[("Meter", 4)])
    odoo.denied = {("sale.order", "read")}
    assert lines_of(odoo, deal.id) is None
    odoo.denied = {("sale.order.line", "read")}
    assert lines_of(odoo, deal.id) is None
    odoo.denied, odoo.sells = set(), False
    assert lines_of(odoo, deal.id) is None
    assert ("sale.order", "search_read") not in odoo.calls[-5:]
