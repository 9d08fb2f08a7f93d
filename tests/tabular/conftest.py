"""Files made on the spot, and the public data where it is present."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PUBLIC_DATA = ROOT.parent / "shared" / "data"

MakeFile = Callable[..., Path]


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    """Write bytes, or text in an encoding, to a file whose name says nothing about its content."""

    def make(content: bytes | str, encoding: str = "utf-8", name: str = "upload") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        return path

    return make


@pytest.fixture
def make_sheet(tmp_path: Path) -> MakeFile:
    """A minimal workbook with this XML inside <sheetData>, for what openpyxl would not write."""

    def make(sheet_data: str, prologue: str = "", name: str = "book", **more: bytes) -> Path:
        path = tmp_path / name
        sheet = f"{prologue}<worksheet xmlns={MAIN!r}><sheetData>{sheet_data}</sheetData></worksheet>"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part, content in PARTS.items():
                archive.writestr(part, content)
            archive.writestr("xl/worksheets/sheet1.xml", sheet)
            for part, blob in more.items():
                archive.writestr(part.replace("__", "/"), blob)
        return path

    return make


@pytest.fixture
def public_data() -> Callable[[str], Path]:
    """A file of the public data; skips the test where the data is not laid beside the project."""

    def find(name: str) -> Path:
        path = PUBLIC_DATA / name
        if not path.exists():
            pytest.skip(f"public data not found: ../shared/data/{name} beside the project")
        return path

    return find


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        '<sheet name="Deals" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
