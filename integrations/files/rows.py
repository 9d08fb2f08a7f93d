"""One row of a file as plain values, or everything that is wrong with it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

import httpx

from integrations.files.fields import Field, fields_of
from integrations.files.mapping import Mapping
from tabular.cells import Reader
from tabular.columns import FieldKind
from tabular.currencies import CODES, SYMBOLS
from tabular.errors import ValueProblem
from tabular.tables import Row

FIRST_YEAR, LAST_YEAR = 1900, 2200
MOST = 2_147_483_647
LARGEST_AMOUNT = Decimal(10) ** 16
NOISE = Decimal("0.000001")  # what binary fractions leave behind in workbooks
CENT = Decimal("0.01")
# What tells deals without an id apart. Stage, amount and dates that move are left out on purpose.
IDENTITY = ("name", "company", "owner", "product", "created_on")
CONTENT = "content:"


@dataclass(slots=True)
class ReadRow:
    """A row's values by field (None: empty), its key, and its problems as {"column", "reason"}.

    A row with problems has a key as far as it still says whose row it is.
    """

    line: int
    key: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[dict[str, str]] = field(default_factory=list)

    def refuse(self, column: str, reason: str) -> None:
        """Note a problem; an empty column means the whole row."""
        self.problems.append({"column": column, "reason": reason})


class RowReader:
    """Reads rows of one file with the readers that were settled for its columns."""

    def __init__(self, kind: str, mapping: Mapping, readers: dict[str, Reader], *, today: date) -> None:
        self.kind = kind
        self.readers = readers
        self.fields = fields_of(kind)
        self.headers = frozenset(mapping.used.values())
        self.today = today

    def read(self, row: Row) -> ReadRow:
        """Return the row's values, or all that is wrong with it."""
        found = ReadRow(row.line)
        for problem in row.problems:
            if problem.column is None or problem.column in self.headers:
                found.refuse(problem.column or "", problem.reason)
        if found.problems:
            self._know_id(found, row)
            return found
        for name, reader in self.readers.items():
            try:
                self._read_field(found, self.fields[name], reader, row)
            except ValueProblem as problem:
                found.values[name] = None
                found.refuse(reader.header, problem.reason)
        for name, reason in self._contradictions(found.values):
            reader_of = self.readers.get(name)
            found.refuse(reader_of.header if reader_of else "", reason)
        refused = {problem["column"] for problem in found.problems}
        if not refused & {reader.header for reader in self._keys}:
            found.key = self._key(found.values)
        return found

    def _read_field(self, found: ReadRow, of: Field, reader: Reader, row: Row) -> None:
        if of.kind is FieldKind.MONEY:
            money = reader.money(row)
            found.values[of.name] = None if money is None else _cents(money.amount)
            if money is not None and money.currency:
                _say_currency(found, money.currency)
            return
        if of.name == "currency":
            code = _currency(reader.text(row))
            if code:
                _say_currency(found, code)
            found.values.setdefault("currency", None)
            return
        found.values[of.name] = _READ[of.kind](of, reader, row)

    def _contradictions(self, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield (field, reason) for what single cells cannot show."""
        if "external_id" in self.readers and values.get("external_id") is None:
            yield "external_id", "the cell is empty, so the row cannot be told from others"
        if self.kind == "deals":
            names = ("name", "company", "product", "external_id")
            if not any(values.get(name) for name in names):
                yield "name", "the row names neither a deal nor a company nor a product"
            yield from _in_order(values, "earliest_start", "promised_on", "the earliest start")
        else:
            yield from self._of_promise(values)

    def _of_promise(self, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        promised = "promised_on" if "promised_on" in self.readers else "requested_on"
        if not values.get("promised_on") and not values.get("requested_on"):
            yield promised, "a promise needs a date"
        if values.get("promised_on"):
            yield from _in_order(values, "created_on", "promised_on", "the order")
        else:
            yield from _in_order(values, "created_on", "requested_on", "the order")
        delivered = values.get("delivered_on")
        if delivered and delivered > self.today:
            yield "delivered_on", f"{delivered} lies in the future"

    @property
    def _keys(self) -> list[Reader]:
        """Return the readers of what makes the key."""
        names = ("external_id",) if "external_id" in self.readers else IDENTITY
        return [self.readers[name] for name in names if name in self.readers]

    def _know_id(self, found: ReadRow, row: Row) -> None:
        """Take the id from a row that is broken elsewhere."""
        reader = self.readers.get("external_id")
        if reader is not None and reader.header not in {problem["column"] for problem in found.problems}:
            found.key = reader.text(row) or ""

    def _key(self, values: dict[str, Any]) -> str:
        if "external_id" in self.readers:
            return str(values["external_id"])
        identity = "\x1f".join(str(values.get(name) or "").casefold() for name in IDENTITY)
        return CONTENT + sha256(identity.encode()).hexdigest()[:32]


def _text(of: Field, reader: Reader, row: Row) -> str | None:
    text = reader.text(row)
    if text is None:
        return None
    text = text.strip() if of.name == "note" else " ".join(text.split())
    # The key of a company is in small letters, which can be longer than the name (ß is two).
    if max(len(text), len(text.casefold())) > of.longest:
        raise ValueProblem(f"the text has {len(text):,} characters; up to {of.longest} can be kept")
    if of.name == "url":
        _require_url(text)
    return text


def _date(of: Field, reader: Reader, row: Row) -> date | None:
    on = reader.date(row)
    if on is not None and not FIRST_YEAR <= on.year <= LAST_YEAR:
        raise ValueProblem(f"the year {on.year} cannot be right")
    return on


def _whole(of: Field, reader: Reader, row: Row) -> int | None:
    number = reader.integer(row)
    if number is not None and not 1 <= number <= MOST:
        raise ValueProblem(f"{number:,} is not a quantity; it must be from 1 to {MOST:,}")
    return number


def _share(of: Field, reader: Reader, row: Row) -> Decimal | None:
    share = reader.percent(row)
    return None if share is None else share.quantize(Decimal("0.0001"))


_READ: dict[FieldKind, Callable[[Field, Reader, Row], Any]] = {
    FieldKind.TEXT: _text,
    FieldKind.DATE: _date,
    FieldKind.INTEGER: _whole,
    FieldKind.PERCENT: _share,
}


def _cents(amount: Decimal) -> Decimal:
    if abs(amount) >= LARGEST_AMOUNT:
        raise ValueProblem(f"{amount:,} is too large for an amount")
    cents = amount.quantize(CENT)
    if abs(cents - amount) > NOISE:
        raise ValueProblem(f"{amount} has more than two decimals; is the mark a thousands separator?")
    return cents


def _currency(text: str | None) -> str | None:
    if text is None:
        return None
    code = SYMBOLS.get(text.casefold()) or text.upper()
    if code not in CODES:
        raise ValueProblem(f"“{text[:40]}” is not a currency code such as EUR")
    return code


def _say_currency(found: ReadRow, code: str) -> None:
    said = found.values.get("currency")
    if said is not None and said != code:
        raise ValueProblem(f"the row names two currencies, {said} and {code}")
    found.values["currency"] = code


def _require_url(text: str) -> None:
    try:
        parts = httpx.URL(text)
    except httpx.InvalidURL:
        parts = httpx.URL("")
    if parts.scheme not in ("http", "https") or not parts.host or " " in text:
        raise ValueProblem(f"“{text[:40]}” is not a web address")


def _in_order(values: dict[str, Any], first: str, last: str, what: str) -> Iterator[tuple[str, str]]:
    if values.get(first) and values.get(last) and values[last] < values[first]:
        yield last, f"{values[last]} is before {what}, {values[first]}"


def from_json(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return stored values with their types: dates and decimals are texts in JSON."""
    fields = fields_of(kind)
    return {name: _typed(fields[name].kind, value) for name, value in data.items()}


def _typed(kind: FieldKind, value: Any) -> Any:
    if value is None or kind not in (FieldKind.DATE, FieldKind.MONEY, FieldKind.PERCENT):
        return value
    return date.fromisoformat(value) if kind is FieldKind.DATE else Decimal(value)


def plain_key(name: str) -> str:
    """Return what two spellings of a product share: `GTXPro` and `GTX Pro` are one."""
    return re.sub(r"[\W_]+", "", name.casefold())
