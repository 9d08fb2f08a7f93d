"""Exports nobody here wrote: CRM pipelines, orders, deliveries."""

import gzip
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tabular import (
    NULL_WORDS,
    DateFormat,
    Field,
    FieldKind,
    Limits,
    NumberStyle,
    Reader,
    TableError,
    guess_columns,
    open_table,
    profile,
    read_date,
    read_decimal,
)

Find = Callable[[str], Path]
DEALS = (
    Field("reference", "Deal ID", ("opportunity id",), kind=FieldKind.TEXT),
    Field("stage", "Stage", ("deal stage",)),
    Field("opened", "Engage date", ("create date",), kind=FieldKind.DATE),
    Field("closes", "Close date", (), kind=FieldKind.DATE),
    Field("amount", "Amount", ("close value",), kind=FieldKind.MONEY),
)


@pytest.mark.parametrize(
    ("name", "rows", "form"),
    [
        ("crm_maven/sales_pipeline.csv", 8_800, "ymd"),
        ("crm_maven/variants/pipeline_ddmmyyyy.csv", 8_800, "dmy-4"),
        ("crm_maven/variants/pipeline_huda_no_id.csv", 6_711, "mdy/4"),
    ],
)
def test_three_exports_of_one_pipeline_read_the_same(
    public_data: Find, name: str, rows: int, form: str
) -> None:
    table = open_table(public_data(name))
    mapping = {
        field: guess.header for field, guess in guess_columns(table.headers, DEALS).items() if guess.sure
    }
    assert set(mapping) | {"reference"} == {field.name for field in DEALS}
    found = profile(table, mapping)
    assert (found.rows, found.problem_rows) == (rows, 0)
    formats = [found.columns[field].dates for field in ("opened", "closes")]
    assert all(isinstance(each, DateFormat) and each.code == form for each in formats)
    closes, amount = Reader(mapping["closes"], dates=DateFormat.parse(form)), Reader(mapping["amount"])
    quarters: Counter[int] = Counter()
    for row in table.rows():
        if row.cells[mapping["stage"]] == "Won":
            day = closes.date(row)
            assert day is not None
            assert day.year == 2017
            quarters[(day.month + 2) // 3] += int(amount.decimal(row) or 0)
    assert [quarters[quarter] for quarter in (1, 2, 3, 4)] == [1_134_672, 3_086_111, 2_982_255, 2_802_496]


def test_deliveries_with_cr_line_ends_and_words_among_dates(public_data: Find) -> None:
    table = open_table(public_data("promise_scms/SCMS_raw_tab_CR.csv"))
    assert (table.format.line_ends, table.format.delimiter, len(table.headers)) == ("CR", "\t", 33)
    mapping = {
        "quoted": "PQ First Sent to Client Date",
        "promised": "Scheduled Delivery Date",
        "delivered": "Delivered to Client Date",
        "value": "Line Item Value",
        "freight": "Freight Cost (USD)",
    }
    found = profile(table, mapping)
    assert (found.rows, found.problem_rows) == (10_324, 0)
    codes = {name: found.columns[name].dates.code for name in ("quoted", "promised", "delivered")}  # type: ignore[union-attr]
    assert codes == {"quoted": "mdy/2", "promised": "d-month-y", "delivered": "d-month-y"}
    assert found.columns["freight"].numbers is NumberStyle.POINT
    form = DateFormat.parse("d-month-y")
    gaps: Counter[str] = Counter()
    for row in table.rows():
        late = read_date(row.cells[mapping["delivered"]], form) - read_date(
            row.cells[mapping["promised"]], form
        )
        gaps["late" if late.days > 0 else "early" if late.days else "on the day"] += 1
    assert gaps == {"early": 2_814, "on the day": 6_324, "late": 1_186}


def test_orders_with_null_and_accents(public_data: Find) -> None:
    table = open_table(public_data("northwind/orders.csv"))
    found = profile(table, {"needed": "requiredDate", "shipped": "shippedDate", "region": "shipRegion"})
    assert found.rows == 830
    assert found.columns["needed"].dates == DateFormat.parse("ymd")
    assert (found.columns["shipped"].filled, found.columns["shipped"].empty) == (809, 21)
    needed, shipped = Reader("requiredDate"), Reader("shippedDate")
    pairs = [(needed.date(row), shipped.date(row)) for row in table.rows()]
    assert sum(1 for due, done in pairs if due and done and done <= due) == 772
    assert "Toms Spezialitäten" in {row.cells["shipName"] for row in table.rows()}


def test_order_lines_add_up_exactly(public_data: Find) -> None:
    total = Decimal(0)
    for row in open_table(public_data("northwind/order_details.csv")).rows():
        price, quantity, discount = (
            read_decimal(row.cells[name]) for name in ("unitPrice", "quantity", "discount")
        )
        total += price * quantity * (1 - discount)
    assert round(total, 2) == Decimal("1265793.04")


def test_service_requests_beyond_the_row_limit(public_data: Find, tmp_path: Path) -> None:
    path = tmp_path / "requests"
    path.write_bytes(
        gzip.decompress(public_data("promise_boston311/boston311_2011H2_slim.csv.gz").read_bytes())
    )
    with pytest.raises(TableError, match=r"more than 50,000 rows\. Split it"):
        profile(open_table(path), {"due": "target_dt"}, {"due": FieldKind.TEXT})
    table = open_table(path, limits=Limits(max_rows=60_000))
    both = sum(1 for row in table.rows() if row.cells["target_dt"] and row.cells["closed_dt"])
    assert both == 43_821


def test_tables_without_column_names_are_refused_unless_told(public_data: Find) -> None:
    path = public_data("adventureworks_capacity/EmployeeDepartmentHistory.csv")
    with pytest.raises(TableError, match="looks like data"):
        open_table(path)
    rows = list(open_table(path, header=False).rows())
    open_rows = [row for row in rows if row.cells["Column E"] in NULL_WORDS]
    assert Counter(row.cells["Column C"] for row in open_rows) == {"1": 176, "2": 62, "3": 52}
