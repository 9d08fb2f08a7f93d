"""Workbooks: types the file states, formulas, errors, and files made to do harm."""

import struct
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from xml.etree.ElementTree import ParseError

import openpyxl
import pytest
from defusedxml.common import EntitiesForbidden

from tabular import (
    ISO,
    AmbiguousDates,
    Limits,
    NumberStyle,
    Reader,
    TableError,
    open_table,
    profile,
    read_date,
)
from tests.tabular.conftest import MakeFile


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "book"


def save(path: Path, *sheets: list[list[object]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for number, rows in enumerate(sheets, 1):
        sheet = workbook.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
    with path.open("wb") as file:
        workbook.save(file)
    return path


def test_open_table_reads_types_as_the_workbook_states_them(book: Path) -> None:
    values = ["alice", 42, 42.0, 0.1 + 0.2, 100.1, 1e21, True, None]
    save(book, [[f"h{number}" for number in range(8)], values])
    (row,) = open_table(book).rows()
    assert list(row.cells.values()) == ["alice", "42", "42", "0.3", "100.1", "1" + "0" * 21, "TRUE", ""]
    assert row.kinds == {**{f"h{number}": "number" for number in range(1, 6)}, "h6": "boolean"}


def test_open_table_reads_dates_and_times_as_iso(book: Path) -> None:
    values = [
        date(2027, 3, 12),
        datetime.fromisoformat("2027-03-12T08:30"),
        time(7, 15),
        timedelta(hours=46),
        datetime.fromisoformat("2027-04-05"),
    ]
    save(book, [["on", "at", "from", "for", "midnight"], values])
    (row,) = open_table(book).rows()
    assert list(row.cells.values()) == [
        "2027-03-12",
        "2027-03-12T08:30:00",
        "07:15:00",
        "46:00:00",
        "2027-04-05",
    ]
    assert list(row.kinds.values()) == ["date", "datetime", "time", "duration", "date"]
    assert read_date(row.cells["at"], ISO) == date(2027, 3, 12)


def test_open_table_takes_the_first_filled_sheet_or_the_named_one(book: Path) -> None:
    save(book, [], [["name", "amount"], ["alice", 1]], [["name", "amount"], ["bob", 2]])
    assert open_table(book).format.label == "Excel workbook, sheet Sheet 2"
    assert [row.cells["name"] for row in open_table(book, sheet="Sheet 3").rows()] == ["bob"]
    with pytest.raises(TableError, match=r"no sheet “Deals”\. Its sheets are: Sheet 1, Sheet 2, Sheet 3"):
        open_table(book, sheet="Deals")


def test_open_table_refuses_a_workbook_without_rows(book: Path) -> None:
    with pytest.raises(TableError, match="holds no filled sheet"):
        open_table(save(book, [], []))


def test_headers_of_a_sheet_are_found_below_titles(book: Path) -> None:
    save(book, [["Pipeline"], [], [None, "Name", "Amount"], [None, "alice", 1], [], [None, "bob"]])
    table = open_table(book)
    assert table.headers == ("Column A", "Name", "Amount")
    assert table.format.header_row == 3
    assert [(row.line, row.cells["Name"], row.problem) for row in table.rows()] == [
        (4, "alice", None),
        (6, "bob", None),
    ]


def test_rows_uses_a_formulas_stored_value_and_reports_its_absence(make_sheet: MakeFile) -> None:
    path = make_sheet(
        row(1, text("A1", "name"), text("B1", "amount"))
        + row(2, text("A2", "alice"), '<c r="B2"><f>1+1</f><v>2</v></c>')
        + row(3, text("A3", "bob"), '<c r="B3"><f>1+1</f></c>')
        + row(4, text("A4", "charlie"), '<c r="B4"/>')
    )
    rows = list(open_table(path).rows())
    assert [each.cells["amount"] for each in rows] == ["2", "", ""]
    assert [each.problem is None for each in rows] == [True, False, True]
    assert str(rows[1].problem) == (
        "line 3, column amount: the cell holds a formula without a stored value; "
        "open the workbook in Excel and save it"
    )


def test_rows_reports_error_values_and_numbers_beyond_bounds(make_sheet: MakeFile) -> None:
    path = make_sheet(
        row(1, text("A1", "name"), text("B1", "amount"))
        + row(2, text("A2", "alice"), '<c r="B2" t="e"><v>#N/A</v></c>')
        + row(3, text("A3", "bob"), '<c r="B3"><v>1.5e400</v></c>')
        + row(4, text("A4", "charlie"), '<c r="B4"><v>3</v></c>')
    )
    rows = list(open_table(path).rows())
    assert [str(each.problem) for each in rows] == [
        "line 2, column amount: the cell holds the error #N/A",
        "line 3, column amount: the cell holds inf, which is not a number",
        "None",
    ]


def test_rows_reports_rows_too_wide_and_cells_too_long(book: Path) -> None:
    save(book, [["name", "note"], ["alice", "x", None, "lost"], ["bob", "x" * 60]])
    rows = list(open_table(book, limits=Limits(max_cell=50)).rows())
    assert str(rows[0].problem) == "line 2: the row has 4 cells, the header has 2"
    assert str(rows[1].problem) == "line 3, column note: the cell is longer than 50 characters"


def test_reader_takes_stated_types_over_the_columns_format(book: Path) -> None:
    save(book, [["amount", "due"], [1234.5, date(2027, 3, 4)], ["1.234,50", "04/03/2027"]])
    table = open_table(book)
    found = profile(table, {"amount": "amount", "due": "due"}).columns
    assert found["amount"].numbers is NumberStyle.COMMA
    assert isinstance(found["due"].dates, AmbiguousDates)
    reader = Reader("amount", numbers=NumberStyle.COMMA)
    assert [str(reader.decimal(each)) for each in table.rows()] == ["1234.5", "1234.50"]
    due = Reader("due", found["due"].dates.candidates[0].format)
    assert [due.date(each) for each in table.rows()] == [date(2027, 3, 4)] * 2


def test_rows_can_be_read_again_and_left_early(book: Path) -> None:
    table = open_table(save(book, [["name", "amount"], *[["alice", number] for number in range(500)]]))
    rows = table.rows()
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert len(list(table.rows())) == len(list(table.rows())) == 500


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def test_open_table_refuses_xml_entities(make_sheet: MakeFile) -> None:
    path = make_sheet(row(1, text("A1", "name"), text("B1", "&b;")), prologue=ENTITIES)
    with pytest.raises(TableError, match="damaged or not a real Excel workbook") as caught:
        open_table(path)
    assert caught.value.__cause__ is not None
    assert isinstance(caught.value.__cause__.__cause__, EntitiesForbidden)
    harmless = make_sheet(row(1, text("A1", "name"), text("B1", "&amp;b;")))
    assert open_table(harmless).headers == ("name", "&b;")


def test_open_table_refuses_a_workbook_that_unpacks_to_too_much(make_sheet: MakeFile) -> None:
    path = make_sheet(row(1, text("A1", "name"), text("B1", "x" * 2_000_000)))
    assert path.stat().st_size < 20_000
    with pytest.raises(TableError, match="too large when unpacked"):
        open_table(path, limits=Limits(max_expanded_bytes=1_000_000))
    held = make_sheet(row(1, text("A1", "name")), xl__sharedStrings=b"x" * 2_000_000)
    with pytest.raises(TableError, match="too large when unpacked"):
        open_table(held, limits=Limits(max_part_bytes=1_000_000))


def test_open_table_refuses_a_part_larger_than_it_states(make_sheet: MakeFile) -> None:
    path = make_sheet("".join(row(n, text(f"A{n}", "name"), text(f"B{n}", "x" * 50)) for n in range(1, 300)))
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    content = path.read_bytes().replace(struct.pack("<L", size), struct.pack("<L", 1_000))
    assert open_table(path).headers[0] == "name"
    path.write_bytes(content)
    with pytest.raises(TableError, match="damaged or not a real Excel workbook") as caught:
        open_table(path)
    assert isinstance(caught.value.__cause__, (zipfile.BadZipFile, ParseError))


@pytest.mark.parametrize("number", ["99999999999", "2000000"])
def test_rows_refuses_row_numbers_no_sheet_has(make_sheet: MakeFile, number: str) -> None:
    path = make_sheet(
        row(1, text("A1", "name"), text("B1", "note")) + row(int(number), text(f"A{number}", "alice"))
    )
    with pytest.raises(TableError, match="damaged or not a real Excel workbook"):
        list(open_table(path).rows())


def test_open_table_refuses_a_number_of_5000_digits(make_sheet: MakeFile) -> None:
    path = make_sheet(
        row(1, text("A1", "name"), text("B1", "amount"))
        + row(2, text("A2", "alice"), f'<c r="B2"><v>{"9" * 5_000}</v></c>')
    )
    with pytest.raises(TableError, match="damaged or not a real Excel workbook") as caught:
        list(open_table(path).rows())
    assert "4300 digits" in str(caught.value.__cause__)


def row(number: int, *cells: str) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


def text(place: str, value: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
