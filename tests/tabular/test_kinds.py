"""What is not a table is refused with what to do instead."""

import gzip
import io
import zipfile

import pytest

from tabular import TableError, open_table
from tests.tabular.conftest import MakeFile


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return buffer.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
FOREIGN = {
    "empty": (b"", "The file is empty"),
    "blank": (b"\n \r\n\t\n", "The file is empty"),
    "only a mark": (b"\xef\xbb\xbf", "The file is empty"),
    "old excel": (OLE, "old Excel file"),
    "password": (OLE + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
    "pdf": (b"%PDF-1.7\n...", "PDF document"),
    "gzip": (gzip.compress(b"name,amount\n"), "compressed"),
    "png": (b"\x89PNG\r\n\x1a\n....", "picture"),
    "sqlite": (b"SQLite format 3\0...", "database file"),
    "web page": (b"\n<!DOCTYPE html><html><table><tr><td>1</td></tr></table></html>", "web page"),
    "table named xls": (b"<table border=1><tr><td>name</td></tr></table>", "web page"),
    "xml": (b"<?xml version='1.0'?><Workbook/>", "XML file"),
    "json": (b'[{"name": "alice"}]', "JSON file"),
    "zip": (archive("a.csv"), "ZIP archive"),
    "opendocument": (archive("mimetype", "content.xml"), "OpenDocument"),
    "xlsb": (archive("xl/workbook.bin"), "binary Excel workbook"),
    "word": (archive("word/document.xml"), "a document, not a table"),
    "cut zip": (archive("xl/workbook.xml")[:40], "damaged or was not uploaded completely"),
    "zeros": (b"\0" * 5_000, "binary data"),
    "noise": (bytes(range(256)) * 40, "binary data"),
    "control characters": (b"\x01\x02\x03\x04name,amount\n", "binary data"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_open_table_refuses_what_is_not_a_table(make_file: MakeFile, kind: str) -> None:
    content, reason = FOREIGN[kind]
    with pytest.raises(TableError, match=reason):
        open_table(make_file(content, name="table.csv"))


def test_open_table_goes_by_content_not_by_name(make_file: MakeFile) -> None:
    table = open_table(make_file("name;amount\nalice;1\n", name="report.xlsx"))
    assert (table.format.kind, table.format.delimiter) == ("text", ";")
