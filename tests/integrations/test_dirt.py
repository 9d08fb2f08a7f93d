"""Every kind of dirt, end to end through the command."""

import gzip
import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from commitments.models import Commitment, Deal, DealLine, Offering
from integrations.models import FileImport, RememberedMapping
from tenants.models import Organization, OutboxEntry
from tenants.scope import tenant_scope
from tests.factories.tenants import Organizations
from tests.integrations.conftest import Importer

pytestmark = pytest.mark.django_db
NO_ID = "the cell is empty, so the row cannot be told from others"
SCIENTIFIC = "“1e400” is in scientific notation, which has lost digits; format the column as a number"
HUGE = "99,999,999,999,999,999 is too large for an amount"
NUL = "the cell holds a NUL character, which cannot be stored"
LONG = "the text has 251 characters; up to 250 can be kept"
DIGITS = "“٣٤٥” is written with digits other than 0 to 9"
DECIMALS = "12.345 has more than two decimals; is the mark a thousands separator?"
NO_DAY = "“2027-02-30” is not a day of the calendar when read as year-month-day"
TWICE = "The column “Company” is given for two fields: deal’s name and company."
NOTHING_KNOWN = "No column is known to hold the deal’s name or company or deal’s id. Say which one does."
HEAD = "Deal ID,Deal name,Company,Amount,Close date\n"


def deals(of: Organization, *fields: str) -> list[Any]:
    with tenant_scope(of.pk):
        return list(Deal.objects.order_by("external_id").values_list(*fields, flat=len(fields) == 1))


def one(answer: dict[str, Any]) -> tuple[Any, ...]:
    """The only refused row."""
    (row,) = answer["rejected_rows"]
    return row["line"], row["column"], row["reason"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_encodings(import_file: Importer, acme: Organization, encoding: str) -> None:
    text = "Deal ID,Name,Company\n" + "".join(f"{n},Dämmung Süd {n},Müller & Söhne\n" for n in range(10, 40))
    answer = import_file(text.encode(encoding))
    assert (answer["created"], answer["rejected"]) == (30, 0)
    assert deals(acme, "name", "company__name")[0] == ("Dämmung Süd 10", "Müller & Söhne")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_line_ends_and_delimiters(import_file: Importer, acme: Organization, ends: str, mark: str) -> None:
    rows = [["Deal ID", "Deal name", "Company"], ["1", "Roof", "Kestrel"], ["2", "Wall", "Heron"]]
    answer = import_file(ends.join(mark.join(row) for row in rows) + ends)
    assert (answer["created"], answer["rejected"]) == (2, 0)
    assert deals(acme, "name") == ["Roof", "Wall"]


def test_quotes_hold_delimiters_line_ends_and_doubled_quotes(
    import_file: Importer, acme: Organization
) -> None:
    text = HEAD + '1,"Roof, ""south""\nside",Kestrel,5,2027-03-01\n2,Wall,Heron,x,2027-03-01\n'
    answer = import_file(text)
    assert deals(acme, "name") == ['Roof, "south" side']
    assert one(answer) == (4, "Amount", "“x” is not a number")


def test_unclosed_quote_refuses_the_whole_file(import_file: Importer, acme: Organization) -> None:
    body = "".join(f"{n},Deal {n},Kestrel,5,2027-03-01\n" for n in range(2000))
    answer = import_file(HEAD + body + '3000,"Roof,Kestrel,5,2027-03-01\n' + body)
    assert answer["exit"] == 1
    assert answer["error"].startswith('Line 2002 opens a quote (") that is not closed.')
    assert deals(acme, "pk") == []
    with tenant_scope(acme.pk):
        assert FileImport.objects.get().status == "failed"


@pytest.mark.parametrize(
    ("row", "refused"),
    [
        ("1,Roof,Kestrel,5", (2, None, "the row has only 4 of 5 cells")),
        ("1,Roof,Kestrel,5,2027-03-01,more", (2, None, "the row has 6 cells, the header has 5")),
        (",Roof,Kestrel,5,2027-03-01", (2, "Deal ID", NO_ID)),
        ("1,Roof,Kestrel,NaNa,2027-03-01", (2, "Amount", "“NaNa” is not a number")),
        ("1,Roof,Kestrel,1e400,2027-03-01", (2, "Amount", SCIENTIFIC)),
        ("1,Roof,Kestrel,1_000,2027-03-01", (2, "Amount", "“1_000” is not a number")),
        ("1,Roof,Kestrel,٣٤٥,2027-03-01", (2, "Amount", DIGITS)),
        ("1,Roof,Kestrel,12.345,2027-03-01", (2, "Amount", DECIMALS)),
        ("1,Roof,Kestrel,99999999999999999,2027-03-01", (2, "Amount", HUGE)),
        ("1,Roof,Kestrel,5,2027-02-30", (2, "Close date", NO_DAY)),
        ("1,Roof,Kestrel,5,0217-02-03", (2, "Close date", "the year 217 cannot be right")),
        ("1,Roof,Kestrel,5,soon", (2, "Close date", "“soon” is not a date")),
        ("1,Roof,Kes\0trel,5,2027-03-01", (2, "Company", NUL)),
        (f"1,{'R' * 251},Kestrel,5,2027-03-01", (2, "Deal name", LONG)),
    ],
)  # fmt: skip
def test_bad_rows_are_refused_with_line_column_and_reason(
    import_file: Importer, acme: Organization, row: str, refused: tuple[Any, ...]
) -> None:
    good = "".join(f"9{n},Wall,Heron,7.5,2027-04-{n}\n" for n in range(10, 29))
    answer = import_file(HEAD + row + "\n" + good)
    assert (answer["exit"], answer["read"], answer["created"], answer["rejected"]) == (0, 20, 19, 1)
    assert one(answer) == refused
    assert len(deals(acme, "pk")) == 19


def test_all_problems_of_a_row_are_told(import_file: Importer) -> None:
    rows = "".join(f"{n},Deal,Kestrel,5,2027-03-{n}\n" for n in range(10, 29))
    answer = import_file(f"{HEAD}{rows}1,Roof,Kestrel,five,tomorrow\n")
    (row,) = answer["rejected_rows"]
    assert (row["column"], row["also"]) == (
        "Amount",
        [{"column": "Close date", "reason": "“tomorrow” is not a date"}],
    )


def test_money_is_read_in_the_style_of_the_whole_column(import_file: Importer, acme: Organization) -> None:
    text = "Deal ID;Name;Betrag\n1;A;1.234\n2;B;€ 12.345,60\n3;C;(7,50)\n4;D;0\n5;E;n/a\n"
    answer = import_file(text)
    assert answer["rejected"] == 0
    assert deals(acme, "amount", "currency") == [
        (Decimal("1234.00"), "EUR"),
        (Decimal("12345.60"), "EUR"),
        (Decimal("-7.50"), "EUR"),
        (Decimal("0.00"), "EUR"),
        (None, ""),
    ]


def test_currencies_come_from_column_cell_or_organization(import_file: Importer, acme: Organization) -> None:
    text = "Deal ID,Name,Amount,Currency\n1,A,5,usd\n2,B,£6,\n3,C,7,\n4,D,£8,USD\n5,E,9,dollars\n"
    answer = import_file(text)
    assert deals(acme, "currency") == ["USD", "GBP", "EUR"]
    assert [(row["line"], row["reason"]) for row in answer["rejected_rows"]] == [
        (5, "the row names two currencies, GBP and USD"),
        (6, "“dollars” is not a currency code such as EUR"),
    ]


def test_ambiguous_numbers_are_asked_for(import_file: Importer, acme: Organization) -> None:
    text = "Deal ID,Name,Amount\n1,A,1.234\n2,B,5.678\n"
    answer = import_file(text)
    assert (answer["exit"], answer["column"]) == (1, "Amount")
    assert answer["choices"] == ["1,234.50", "1.234,50"]
    import_file(text, answer["mapping"] | {"numbers": {"Amount": "1.234,50"}})
    assert deals(acme, "amount") == [Decimal(1234), Decimal(5678)]


AMBIGUOUS = HEAD + "1,Roof,Kestrel,5,03/04/2027\n2,Wall,Heron,6,05/06/2027\n"


def test_ambiguous_dates_are_asked_for_and_the_answer_works(
    import_file: Importer, acme: Organization
) -> None:
    answer = import_file(AMBIGUOUS)
    assert answer["exit"] == 1
    assert answer["error"] == "The dates in “Close date” can be read in two ways. Which one is right?"
    assert (answer["column"], answer["choices"]) == ("Close date", ["D/M/Y", "M/D/Y"])
    assert answer["mapping"] == {"dates": {"Close date": "D/M/Y"}}
    assert deals(acme, "pk") == []
    assert import_file(AMBIGUOUS, {"dates": {"close_on": "mm/dd/yyyy"}})["created"] == 2
    assert deals(acme, "close_on") == [date(2027, 3, 4), date(2027, 5, 6)]
    assert import_file(AMBIGUOUS, answer["mapping"])["updated"] == 2
    assert deals(acme, "close_on") == [date(2027, 4, 3), date(2027, 6, 5)]


def test_one_unmistakable_date_decides_the_column(import_file: Importer, acme: Organization) -> None:
    answer = import_file(AMBIGUOUS + "3,Door,Kestrel,7,25/12/2027\n")
    assert answer["created"] == 3
    assert "Dates in “Close date” are read as day/month/year." in answer["notes"]
    assert deals(acme, "close_on") == [date(2027, 4, 3), date(2027, 6, 5), date(2027, 12, 25)]


def test_a_column_of_another_kind_is_asked_about(import_file: Importer) -> None:
    text = HEAD + "1,Roof,Kestrel,5,soon\n2,Wall,Heron,6,later\n"
    answer = import_file(text, {"columns": {"close_on": "Close date"}})
    assert (answer["exit"], answer["column"]) == (1, "Close date")
    assert answer["error"] == "The column “Close date” holds no dates: “soon”, “later”."
    assert answer["mapping"] == {"columns": {"close_on": None}}
    assert import_file(text, answer["mapping"])["created"] == 2


def test_a_well_named_column_of_another_kind_is_left_out_and_said_so(import_file: Importer) -> None:
    answer = import_file(HEAD + "1,Roof,Kestrel,5,soon\n2,Wall,Heron,6,later\n")
    assert (answer["exit"], answer["created"]) == (0, 2)
    why = "it is called “Close date”, but holds no dates"
    assert f"The column “Close date” is not used, for it is not sure: {why}." in answer["notes"]


def test_missing_required_columns_are_named(import_file: Importer) -> None:
    answer = import_file("Foo,Bar\n1,2\n")
    assert answer["exit"] == 1
    assert answer["error"] == NOTHING_KNOWN
    assert answer["choices"] == ["Foo", "Bar"]
    assert answer["mapping"] == {"columns": {"name": "name of the column"}}
    assert import_file("Foo,Bar\n1,2\n", {"columns": {"name": "Foo"}})["created"] == 1


@pytest.mark.parametrize(
    ("mapping", "error"),
    [
        ({"colums": {}}, "The mapping knows no “colums”."),
        ({"columns": {"nam": "Deal name"}}, "There is no field “nam”."),
        ({"columns": {"name": "Title"}}, "The file has no column “Title”, given for deal’s name."),
        ({"columns": {"name": "Company", "company": "Company"}}, TWICE),
        ({"dates": {"Close date": "whatever"}}, "“whatever” is no date format."),
        ({"stages": {"Won": "yes"}}, "The stage “Won” cannot be “yes”."),
        ({"defaults": {"currency": "Euro"}}, "The default currency must be a code such as EUR."),
        ({"source": "s" * 61}, "The source has at most 60 characters."),
    ],
)  # fmt: skip
def test_wrong_mappings_are_named(import_file: Importer, mapping: dict[str, Any], error: str) -> None:
    answer = import_file(HEAD + "1,Roof,Kestrel,5,2027-03-01\n", mapping)
    assert (answer["exit"], answer["error"]) == (1, error)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7 ...", "This is a PDF document."),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "This file is compressed (gzip)."),
        (b"<html><table></table></html>", "This is a web page"),
        (b'[{"id": 1}]', "This is a JSON file"),
        (b"Deal ID,Deal name\n", "The file has column names but no rows."),
    ],
)
def test_files_that_are_no_table_are_refused(import_file: Importer, content: bytes, error: str) -> None:
    answer = import_file(content)
    assert answer["exit"] == 1
    assert answer["error"].startswith(error)


def test_a_workbook_brings_its_own_types(import_file: Importer, acme: Organization) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Deals of the year"])
    sheet.append(["Deal ID", "Deal name", "Amount", "Close date", "Probability", "Product", "Qty"])
    noon = datetime(2027, 4, 3, 12)  # noqa: DTZ001 (workbooks know no zones)
    sheet.append([10248, "Roof", 1234.1, noon, 0.6, "Heat pump", 3])
    sheet.append([10249, "Wall", "1,000.50", date(2027, 5, 6), 0.25, None, None])
    content = io.BytesIO()
    book.save(content)
    answer = import_file(content.getvalue(), name="deals.xlsx")
    assert (answer["format"], answer["created"], answer["rejected"]) == ("Excel workbook, sheet Sheet", 2, 0)
    assert deals(acme, "external_id", "amount", "close_on", "probability") == [
        ("10248", Decimal("1234.10"), date(2027, 4, 3), Decimal("0.6")),
        ("10249", Decimal("1000.50"), date(2027, 5, 6), Decimal("0.25")),
    ]
    with tenant_scope(acme.pk):
        assert list(DealLine.objects.values_list("product_name", "quantity")) == [("Heat pump", 3)]


ITEMS = "Deal ID,Deal name,Stage,Product,Quantity,Delivery date\n"


def test_rows_of_one_id_are_lines_of_one_deal(import_file: Importer, acme: Organization) -> None:
    text = (
        ITEMS
        + "1,Roof,Won,Pump,2,2027-03-01\n"
        + "2,Wall,Won,Pump,1,2027-03-02\n"
        + "1,,,Meter,5,2027-03-09\n"  # the deal's own cells only in its first row
        + "1,Roof,Won,Pump,2,2027-03-01\n"
        + "1,Roof,Lost,Valve,1,2027-03-01\n"
    )
    answer = import_file(text)
    assert (answer["created"], answer["rejected"]) == (3, 2)
    assert [(row["line"], row["column"], row["reason"]) for row in answer["rejected_rows"]] == [
        (5, None, "the row repeats line 2"),
        (6, "Stage", "“Lost” is not the stage that line 2 gives for the same deal"),
    ]
    with tenant_scope(acme.pk):
        lines = DealLine.objects.order_by("deal__external_id", "position")
        assert list(lines.values_list("deal__external_id", "product_name", "quantity")) == [
            ("1", "Pump", 2),
            ("1", "Meter", 5),
            ("2", "Pump", 1),
        ]
    assert import_file(text)["unchanged"] == 3


def test_rows_without_an_id_are_counted_and_never_doubled(import_file: Importer, acme: Organization) -> None:
    text = "Company,Product,Stage,Amount\nKestrel,Pump,Open,5\nKestrel,Pump,Open,5\nHeron,Pump,Open,7\n"
    assert import_file(text)["created"] == 3
    won = text.replace("Heron,Pump,Open,7", "Heron,Pump,Won,9")
    answer = import_file(won)
    assert (answer["created"], answer["updated"], answer["unchanged"]) == (0, 1, 2)
    assert sorted(deals(acme, "name", "status")) == [
        ("Heron: Pump", "won"),
        ("Kestrel: Pump", "open"),
        ("Kestrel: Pump", "open"),
    ]


def test_sources_keep_equal_ids_apart(import_file: Importer, acme: Organization) -> None:
    row = HEAD + "1,Roof,Kestrel,5,2027-03-01\n"
    import_file(row)
    assert import_file(row, {"source": "old crm"})["created"] == 1
    assert sorted(deals(acme, "external_source")) == ["file", "old crm"]


def test_words_and_products_are_mapped(import_file: Importer, acme: Organization) -> None:
    with tenant_scope(acme.pk):
        pump = Offering.objects.create(name="Heat pump")
    text = "Deal ID,Name,Stage,Product\n1,A,Signed off,HP-9\n2,B,Parked,heatpump\n"
    answer = import_file(text, {"stages": {"Signed off": "won"}, "products": {"HP-9": "Heat Pump"}})
    assert answer["words"]["products"] == [
        {"word": "HP-9", "rows": 1, "means": pump.pk},
        {"word": "heatpump", "rows": 1, "means": pump.pk},
    ]
    assert deals(acme, "status") == ["won", "open"]


def test_the_mapping_is_remembered_for_the_same_columns(import_file: Importer, acme: Organization) -> None:
    text = "Foo,Bar,Phase\n1,Roof,Beta\n"
    mapping = {"columns": {"external_id": "Foo", "name": "Bar"}, "stages": {"Beta": "won"}}
    import_file(text, mapping)
    answer = import_file("Foo,Bar,Phase\n2,Wall,Beta\n")
    assert (answer["exit"], answer["created"]) == (0, 1)
    assert "The columns are read as the last time a file had these columns." in answer["notes"]
    assert deals(acme, "external_id", "name", "status") == [("1", "Roof", "won"), ("2", "Wall", "won")]


def test_an_answer_is_remembered_for_what_stays_open(import_file: Importer, acme: Organization) -> None:
    import_file(AMBIGUOUS, {"dates": {"close_on": "D/M/Y"}})
    for _ in range(2):
        assert import_file(AMBIGUOUS)["unchanged"] == 2


def test_a_remembered_date_order_gives_way_to_what_the_file_shows(
    import_file: Importer, acme: Organization
) -> None:
    import_file(AMBIGUOUS, {"dates": {"close_on": "D/M/Y"}})
    answer = import_file(HEAD + "1,Roof,Kestrel,5,03/04/2027\n2,Wall,Heron,6,05/25/2027\n")
    assert answer["rejected"] == 0
    assert deals(acme, "close_on") == [date(2027, 3, 4), date(2027, 5, 25)]


def test_dry_run_writes_neither_deals_nor_memory(import_file: Importer, acme: Organization) -> None:
    answer = import_file(HEAD + "1,Roof,Kestrel,5,2027-03-01\n2,Wall,Heron,x,2027-03-01\n", dry_run=True)
    assert (answer["dry_run"], answer["read"], answer["created"], answer["rejected"]) == (True, 2, 1, 1)
    with tenant_scope(acme.pk):
        assert not Deal.objects.exists()
        assert not RememberedMapping.objects.exists()
        assert not OutboxEntry.objects.exists()


def test_an_import_asks_for_judgement_and_an_unchanged_one_does_not(
    import_file: Importer, acme: Organization
) -> None:
    for wanted in (1, 0):
        import_file(HEAD + "1,Roof,Kestrel,5,2027-03-01\n")
        with tenant_scope(acme.pk):
            assert OutboxEntry.objects.filter(kind="reassess").count() == wanted
            OutboxEntry.objects.all().delete()


def test_organizations_do_not_meet(import_file: Importer, organizations: Organizations) -> None:
    row = HEAD + "1,Roof,Kestrel,5,2027-03-01\n"
    import_file(row)
    assert import_file(row, organization="other")["created"] == 1
    assert len(deals(organizations.acme, "pk")) == 1


def test_unknown_organization_or_file_is_named(import_file: Importer) -> None:
    answer = import_file(HEAD, organization="nobody")
    assert (answer["exit"], answer["option"]) == (1, "--organization")


ORDERS = "Order ID,Customer,Order date,Required date,Shipped date,Product\n"


def test_orders_become_promises_kept_and_broken(import_file: Importer, acme: Organization) -> None:
    with tenant_scope(acme.pk):
        Offering.objects.create(name="Heat pump")
    text = (
        ORDERS
        + "1,Kestrel,2025-01-04,2025-02-01,2025-02-01,Heat pump\n"
        + "2,Kestrel,2025-01-04,2025-02-01,2025-02-02,Heat pump\n"
        + "3,Kestrel,2025-01-04,2025-02-01,NULL,Heat pump\n"
        + "4,Kestrel,2025-03-04,2025-02-01,NULL,Heat pump\n"
        + "5,Kestrel,2025-01-04,2025-02-01,NULL,Sauna\n"
        + "6,Kestrel,2025-01-04,NULL,NULL,Heat pump\n"
        + "7,Kestrel,2025-01-04,2025-02-01,2199-01-01,Heat pump\n"
        + "1,Kestrel,2025-01-04,2025-02-01,2025-02-01,Heat pump\n"
    )
    answer = import_file(text, kind="commitments")
    assert answer["exit"] == 0
    assert [(row["line"], row["column"], row["reason"]) for row in answer["rejected_rows"]] == [
        (5, "Required date", "2025-02-01 is before the order, 2025-03-04"),
        (6, "Product", "there is no offering called “Sauna”"),
        (7, "Required date", "a promise needs a date"),
        (8, "Shipped date", "2199-01-01 lies in the future"),
        (9, "Order ID", "line 2 has the same id; one promise has one row"),
    ]
    with tenant_scope(acme.pk):
        promises = Commitment.objects.order_by("external_id")
        assert [(each.external_id, each.state, each.is_kept) for each in promises] == [
            ("1", "delivered", True),
            ("2", "delivered", False),
            ("3", "draft", None),
        ]
