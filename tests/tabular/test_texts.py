"""Delimited text in every state of dirt."""

import codecs
from pathlib import Path

import pytest

from tabular import Limits, TableError, open_table
from tests.tabular.conftest import MakeFile


def cells(path: Path, **options: object) -> list[list[str]]:
    return [list(row.cells.values()) for row in open_table(path, **options).rows()]  # type: ignore[arg-type]


PLAIN = [["alice", "1"], ["bob", "2"]]


@pytest.mark.parametrize(
    ("delimiter", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "pipe")]
)
def test_open_table_finds_the_delimiter(make_file: MakeFile, delimiter: str, name: str) -> None:
    path = make_file("name,amount\nalice,1\nbob,2\n".replace(",", delimiter))
    assert open_table(path).format.delimiter == delimiter
    assert open_table(path).format.label == f"{name} separated text, utf-8, LF"
    assert cells(path) == PLAIN


def test_open_table_prefers_the_delimiter_that_divides_every_row(make_file: MakeFile) -> None:
    path = make_file("name;amount;note\nalice;1,5;a|b, c\nbob;2,5;d|e, f\ncharlie;3,5;\n")
    assert open_table(path).format.delimiter == ";"


def test_open_table_ignores_delimiters_inside_quotes(make_file: MakeFile) -> None:
    path = make_file('name|note\n"alice, first"|"x;y"\n"bob, second"|"x;y"\n')
    assert cells(path) == [["alice, first", "x;y"], ["bob, second", "x;y"]]


def test_open_table_obeys_the_delimiter_line_of_excel(make_file: MakeFile) -> None:
    path = make_file("sep=;\r\nname;amount\r\nalice;1\r\n")
    table = open_table(path)
    assert (table.headers, table.format.header_row) == (("name", "amount"), 2)
    assert [row.line for row in table.rows()] == [3]


def test_open_table_reads_a_single_column(make_file: MakeFile) -> None:
    assert cells(make_file("name\nalice\nbob\n")) == [["alice"], ["bob"]]


@pytest.mark.parametrize(
    ("end", "label"), [("\r\n", "CRLF"), ("\n", "LF"), ("\r", "CR")], ids=["CRLF", "LF", "CR"]
)
def test_open_table_finds_the_line_ends(make_file: MakeFile, end: str, label: str) -> None:
    path = make_file(end.join(["name,amount", "alice,1", "bob,2", ""]))
    assert open_table(path).format.line_ends == label
    assert cells(path) == PLAIN
    assert [row.line for row in open_table(path).rows()] == [2, 3]


def test_open_table_reads_mixed_line_ends(make_file: MakeFile) -> None:
    path = make_file("name,amount\r\nalice,1\rbob,2\n")
    assert open_table(path).format.line_ends == "mixed"
    assert cells(path) == PLAIN


def test_rows_keeps_line_ends_inside_quotes_and_counts_the_rows_first_line(make_file: MakeFile) -> None:
    path = make_file('name,note\nalice,"one\ntwo\r\nthree"\nbob,x\n')
    rows = list(open_table(path).rows())
    assert [(row.line, row.cells["note"]) for row in rows] == [(2, "one\ntwo\r\nthree"), (5, "x")]


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_open_table_reads_unicode_with_and_without_mark(make_file: MakeFile, encoding: str) -> None:
    path = make_file("name,city\nalice,Zürich\nbob,東京\n", encoding)
    table = open_table(path)
    assert table.headers == ("name", "city")
    assert [row.cells["city"] for row in table.rows()] == ["Zürich", "東京"]
    assert not table.format.encoding_guessed


@pytest.mark.parametrize("bom", [codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE])
def test_open_table_reads_a_big_endian_mark(make_file: MakeFile, bom: bytes) -> None:
    encoding = "utf-16-be" if bom == codecs.BOM_UTF16_BE else "utf-32-be"
    assert cells(make_file(bom + "name,amount\nalice,1\nbob,2\n".encode(encoding))) == PLAIN


WORDS = {
    "cp1252": "Müller & Söhne|Zürich|Électricité|naïve|Muñoz|5 €|it’s",
    "mac_roman": "Müller & Söhne|Zürich|Électricité|Château|Noël",
    "cp850": "Müller & Söhne|Zürich|Größe|Überweisung",
    "cp1250": "Żółć Sp. z o.o.|Łódź|Gęślą jaźń|Kraków|Źródło",
    "iso8859_2": "Żółć Sp. z o.o.|Łódź|Gęślą jaźń|Kraków|Źródło",
    "cp1251": "Иванов|Москва|Петров и сыновья|Ёлкин",
    "koi8_r": "Иванов|Москва|Петров и сыновья",
    "cp1253": "Παπαδόπουλος|Αθήνα|Θεσσαλονίκη",
    "cp1254": "Ayşe Yılmaz|İstanbul|Çağlar Şahin|Güneş",
    "cp1255": "דוד כהן|תל אביב",
    "cp932": "田中太郎|株式会社トヨタ|鈴木一郎",
    "gb18030": "北京公司|上海贸易有限公司",
    "cp949": "김철수|삼성전자",
}


@pytest.mark.parametrize("encoding", WORDS)
def test_open_table_guesses_older_encodings_by_their_words(make_file: MakeFile, encoding: str) -> None:
    words = WORDS[encoding].split("|")
    path = make_file("name;amount\n" + "".join(f"{word};1\n" for word in words), encoding)
    table = open_table(path)
    assert [row.cells["name"] for row in table.rows()] == words
    assert table.format.encoding_guessed
    assert "check names with accents" in table.notes[0]


def test_open_table_finds_the_first_accent_on_the_last_line(make_file: MakeFile) -> None:
    path = make_file("name,city\n" + "alice,Bern\n" * 20_000 + "bob,Zürich\n", "cp1252")
    assert [row.cells["city"] for row in open_table(path).rows()][-1] == "Zürich"


def test_open_table_does_not_change_language_for_a_stray_byte(make_file: MakeFile) -> None:
    text = "name;city\n" + "alice;Zürich\n" * 8_000
    stray = "bob;Gr\x81n\n".encode("latin-1")  # 0x81 is no character of cp1252
    with pytest.raises(TableError, match="The file reads as cp1252, but line 8002 holds bytes that are not"):
        open_table(make_file(text.encode("cp1252") + stray))


def test_open_table_falls_back_when_the_first_guess_cannot_read_much_of_the_file(make_file: MakeFile) -> None:
    text = "name;city\n" + "alice;Zürich\n" * 6_000 + "bob;Ťapešov\n" * 500  # 0x8D is no character of cp1252
    table = open_table(make_file(text, "cp1250"))
    assert [row.cells["city"] for row in table.rows()][-1] == "Ťapešov"


def test_open_table_does_not_turn_damaged_utf8_into_gibberish(make_file: MakeFile) -> None:
    text = "name,city\n" + "alice,Zürich\n" * 50
    path = make_file(text.encode() + "bob,Zürich\n".encode("cp1252") + text.encode())
    with pytest.raises(TableError, match="The file is UTF-8, but line 52 holds bytes that are not"):
        open_table(path)


def test_open_table_obeys_a_given_encoding(make_file: MakeFile) -> None:
    path = make_file("name,city\nalice,Zürich\n", "cp850")
    assert cells(path, encoding="cp850") == [["alice", "Zürich"]]
    with pytest.raises(TableError, match="not written in UTF-8: line 2 cannot be read"):
        open_table(path, encoding="utf-8")
    with pytest.raises(TableError, match="The encoding klingon is not known"):
        open_table(path, encoding="klingon")


def test_open_table_names_the_line_of_broken_utf16(make_file: MakeFile) -> None:
    path = make_file("name,city\nalice,".encode("utf-16") + b"\x00\xd8\x41\x00\n\x00")
    with pytest.raises(TableError, match="begins as UTF-16, but line 2 cannot be read"):
        open_table(path)


def test_rows_reports_a_nul_character_and_goes_on(make_file: MakeFile) -> None:
    rows = list(open_table(make_file("name,amount\nali\0ce,1\nbob,2\n" + "charlie,3\n" * 20)).rows())
    assert (
        str(rows[0].problem) == "line 2, column name: the cell holds a NUL character, which cannot be stored"
    )
    assert rows[1].problem is None
    assert len(rows) == 22


@pytest.mark.parametrize("rest", ["bob,2\n", 'bob,"x"\n', '"bob",2\n'], ids=["to the end", "inside", "first"])
def test_rows_names_the_line_where_a_quote_was_opened(make_file: MakeFile, rest: str) -> None:
    path = make_file('name,note\nalice,1\ncharlie,"open\n' + rest * 2)
    with pytest.raises(TableError, match="Line 3 opens a quote") as caught:
        list(open_table(path).rows())
    assert caught.value.line == 3


def test_rows_names_the_line_of_the_quote_even_after_a_long_cell(make_file: MakeFile) -> None:
    path = make_file('name,note\n"alice\nfirst","open\n' + "bob,2\n" * 50_000)
    with pytest.raises(TableError, match="Line 3 opens a quote"):
        list(open_table(path).rows())


def test_rows_reports_text_after_a_closing_quote_and_goes_on(make_file: MakeFile) -> None:
    rows = list(open_table(make_file('name,size\nalice,"5" pipe\nbob,6\n')).rows())
    assert str(rows[0].problem).startswith("line 2, column size: there is text after a closing quote")
    assert (rows[1].cells, rows[1].problem) == ({"name": "bob", "size": "6"}, None)


def test_rows_accepts_spaces_around_quotes(make_file: MakeFile) -> None:
    assert cells(make_file('name, note\nalice, "x, y" \nbob, z\n')) == [["alice", "x, y"], ["bob", " z"]]


def test_rows_reports_rows_too_wide_and_too_narrow(make_file: MakeFile) -> None:
    path = make_file("name,amount\nalice,1,2\nbob\ncharlie,3,,\n")
    rows = list(open_table(path).rows())
    assert [str(row.problem) for row in rows[:2]] == [
        "line 2: the row has 3 cells, the header has 2",
        "line 3: the row has only 1 of 2 cells",
    ]
    assert (rows[2].problem, rows[2].cells) == (None, {"name": "charlie", "amount": "3"})


def test_rows_reports_a_cell_that_is_too_long(make_file: MakeFile) -> None:
    long = "x" * 32_769
    rows = list(open_table(make_file(f'name,note\nalice,{long}\nbob,"{long}"\ncharlie,{long[1:]}\n')).rows())
    reason = "column note: the cell is longer than 32,768 characters"
    assert [str(row.problem) for row in rows[:2]] == [f"line 2, {reason}", f"line 3, {reason}"]
    assert rows[2].problem is None


def test_rows_accepts_a_cell_beyond_the_cap_of_the_csv_module(make_file: MakeFile) -> None:
    rows = list(open_table(make_file('name,note\nalice,"' + "x\n" * 200_000 + '"\nbob,y\n')).rows())
    assert rows[0].problem is not None
    assert (rows[1].line, rows[1].cells["note"]) == (200_003, "y")


def test_problem_within_ignores_columns_nobody_uses(make_file: MakeFile) -> None:
    (row,) = open_table(make_file("name,note\nalice,x\0y\n" + "", name="one")).rows()
    assert row.problem_within({"name"}) is None
    assert row.problem_within({"note"}) == row.problem


def test_rows_leaves_out_blank_rows_and_can_be_read_again(make_file: MakeFile) -> None:
    table = open_table(make_file("\n\nname,amount\n\nalice,1\n,\n  ,\nbob,2\n\x1a"))
    first = list(table.rows())
    assert [row.line for row in first] == [5, 8]
    assert list(table.rows()) == first


def test_rows_stops_at_the_row_limit(make_file: MakeFile) -> None:
    path = make_file("name,amount\nalice,1\nbob,2\ncharlie,3\n")
    assert len(list(open_table(path, limits=Limits(max_rows=3)).rows())) == 3
    with pytest.raises(TableError, match=r"more than 2 rows\. Split it"):
        list(open_table(path, limits=Limits(max_rows=2)).rows())


def test_open_table_refuses_files_beyond_the_size_and_column_limits(make_file: MakeFile) -> None:
    path = make_file("name,amount,note\nalice,1,x\n")
    with pytest.raises(TableError, match="3 columns; up to 2 can be read"):
        open_table(path, limits=Limits(max_columns=2))
    with pytest.raises(TableError, match=r"The file has 0.0 MB; up to 0 MB can be read"):
        open_table(path, limits=Limits(max_bytes=10))


def test_open_table_refuses_an_endless_line(make_file: MakeFile) -> None:
    path = make_file("name,amount\nalice," + "1" * 1_000)
    with pytest.raises(TableError, match="Line 2 has more than 100 characters"):
        open_table(path, limits=Limits(max_columns=2, max_cell=50))
