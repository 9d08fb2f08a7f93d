"""Any bytes give a table or a clear refusal; what was written properly comes back."""

import contextlib
import csv
import io
import tempfile
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tabular import (
    AmbiguousDates,
    DateFormat,
    NotDates,
    NumberStyle,
    TableError,
    ValueProblem,
    infer_dates,
    infer_numbers,
    open_table,
    profile,
    read_date,
    read_money,
)

QUICK = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
PIECES = st.sampled_from(
    [
        *(
            b"name",
            b"amount",
            b",",
            b";",
            b"\t",
            b"|",
            b'"',
            b"\r",
            b"\n",
            b"\r\n",
            b"\0",
            b"\xff\xfe",
            b"\xef\xbb\xbf",
        ),
        *(b"\xc3\xbc", b"\xfc", b"\x81", b"1", b"2027-03-12", b"1,5", b" ", b"sep=;", b"=", b"\x1a", b"\x93"),
    ]
)
SOME_BYTES = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=60).map(b"".join))


def consume(content: bytes) -> None:
    """Read the whole table; only TableError may come out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        with contextlib.suppress(TableError):
            table = open_table(path)
            for row in table.rows():
                assert set(row.cells) == set(table.headers)
            profile(table, {header: header for header in table.headers})


@QUICK
@given(SOME_BYTES)
def test_any_bytes_give_a_table_or_a_table_error(content: bytes) -> None:
    consume(content)


@QUICK
@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_any_rows_below_a_header_give_rows_or_a_table_error(content: bytes) -> None:
    consume(b"name,amount\nalice,1\n" + content)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in (["name", "amount"], ["alice", 1.5], ["bob", "=1+1"], ["charlie", None]):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


BOOK = workbook()


@QUICK
@given(st.lists(st.tuples(st.integers(0, len(BOOK) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_workbook_gives_a_table_or_a_table_error(changes: list[tuple[int, int]]) -> None:
    content = bytearray(BOOK)
    for place, value in changes:
        content[place] = value
    consume(bytes(content))


@settings(QUICK, max_examples=100)
@given(st.data())
def test_a_workbook_with_damaged_parts_gives_a_table_or_a_table_error(data: st.DataObject) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as old, zipfile.ZipFile(buffer, "w") as new:
        victim = data.draw(st.sampled_from(sorted(old.namelist())))
        for name in old.namelist():
            part = bytearray(old.read(name))
            if name == victim:
                start = data.draw(st.integers(0, len(part) - 1))
                part[start : start + data.draw(st.integers(1, 40))] = data.draw(st.binary(max_size=20))
            new.writestr(name, bytes(part))
    consume(buffer.getvalue())


LETTERS = st.text(
    st.one_of(
        st.sampled_from("abcXYZ 019,;|\t\"'.-/€äßñ"),
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn"), max_codepoint=0x2FFF),
    ),
    max_size=12,
)
WRITTEN = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        "lineterminator": st.sampled_from(["\r\n", "\n", "\r"]),
    }
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])


@settings(QUICK, max_examples=300)
@given(st.integers(2, 5), st.data(), WRITTEN, ENCODINGS)
def test_rows_written_by_the_csv_module_come_back(
    width: int, data: st.DataObject, written: dict[str, str], encoding: str
) -> None:
    cell = LETTERS
    if written["quoting"] == csv.QUOTE_ALL:
        cell = st.lists(LETTERS, min_size=1, max_size=3).map("\n".join)
    rows = data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=8))
    assume(not any("\ufeff" in each for row in rows for each in row))
    headers = [f"Field {number}" for number in range(width)]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, **written)  # type: ignore[arg-type]
    writer.writerow(headers)
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(buffer.getvalue().encode(encoding))
        table = open_table(path)
        assert list(table.headers) == headers
        found = [list(row.cells.values()) for row in table.rows()]
        assert all(row.problem is None for row in table.rows())
    assert found == [row for row in rows if any(each.strip() for each in row)]


@QUICK
@given(
    st.dates(min_value=date(1970, 1, 1)),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d"]),
)
def test_a_date_is_read_as_written_or_asked_about(day: date, form: str) -> None:
    text = format(day, form)
    found = infer_dates([text])
    assert not isinstance(found, NotDates)
    if isinstance(found, DateFormat):
        assert read_date(text, found) == day
    else:
        assert isinstance(found, AmbiguousDates)
        assert day in [example[1] for candidate in found.candidates for example in candidate.examples]


@QUICK
@given(st.text(max_size=100), st.sampled_from(list(NumberStyle)))
def test_any_text_is_read_or_refused_with_a_reason(text: str, style: NumberStyle) -> None:
    for read in (
        lambda: read_money(text, style),
        lambda: read_date(text, DateFormat.parse("dmy/4+ymd+d-month-y")),
    ):
        with contextlib.suppress(ValueProblem):
            read()
    infer_numbers([text])
    infer_dates([text])
