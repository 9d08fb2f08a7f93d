"""Which character encoding a text file is written in, verified over the whole file."""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tabular.errors import TableError
from tabular.legacy import ranked

CHUNK = 65_536
SAMPLE = 65_536
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NOT_TEXT = (
    "This is not a table: the file holds binary data. Export it again as CSV or as an Excel workbook (.xlsx)."
)
_CONTROL_BYTES = re.compile(rb"[\x01-\x08\x0e-\x19\x1b-\x1f\x7f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_CONTROLS = re.compile(r"[\x01-\x08\x0e-\x19\x1b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec name; `guessed` when the bytes alone do not prove it."""

    name: str
    guessed: bool = False


def detect_encoding(path: Path, wanted: str | None = None) -> Encoding:
    """Find the encoding that reads the whole file; raise TableError naming the line that cannot be read."""
    if wanted is not None:
        _require(path, _known(wanted), "The file is not written in {name}: line {line} cannot be read.")
        return Encoding(wanted)
    head = _head(path)
    for bom, name in BOMS:
        if head.startswith(bom):
            _require(
                path, name, "The file begins as {name}, but line {line} cannot be read. Export it again."
            )
            return Encoding(name)
    wide = _wide(path, head)
    if wide is not None:
        return Encoding(wide)
    if head.count(0) * 20 > len(head) or len(_CONTROL_BYTES.findall(head)) * 50 > len(head):
        raise TableError(NOT_TEXT)
    if first_unreadable_line(path, "utf-8") is None:
        return Encoding("utf-8")
    return _legacy(path)


def first_unreadable_line(path: Path, encoding: str) -> int | None:
    """The line (from 1) of the first bytes the encoding cannot read, None when all can be."""
    newlines = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)("strict"), translate=True)
    line = 1
    try:
        for chunk in _chunks(path):
            line += newlines.decode(chunk).count("\n")
        newlines.decode(b"", final=True)
    except UnicodeDecodeError as error:
        readable = error.object[: error.start].decode(encoding, "ignore")
        return line + len(re.findall(r"\r\n|\r|\n", readable))
    except UnicodeError:  # UTF-16 and UTF-32 report a missing or broken mark this way
        return line
    return None


def refuse_binary(text: str) -> None:
    """Raise TableError when a decoded beginning holds more control characters than a text would."""
    if len(_CONTROLS.findall(text)) * 50 > len(text):
        raise TableError(NOT_TEXT)


def _known(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise TableError(f"The encoding {name} is not known.") from None


def _require(path: Path, name: str, sentence: str) -> None:
    line = first_unreadable_line(path, name)
    if line is not None:
        raise TableError(sentence.format(name=name.upper(), line=line), line=line)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(SAMPLE)


def _wide(path: Path, head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, seen by where the zero bytes stand."""
    zeros = head.count(0)
    if zeros * 20 < len(head) or len(head) < 4:
        return None
    by_place = [head[place::4].count(0) for place in range(4)]
    if zeros * 10 > len(head) * 6:
        names = ("utf-32-le", "utf-32-be") if by_place[0] < by_place[3] else ("utf-32-be", "utf-32-le")
    else:
        odd, even = by_place[1] + by_place[3], by_place[0] + by_place[2]
        if min(odd, even) * 10 > max(odd, even):
            return None
        names = ("utf-16-le", "utf-16-be") if odd > even else ("utf-16-be", "utf-16-le")
    name = names[0]
    if first_unreadable_line(path, name) is not None:
        return None
    text = head[: len(head) // 4 * 4].decode(name, "ignore")
    return (
        name if not _CONTROLS.search(text) and ("\n" in text or "\r" in text or text.isprintable()) else None
    )


def _legacy(path: Path) -> Encoding:
    """One of the older encodings, by how well the words with accents read."""
    _refuse_damaged_utf8(path)
    sample = _accented_lines(path)
    names = ranked(sample)
    _refuse_nearly_readable(path, names[:1])
    for name in names:
        if first_unreadable_line(path, name) is None:
            return Encoding(name, guessed=True)
    line = first_unreadable_line(path, "utf-8")
    raise TableError(
        f"Line {line} holds characters that cannot be read in any known encoding. Export the file as UTF-8.",
        line=line,
    )


def _refuse_damaged_utf8(path: Path) -> None:
    """A file that is UTF-8 but for a few bytes must not be read as something else."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = 0
    for chunk in _chunks(path):
        text = decoder.decode(chunk)
        escaped = len(re.findall("[\udc80-\udcff]", text))
        bad += escaped
        good += len(re.findall("[^\x00-\x7f]", text)) - escaped
    if good > 4 * bad:
        line = first_unreadable_line(path, "utf-8")
        raise TableError(
            f"The file is UTF-8, but line {line} holds bytes that are not. "
            "Correct that line or export the file again.",
            line=line,
        )


def _refuse_nearly_readable(path: Path, names: list[str]) -> None:
    """A few stray bytes must not move a whole file into an encoding of another language."""
    for name in names:
        line = first_unreadable_line(path, name)
        if line is not None and 100 * _unreadable(path, name) <= sum(
            map(len, map(_HIGH.findall, _chunks(path)))
        ):
            raise TableError(
                f"The file reads as {name}, but line {line} holds bytes that are not. "
                "Correct that line or export the file as UTF-8.",
                line=line,
            )


def _unreadable(path: Path, name: str) -> int:
    decoder = codecs.getincrementaldecoder(name)("replace")
    return sum(decoder.decode(chunk).count("\ufffd") for chunk in _chunks(path))


def _accented_lines(path: Path) -> bytes:
    """Up to SAMPLE bytes of the places that say something: those around bytes above 127."""
    found = bytearray()
    for chunk in _chunks(path):
        for piece in re.split(rb"[\r\n]", chunk):
            if _HIGH.search(piece):
                found += piece[:2000] + b"\n"
            if len(found) >= SAMPLE:
                return bytes(found)
    return bytes(found)
