"""XLSX workbooks, read row by row; formulas give the value the workbook stored for them."""

import itertools
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl

from tabular.errors import TableError
from tabular.formats import Kind, TableFormat
from tabular.headers import filled
from tabular.limits import Limits
from tabular.records import TOO_LONG, Fault, Record

SAMPLE_ROWS = 200
BATCH = 200
MAX_SHEET_ROW = 1_048_576
DAMAGED = (
    "This workbook cannot be read: it is damaged or not a real Excel workbook. Save it again as .xlsx or CSV."
)
NO_STORED_VALUE = "the cell holds a formula without a stored value; open the workbook in Excel and save it"
ERROR_VALUE = "the cell holds the error {value}"
TOO_BIG = "The workbook is too large when unpacked ({size:,.0f} MB). Save the table as CSV and upload that."

if not openpyxl.DEFUSEDXML:  # pragma: no cover
    raise ImportError("defusedxml must be installed: workbooks are read from strangers.")


@dataclass(frozen=True, slots=True)
class SheetSource:
    """One sheet of one workbook; `formulas` when any cell of it is computed."""

    path: Path
    sheet: str
    formulas: bool
    limits: Limits

    def records(self) -> Iterator[Record]:
        """Yield the sheet's rows; the record's line is the row number of the sheet."""
        values = _Rows(self.path, self.sheet, data_only=True)
        formulas = _Rows(self.path, self.sheet, data_only=False) if self.formulas else None
        try:
            for line, cells in enumerate(values, 1):
                computed = next(formulas, ()) if formulas else ()
                if line > MAX_SHEET_ROW:
                    raise TableError(DAMAGED)
                yield _record(line, cells, computed, self.limits.max_cell)
        finally:
            values.close()
            if formulas:
                formulas.close()


@dataclass(frozen=True, slots=True)
class OpenedSheet:
    """A source with what its beginning showed."""

    source: SheetSource
    format: TableFormat
    sample: tuple[Record, ...]
    width: int


def open_sheet(path: Path, *, sheet: str | None, limits: Limits) -> OpenedSheet:
    """Open the named sheet, or the first that holds anything; raise TableError when none does."""
    _refuse_bomb(path, limits)
    formulas = _has_formulas(path)
    names = _sheet_names(path)
    if sheet is not None and sheet not in names:
        raise TableError(f"The workbook has no sheet “{sheet}”. Its sheets are: {', '.join(names[:20])}.")
    for name in names if sheet is None else [sheet]:
        source = SheetSource(path, name, formulas, limits)
        sample = tuple(itertools.islice(_until_filled(source), SAMPLE_ROWS))
        if any(filled(record) for record in sample):
            form = TableFormat(Kind.XLSX, sheet=name)
            return OpenedSheet(source, form, sample, _usual_width(sample))
    raise TableError("The workbook holds no filled sheet. Export it again and check that it has rows.")


def _until_filled(source: SheetSource) -> Iterator[Record]:
    """The records from the first that is not blank; a sheet blank for 10,000 rows counts as empty."""
    records = source.records()
    try:
        beginning = itertools.islice(records, 10_000)
        yield from itertools.dropwhile(Record.is_blank, beginning)
    finally:
        records.close()  # type: ignore[attr-defined]


def _usual_width(sample: tuple[Record, ...]) -> int:
    """The width most rows reach, counted by the last cell that holds something."""
    found = [_last_filled(record) for record in sample if filled(record)]
    widths = Counter(found)
    return max(widths, key=lambda width: (widths[width], width == found[0] > 1, width))


def _last_filled(record: Record) -> int:
    return max((index for index, cell in enumerate(record.cells, 1) if cell.strip()), default=0)


class _Rows:
    """The rows of one sheet; any way a damaged workbook can fail comes out as TableError."""

    def __init__(self, path: Path, sheet: str, *, data_only: bool) -> None:
        self._batch: Iterator[tuple[Any, ...]] = iter(())
        self._file = path.open("rb")
        with _Guarded(self._file):
            self._book = _load(self._file, data_only=data_only)
            worksheet = self._book[sheet]
            worksheet.reset_dimensions()  # many producers state wrong ones
            self._rows = iter(worksheet.iter_rows())

    def __iter__(self) -> "_Rows":
        return self

    def __next__(self) -> tuple[Any, ...]:
        row = next(self._batch, None)
        if row is None:
            with _Guarded():
                self._batch = iter(list(itertools.islice(self._rows, BATCH)))
            row = next(self._batch, None)
        if row is None:
            raise StopIteration
        return row

    def close(self) -> None:
        """Give the file back."""
        self._book.close()
        self._file.close()


class _Guarded:
    """Quiets openpyxl's warnings and turns whatever a damaged workbook raises into TableError.

    On an error the file, if one is given, is closed.
    """

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._file = file

    def __enter__(self) -> None:
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._warnings.__exit__(None, None, None)
        if error is not None and self._file is not None:
            self._file.close()
        if isinstance(error, Exception) and not isinstance(error, TableError):
            raise TableError(DAMAGED) from error


def _refuse_bomb(path: Path, limits: Limits) -> None:
    """Compare the sizes the archive states; a part that unpacks to more than stated fails its check."""
    with _Guarded(), zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    total = sum(part.file_size for part in parts)
    held = [part for part in parts if not part.filename.startswith("xl/worksheets/")]
    largest = max((part.file_size for part in held if not part.filename.startswith("xl/media/")), default=0)
    for size, cap in ((total, limits.max_expanded_bytes), (largest, limits.max_part_bytes)):
        if size > cap:
            raise TableError(TOO_BIG.format(size=size / 1_048_576))
    if len(parts) > 5_000:
        raise TableError(DAMAGED)


def _has_formulas(path: Path) -> bool:
    """Whether any sheet's XML has a formula element, by a scan that parses nothing."""
    with _Guarded(), zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            if part.filename.startswith("xl/worksheets/") and _holds_formula(archive, part):
                return True
    return False


def _holds_formula(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    with archive.open(part) as file:
        before = b""
        while chunk := file.read(262_144):
            window = before + chunk
            if any(tag in window for tag in (b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/")):
                return True
            before = window[-4:]
    return False


def _sheet_names(path: Path) -> list[str]:
    with path.open("rb") as file, _Guarded():
        book = _load(file, data_only=True)
        try:
            return [sheet.title for sheet in book.worksheets]
        finally:
            book.close()


def _load(file: BinaryIO, *, data_only: bool) -> openpyxl.Workbook:
    """A workbook from an open file: given a path, openpyxl would judge it by its name."""
    return openpyxl.load_workbook(file, read_only=True, data_only=data_only, keep_links=False)


def _record(line: int, cells: tuple[Any, ...], computed: tuple[Any, ...], max_cell: int) -> Record:
    texts: list[str] = []
    faults: list[Fault] = []
    kinds: dict[int, str] = {}
    for index, cell in enumerate(cells):
        text, kind = _text(cell.value)
        if cell.value is None and index < len(computed) and computed[index].data_type == "f":
            faults.append(Fault(index, NO_STORED_VALUE))
        elif cell.data_type == "e":
            faults.append(Fault(index, ERROR_VALUE.format(value=text)))
            text = ""
        elif kind == "unreadable":
            faults.append(Fault(index, f"the cell holds {text}, which is not a number"))
            text = ""
        elif len(text) > max_cell:
            faults.append(Fault(index, TOO_LONG.format(limit=max_cell)))
            text = ""
        elif kind:
            kinds[index] = kind
        texts.append(text)
    return Record(line, texts, tuple(faults), kinds)


def _text(value: object) -> tuple[str, str]:
    """A cell's value as text and the kind the workbook states ("" for plain text)."""
    if value is None:
        return "", ""
    if isinstance(value, str):
        return value, ""
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), "boolean"
    if isinstance(value, (int, float, Decimal)):
        return _number(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat(), "date"
    if isinstance(value, time):
        return value.isoformat(timespec="seconds"), "time"
    if isinstance(value, timedelta):
        return _duration(value), "duration"
    return str(value), ""


def _number(value: int | float | Decimal) -> tuple[str, str]:
    """Without the noise of binary fractions: 15 digits, as Excel itself shows."""
    if isinstance(value, int):
        return str(value), "number"
    exact = Decimal(format(value, ".15g"))
    if not exact.is_finite():
        return str(value), "unreadable"
    text = format(exact, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text), "number"


def _moment(value: datetime) -> tuple[str, str]:
    value = (value + timedelta(milliseconds=500)).replace(microsecond=0)
    if value.time() == time():
        return value.date().isoformat(), "date"
    return value.isoformat(), "datetime"


def _duration(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
