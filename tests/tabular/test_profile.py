"""One pass tells what the mapped columns hold."""

from datetime import date
from decimal import Decimal

import pytest

from tabular import (
    AmbiguousDates,
    DateFormat,
    FieldKind,
    NotDates,
    NumberStyle,
    PercentScale,
    Reader,
    TableError,
    ValueProblem,
    open_table,
    profile,
)
from tests.tabular.conftest import MakeFile

FILE = (
    "Deal;Closes;Amount;Chance\n"
    "alice;31.12.2027;€ 1.234,50;60\n"
    "bob;01.02.2028;NULL;5\n"
    "charlie;;2.000;100\n"
    "bob;02.03.2028;1,5;n/a\n"
)
MAPPING = {"name": "Deal", "closes": "Closes", "amount": "Amount", "chance": "Chance"}


def test_profile_infers_each_column(make_file: MakeFile) -> None:
    found = profile(open_table(make_file(FILE)), MAPPING)
    assert (found.rows, found.problem_rows, found.problems) == (4, 0, ())
    assert found.columns["closes"].dates == DateFormat.parse("dmy.4")
    assert found.columns["amount"].numbers is NumberStyle.COMMA
    assert found.columns["chance"].percents is PercentScale.HUNDRED
    assert found.columns["name"].dates == NotDates(("alice", "bob", "charlie"))
    assert (found.columns["amount"].filled, found.columns["amount"].empty) == (3, 1)
    assert found.columns["name"].distinct == ("alice", "bob", "charlie")
    assert not found.columns["name"].more_distinct


def test_profile_infers_only_what_the_kinds_need(make_file: MakeFile) -> None:
    kinds = {
        "name": FieldKind.TEXT,
        "closes": FieldKind.DATE,
        "amount": FieldKind.MONEY,
        "chance": FieldKind.PERCENT,
    }
    columns = profile(open_table(make_file(FILE)), MAPPING, kinds).columns
    assert (columns["name"].dates, columns["name"].numbers, columns["name"].percents) == (None, None, None)
    assert (columns["closes"].numbers, columns["amount"].dates) == (None, None)
    assert columns["amount"].numbers is NumberStyle.COMMA


def test_profile_counts_problem_rows_of_mapped_columns_only(make_file: MakeFile) -> None:
    path = make_file("name,note,amount\nalice,x\0,1\nbob,y,2\0\ncharlie,z\nalice,z,4\n" + "bob,y,5\n" * 9)
    found = profile(open_table(path), {"name": "name", "amount": "amount"})
    assert (found.rows, found.problem_rows) == (13, 2)
    assert [(each.line, each.column) for each in found.problems] == [(3, "amount"), (4, None)]
    assert found.columns["name"].filled == 11


def test_profile_suggests_for_a_doubtful_column_what_its_neighbours_use(make_file: MakeFile) -> None:
    path = make_file("name,opened,closes\nalice,1/13/2027,2/3/2027\nbob,2/28/2027,4/5/2027\n")
    columns = profile(open_table(path), {"opened": "opened", "closes": "closes"}).columns
    assert isinstance(columns["closes"].dates, AmbiguousDates)
    assert columns["closes"].suggested_dates == DateFormat.parse("mdy/4")
    assert columns["opened"].suggested_dates is None


def test_profile_keeps_a_limited_number_of_distinct_values(make_file: MakeFile) -> None:
    path = make_file("name,amount\n" + "".join(f"alice {number},1\n" for number in range(2_000)))
    column = profile(open_table(path), {"name": "name"}).columns["name"]
    assert (len(column.distinct), column.more_distinct) == (500, True)


def test_profile_refuses_a_column_the_table_does_not_have(make_file: MakeFile) -> None:
    with pytest.raises(KeyError, match="the table has no column 'Price'"):
        profile(open_table(make_file(FILE)), {"amount": "Price"})


def test_profile_passes_on_what_breaks_the_file(make_file: MakeFile) -> None:
    with pytest.raises(TableError, match="Line 3 opens a quote"):
        profile(open_table(make_file('name,note\nalice,x\nbob,"y\n')), {"name": "name"})


def test_reader_reads_the_rows_as_the_profile_found_them(make_file: MakeFile) -> None:
    table = open_table(make_file(FILE))
    columns = profile(table, MAPPING).columns
    assert isinstance(columns["closes"].dates, DateFormat)
    closes = Reader("Closes", dates=columns["closes"].dates)
    amount, chance = Reader("Amount", numbers=NumberStyle.COMMA), Reader("Chance")
    rows = list(table.rows())
    assert [closes.date(row) for row in rows] == [
        date(2027, 12, 31),
        date(2028, 2, 1),
        None,
        date(2028, 3, 2),
    ]
    assert [amount.decimal(row) for row in rows[1:]] == [None, Decimal(2000), Decimal("1.5")]
    money = amount.money(rows[0])
    assert money is not None
    assert (money.amount, money.currency) == (Decimal("1234.50"), "EUR")
    assert [chance.percent(row) for row in rows] == [Decimal("0.6"), Decimal("0.05"), Decimal(1), None]
    assert [chance.integer(row) for row in rows] == [60, 5, 100, None]
    assert [Reader("Deal").text(row) for row in rows] == ["alice", "bob", "charlie", "bob"]
    with pytest.raises(ValueProblem, match="“alice” is not a number"):
        Reader("Deal").decimal(rows[0])
