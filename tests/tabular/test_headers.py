"""Column names: where they stand, repeated ones, missing ones."""

import pytest

from tabular import TableError, open_table
from tabular.headers import column_letters
from tests.tabular.conftest import MakeFile


def test_headers_that_repeat_get_a_number_and_a_note(make_file: MakeFile) -> None:
    table = open_table(make_file("Name, Amount ,Amount,Amount (2),Amount\na,b,c,d,e\n"))
    assert table.headers == ("Name", "Amount", "Amount (2)", "Amount (2) (2)", "Amount (3)")
    assert table.notes[0] == "Column C repeats the name “Amount” and is called “Amount (2)”."
    assert list(next(table.rows()).cells.values()) == ["a", "b", "c", "d", "e"]


def test_headers_without_a_name_are_called_after_their_column(make_file: MakeFile) -> None:
    table = open_table(make_file("Name,,Column B,\na,b,c,\nd,e,f,\n"))
    assert table.headers == ("Name", "Column B", "Column B (2)")
    assert "Column B has no name and is called “Column B”." in table.notes


def test_headers_are_found_below_titles(make_file: MakeFile) -> None:
    table = open_table(make_file("Pipeline report\n\nName,Stage,Amount\nalice,won,1\nbob,lost,2\n"))
    assert table.headers == ("Name", "Stage", "Amount")
    assert table.format.header_row == 3
    assert table.notes == ("1 row(s) above the column names, from row 1, were left out.",)
    assert [row.line for row in table.rows()] == [4, 5]


def test_footers_of_reports_are_listed_as_problems(make_file: MakeFile) -> None:
    rows = list(open_table(make_file('Name,Amount\nalice,1\n"Confidential, do not share"\n')).rows())
    assert [str(row.problem) for row in rows] == ["None", "line 3: the row has only 1 of 2 cells"]


def test_headers_lose_marks_and_line_ends(make_file: MakeFile) -> None:
    table = open_table(make_file('\ufeff\ufeffName,"Close\ndate",\u200bAmount\na,b,c\n'))
    assert table.headers == ("Name", "Close date", "Amount")


@pytest.mark.parametrize(
    "first", ["1\tDay\t07:00:00", "1\tDay\t2008-04-30 00:00:00.000", "274\t.0120\tx", "x\t31/12/2027\ty"]
)
def test_open_table_refuses_data_without_column_names(make_file: MakeFile, first: str) -> None:
    path = make_file(f"{first}\n{first}\n")
    with pytest.raises(TableError, match="looks like data, not like column names"):
        open_table(path)
    table = open_table(path, header=False)
    assert table.headers == ("Column A", "Column B", "Column C")
    assert [row.line for row in table.rows()] == [1, 2]


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_column_letters_count_as_spreadsheets_do(index: int, letters: str) -> None:
    assert column_letters(index) == letters
