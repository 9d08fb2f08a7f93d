"""What is peculiar to a file at an address: versions, positions, columns, rows that cannot be read, links."""

import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import openpyxl
import pytest

from integrations.crm import CrmError, DealRecord, LineRecord, NeedsSignIn, Skipped, Status
from integrations.files.rows import CONTENT
from tests.integrations.crm.fake import pass_time, provider_of
from tests.integrations.crm.proving import all_ids, run, subclass
from tests.integrations.providers.fake_spreadsheet import PASSWORD, URL, FakeSpreadsheet

HEAD = "Deal ID,Deal name,Stage,Amount,Close date\n"


@pytest.fixture
def fake() -> FakeSpreadsheet:
    return FakeSpreadsheet()


def holding(fake: FakeSpreadsheet, text: str | bytes, **fields: str) -> FakeSpreadsheet:
    """Put this file there, with columns chosen by an admin."""
    fake.text = text
    fake.setup = replace(fake.setup, fields=fields)
    return fake


def only(fake: FakeSpreadsheet) -> DealRecord:
    [deal] = run(fake).deals.values()
    return deal


def refused(fake: FakeSpreadsheet) -> str:
    with pytest.raises(CrmError) as caught:
        provider_of(fake).check()
    assert caught.value.permanent
    with pytest.raises(CrmError, match=str(caught.value)[:30]):
        provider_of(fake).pull(None)
    return str(caught.value)


# Versions and positions


@pytest.mark.parametrize("sends", [("etag", "last-modified"), ("last-modified",), ()])
def test_a_file_that_did_not_change_brings_nothing(fake: FakeSpreadsheet, sends: tuple[str, ...]) -> None:
    fake.sends = sends
    fake.add()
    pass_time(fake, hours=1)
    first = run(fake)
    again = provider_of(fake).pull(first.cursor)
    assert (again.deals, again.done, again.cursor) == ((), True, first.cursor)
    fake.add()
    fake.moved_on = fake.now
    assert len(run(fake, again.cursor).deals) == 2


def test_an_unchanged_file_is_not_even_sent(fake: FakeSpreadsheet) -> None:
    fake.add()
    cursor = run(fake).cursor
    assert "if-none-match" not in fake.requests[-1].headers
    provider_of(fake).pull(cursor)
    assert "if-none-match" in fake.requests[-1].headers


def test_a_time_of_change_that_may_yet_stand_for_another_file_is_not_relied_on(fake: FakeSpreadsheet) -> None:
    fake.sends = ("last-modified",)
    fake.add()
    cursor = run(fake).cursor
    fake.add()  # in the same second: the server would say that nothing changed
    assert len(run(fake, cursor).deals) == 2


def test_pages_go_on_where_they_were_and_begin_again_with_another_file(fake: FakeSpreadsheet) -> None:
    subclass(fake, page_size=2)
    names = [fake.add().name for _ in range(5)]
    first = provider_of(fake).pull(None)
    assert ([deal.name for deal in first.deals], first.done, first.total) == (names[:2], False, 5)
    second = provider_of(fake).pull(first.cursor)
    assert [deal.name for deal in second.deals] == names[2:4]
    fake.add()
    anew = provider_of(fake).pull(second.cursor)
    assert ([deal.name for deal in anew.deals], anew.total) == (names[:2], 6)
    rest = run(fake, anew.cursor)
    assert len(rest.deals) == 4
    assert run(fake, rest.cursor).deals == {}


def test_ids_go_on_where_they_were(fake: FakeSpreadsheet) -> None:
    subclass(fake, ids_size=2)
    ids = [fake.add().id for _ in range(5)]
    assert all_ids(fake) == ids


@pytest.mark.parametrize(("name", "value"), [("url", URL + "?sheet=2"), ("dates", "D/M/Y")])
def test_a_position_ends_with_what_was_entered(fake: FakeSpreadsheet, name: str, value: str) -> None:
    fake.add()
    cursor = run(fake).cursor
    fake.setup = replace(fake.setup, entries={**fake.setup.entries, name: value})
    assert len(run(fake, cursor).deals) == 1


# Columns and rows


def test_reads_other_encodings_delimiters_and_orders(fake: FakeSpreadsheet) -> None:
    text = "Vorgangsnummer;Firma;Betrag;Abschlussdatum;Phase\n7;Müller;1.200,50 €;31.03.2027;Gewonnen\n"
    deal = only(holding(fake, text.encode("cp1252")))
    assert (deal.id, deal.company, deal.amount, deal.currency) == ("7", "Müller", Decimal("1200.50"), "EUR")
    assert (deal.close_on, deal.stage_id, deal.status) == (date(2027, 3, 31), "Gewonnen", None)
    [stage] = provider_of(fake).discover().stages
    assert (stage.id, stage.status) == ("Gewonnen", Status.WON)


def test_reads_a_workbook(fake: FakeSpreadsheet) -> None:
    book, kept = openpyxl.Workbook(), io.BytesIO()
    sheet: Any = book.active
    sheet.append(["Deal ID", "Deal name", "Amount", "Close date"])
    sheet.append([7, "Roof", 1200.5, date(2027, 3, 2)])
    book.save(kept)
    deal = only(holding(fake, kept.getvalue()))
    assert (deal.id, deal.name, deal.amount, deal.close_on) == (
        *("7", "Roof", Decimal("1200.50"), date(2027, 3, 2)),
    )


def test_rows_of_one_id_are_its_lines(fake: FakeSpreadsheet) -> None:
    text = (
        "Deal ID,Deal name,Product,Quantity,Delivery date\n"
        "7,Roof,Heat pump,2,2027-03-12\n8,Wall,,,\n7,,Buffer tank,1,2027-03-19\n7,Cellar,Pump,1,\n"
    )
    chosen = {"product": "Product", "quantity": "Quantity", "promised_on": "Delivery date"}
    found = run(holding(fake, text, **chosen))
    assert found.deals["7"].lines == (
        LineRecord(product="Heat pump", quantity=Decimal(2), promised_on=date(2027, 3, 12)),
        LineRecord(product="Buffer tank", quantity=Decimal(1), promised_on=date(2027, 3, 19)),
    )
    assert (found.deals["8"].lines, found.deals["8"].product, found.deals["8"].quantity) == (None, "", None)
    reason = "line 5, column “Deal name”: “Cellar” is not the deal’s name that line 2 gives for the same deal"
    assert found.pages[0].skipped == (Skipped("7", reason),)


def test_without_a_column_for_it_one_is_meant(fake: FakeSpreadsheet) -> None:
    deal = only(holding(fake, "Deal ID,Deal name,Product\n7,Roof,Heat pump\n", product="Product"))
    assert (deal.product, deal.quantity) == ("Heat pump", Decimal(1))


def test_a_row_that_cannot_be_read_is_skipped_and_its_deal_is_not_gone(fake: FakeSpreadsheet) -> None:
    text = HEAD + "7,Roof,Won,twelve,2027-03-01\n8,Wall,Won,900,2027-03-02\n,Cellar,Won,5,2027-03-03\n9,x\n"
    found = run(holding(fake, text))
    assert list(found.deals) == ["8"]
    assert [each.id for each in found.pages[0].skipped] == ["7", "line 4", "9"]
    assert found.pages[0].skipped[0].reason == "line 2, column “Amount”: “twelve” is not a number"
    assert all_ids(fake) == ["7", "8", "9"]
    fetched = provider_of(fake).fetch(["7", "8", "10"])
    assert ([deal.id for deal in fetched.deals], [each.id for each in fetched.skipped]) == (["8"], ["7"])


def test_rows_without_an_id_are_told_apart_by_their_content(fake: FakeSpreadsheet) -> None:
    text = "Deal name,Amount\nRoof,900\nRoof,700\nRoof,bad\nWall,5\n"
    found = run(holding(fake, text))
    assert [deal.amount for deal in found.deals.values()] == [Decimal(900), Decimal(700), Decimal(5)]
    ids = list(found.deals)
    assert all(id.startswith(CONTENT) for id in ids)
    assert [id.rpartition("#")[2] for id in ids] == ["1", "2", "1"]
    assert [each.id for each in found.pages[0].skipped] == ["line 4"]
    assert set(all_ids(fake)) > set(ids)
    assert any("No column holds an id" in lack for lack in provider_of(fake).check().lacks)


def test_a_file_without_rows_has_no_deals(fake: FakeSpreadsheet) -> None:
    assert run(holding(fake, HEAD)).deals == {}
    assert all_ids(fake) == []


def test_a_file_that_broke_off_is_tried_again(fake: FakeSpreadsheet) -> None:
    for text in ("", HEAD + '7,"Roof,Won,900,2027-03-01\n'):
        with pytest.raises(CrmError, match=r"The file cannot be read\. ") as caught:
            provider_of(holding(fake, text)).pull(None)
        assert not caught.value.permanent


def test_columns_are_offered_with_what_they_surely_are(fake: FakeSpreadsheet) -> None:
    fake.add()
    fields = {field.key: (field.kind, field.means) for field in provider_of(fake).discover().fields}
    assert fields["Delivery date"] == ("date", "promised_on")
    assert fields["Quantity"] == ("number", "quantity")
    assert fields["Product"] == ("text", "product")
    assert fields["Close date"] == ("date", "")
    assert fields["Amount"] == ("number", "")


# What a person must decide


def test_dates_that_can_be_read_in_two_ways_are_asked_about(fake: FakeSpreadsheet) -> None:
    holding(fake, HEAD + "7,Roof,Won,900,03/04/2027\n")
    assert "“Close date” can be read with the day or with the month first" in refused(fake)
    entries = fake.setup.entries
    for order, day in (("D/M/Y", date(2027, 4, 3)), ("M/D/Y", date(2027, 3, 4))):
        fake.setup = replace(fake.setup, entries={**entries, "dates": order})
        assert only(fake).close_on == day
    fake.text = HEAD + "7,Roof,Won,900,31/04/2027\n7,Roof,Won,900,30/04/2027\n"
    fake.setup = replace(fake.setup, entries={**entries, "dates": "M/D/Y"})
    assert only(fake).close_on == date(2027, 4, 30)  # what the file shows counts more


def test_numbers_that_can_be_read_in_two_ways_are_asked_about(fake: FakeSpreadsheet) -> None:
    holding(fake, 'Deal ID,Deal name,Amount\n7,Roof,"1,200"\n')
    assert "“Amount” can be read with a decimal point or with a decimal comma" in refused(fake)
    fake.setup = replace(fake.setup, entries={**fake.setup.entries, "numbers": "1,234.50"})
    assert only(fake).amount == Decimal(1200)


def test_a_chosen_column_that_went_is_named(fake: FakeSpreadsheet) -> None:
    holding(fake, HEAD + "7,Roof,Won,900,2027-03-01\n", promised_on="Install by")
    assert "no column “Install by” any more, which was chosen for the promised date" in refused(fake)


def test_a_chosen_column_of_the_wrong_kind_is_named(fake: FakeSpreadsheet) -> None:
    holding(fake, HEAD + "7,Roof,Won,900,2027-03-01\n", promised_on="Stage")
    assert refused(fake).startswith("The column “Stage” holds no dates: “Won”. Choose another")


def test_a_file_that_names_no_deal_is_refused(fake: FakeSpreadsheet) -> None:
    holding(fake, "Colour,Weight\nred,5\n")
    assert refused(fake).startswith("No column is known to hold the deal’s name or company or deal’s id.")


def test_a_doubtful_column_is_left_out_and_told_of(fake: FakeSpreadsheet) -> None:
    holding(fake, "Deal ID,Deal name,Amount\n7,Roof,large\n8,Wall,small\n")
    assert [deal.amount for deal in run(fake).deals.values()] == [None, None]
    [lack] = provider_of(fake).check().lacks
    assert lack.startswith("The column “Amount” is not read, for it is not sure: ")


# Addresses


def test_a_token_is_sent_instead_of_a_password(fake: FakeSpreadsheet) -> None:
    fake.add()
    fake.credentials = {"token": PASSWORD}
    assert len(run(fake).deals) == 1
    assert fake.requests[-1].headers["authorization"] == f"Bearer {PASSWORD}"
    fake.credentials = {"token": "wrong"}
    with pytest.raises(NeedsSignIn):
        provider_of(fake).pull(None)


SHEET = "https://docs.google.com/spreadsheets/d/1/export?format=csv"
KEPT = "https://doc-0s-1.googleusercontent.com/export/1"


def _leading(fake: FakeSpreadsheet, first: str, to: str, status: int = 307) -> None:
    """Let the first address lead on to another one."""
    fake.setup = replace(fake.setup, entries={**fake.setup.entries, "url": first})

    def handle(request: httpx.Request) -> httpx.Response:
        fake.requests.append(request)
        if str(request.url) == first:
            return httpx.Response(status, headers={"location": to})
        return httpx.Response(200, text=HEAD + "7,Roof,Won,900,2027-03-01\n")

    fake.handle = handle  # type: ignore[method-assign]


def test_a_shared_link_leads_on_and_the_password_stays_behind(fake: FakeSpreadsheet) -> None:
    fake.setup = replace(fake.setup, fields={})
    _leading(fake, SHEET, KEPT)
    assert len(run(fake).deals) == 1
    assert ["authorization" in request.headers for request in fake.requests] == [True, False]


def test_a_server_may_lead_on_to_itself(fake: FakeSpreadsheet) -> None:
    fake.setup = replace(fake.setup, fields={})
    _leading(fake, URL, "/crm/deals-2027-02-09.csv", status=302)
    assert len(run(fake).deals) == 1
    assert ["authorization" in request.headers for request in fake.requests] == [True, True]


@pytest.mark.parametrize(
    ("first", "to"),
    [
        (URL, KEPT),
        (URL, "https://169.254.169.254/latest"),
        (URL, URL.replace("https", "http")),
        (URL, "https://[broken"),
        (URL, ""),
        (SHEET, "https://accounts.google.com/signin"),
        (SHEET, "https://googleusercontent.com.evil.example/"),
        (SHEET, "https://docs.google.com@evil.googleusercontent.com/"),
    ],
)
def test_an_address_leads_nowhere_else(fake: FakeSpreadsheet, first: str, to: str) -> None:
    _leading(fake, first, to)
    with pytest.raises(CrmError) as caught:
        provider_of(fake).pull(None)
    assert {request.url.host for request in fake.requests} == {httpx.URL(first).host}
    assert "export" not in str(caught.value).replace("exports.kestrel.example", "")


def test_a_missing_file_is_waited_for(fake: FakeSpreadsheet) -> None:
    fake.setup = replace(fake.setup, entries={**fake.setup.entries, "url": URL + ".old"})
    with pytest.raises(CrmError, match="has no file at this address") as caught:
        provider_of(fake).pull(None)
    assert not caught.value.permanent


def test_the_account_stays_the_same_when_the_file_moves(fake: FakeSpreadsheet) -> None:
    fake.add()
    account = provider_of(fake).check()
    assert (account.name, account.currency) == ("deals.csv at exports.kestrel.example", "EUR")
    fake.setup = replace(
        fake.setup, account_id=account.id, entries={**fake.setup.entries, "url": URL + "?moved"}
    )
    assert provider_of(fake).check().id == account.id
    fake.setup = replace(fake.setup, account_id="")
    assert provider_of(fake).check().id != account.id


def test_records_are_of_the_moment_of_reading(fake: FakeSpreadsheet) -> None:
    fake.add(changed_at=fake.now - timedelta(days=9))
    pass_time(fake, minutes=3)
    assert only(fake).changed_at == fake.now
