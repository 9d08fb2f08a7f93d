"""What kind of file an upload is, told from its first bytes and never from its name."""

import zipfile
from pathlib import Path

from tabular.errors import TableError
from tabular.formats import Kind
from tabular.limits import MEGABYTE, Limits

SAVE_AS = "Save it as CSV or as an Excel workbook (.xlsx) and upload that."
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAGIC = (
    (b"%PDF", f"This is a PDF document. Export the table itself. {SAVE_AS}"),
    (b"\x1f\x8b", "This file is compressed (gzip). Unpack it and upload the table inside."),
    (b"7z\xbc\xaf\x27\x1c", "This is a 7-Zip archive. Unpack it and upload the table inside."),
    (b"Rar!", "This is a RAR archive. Unpack it and upload the table inside."),
    (b"\x28\xb5\x2f\xfd", "This file is compressed (zstd). Unpack it and upload the table inside."),
    (b"BZh", "This file is compressed (bzip2). Unpack it and upload the table inside."),
    (b"\xfd7zXZ", "This file is compressed (xz). Unpack it and upload the table inside."),
    (b"\x89PNG", f"This is a picture. Export the table itself. {SAVE_AS}"),
    (b"\xff\xd8\xff", f"This is a picture. Export the table itself. {SAVE_AS}"),
    (b"GIF8", f"This is a picture. Export the table itself. {SAVE_AS}"),
    (b"SQLite format 3", f"This is a database file. Export the table itself. {SAVE_AS}"),
    (b"PAR1", f"This is a Parquet file. {SAVE_AS}"),
    (b"{\\rtf", f"This is a text document (RTF). {SAVE_AS}"),
)
EMPTY = "The file is empty. Export it again and check that it has rows."
ENCRYPTED = "This workbook is protected by a password. Save a copy without the password and upload that."
OLD_EXCEL = (
    "This is an old Excel file (.xls). Open it in Excel and save it as an Excel workbook (.xlsx) or CSV."
)


def detect_kind(path: Path, limits: Limits) -> Kind:
    """Tell text from XLSX; raise TableError for everything else, naming what it is."""
    size = path.stat().st_size
    if size == 0:
        raise TableError(EMPTY)
    if size > limits.max_bytes:
        raise TableError(
            f"The file has {size / MEGABYTE:,.1f} MB; up to {limits.max_bytes / MEGABYTE:,.0f} MB "
            "can be read. Split it into several files."
        )
    with path.open("rb") as file:
        head = file.read(65_536)
    if head.startswith(OLE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in head or _has_encrypted_package(path)
        raise TableError(ENCRYPTED if encrypted else OLD_EXCEL)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_archive(path)
    for magic, reason in MAGIC:
        if head.startswith(magic):
            raise TableError(reason)
    return Kind.TEXT


def refuse_markup(text: str) -> None:
    """Raise TableError when the beginning of a text is a web page, XML or JSON, not a table."""
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html", "<head", "<body", "<table", "<meta", "<!--", "<div")):
        raise TableError(f"This is a web page, even if it is named .xls or .csv. Open it in Excel. {SAVE_AS}")
    if start.startswith(("<?xml", "<workbook")):
        raise TableError(f"This is an XML file, not a table. Open it in Excel. {SAVE_AS}")
    if start.startswith(('{"', "{\n", "{\r", '[{"', "[\n", "[\r", "[{")):
        raise TableError("This is a JSON file, not a table. Export the records as CSV or Excel (.xlsx).")


def _has_encrypted_package(path: Path) -> bool:
    marker = "EncryptedPackage".encode("utf-16-le")
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65_536))
        return marker in file.read()


def _kind_of_archive(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.lower() for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise TableError("This workbook is damaged or was not uploaded completely. Save it again.") from error
    if "xl/workbook.xml" in names:
        return Kind.XLSX
    if "xl/workbook.bin" in names:
        raise TableError(f"This is a binary Excel workbook (.xlsb). {SAVE_AS}")
    if "content.xml" in names and "mimetype" in names:
        raise TableError(f"This is an OpenDocument file. {SAVE_AS}")
    if "word/document.xml" in names or "ppt/presentation.xml" in names:
        raise TableError(f"This is a document, not a table. {SAVE_AS}")
    if any(name.endswith(".iwa") or name == "index.zip" for name in names):
        raise TableError(f"This is a Numbers file. {SAVE_AS}")
    raise TableError("This is a ZIP archive. Unpack it and upload the table inside.")
