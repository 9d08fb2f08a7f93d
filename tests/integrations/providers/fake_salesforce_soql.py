"""A little SOQL: enough to answer what a client asks, and to refuse what Salesforce would refuse."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = dict[str, Any]
TOKEN = re.compile(
    r"\s*('(?:[^'\\]|\\.)*'|\d{4}-\d\d-\d\dT[\d:.]+Z|>=|<=|!=|=|>|<|\(|\)|,|[A-Za-z_][\w.]*|\d+)"
)


class SoqlError(Exception):
    """A refusal with Salesforce's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Query:
    """A parsed query."""

    fields: list[str]
    thing: str
    keeps: Callable[[Row], bool]
    order: list[str]
    most: int | None
    counts: bool


class Parser:
    """Reads one query; `seen` says which fields of an object there are, `unfiltered` which only to read."""

    def __init__(self, text: str, seen: Callable[[str], Iterable[str]], unfiltered: frozenset[str]) -> None:
        self.tokens = self._split(text)
        self.seen, self.unfiltered = seen, unfiltered

    @staticmethod
    def _split(text: str) -> list[str]:
        found, at = [], 0
        while at < len(text.rstrip()):
            match = TOKEN.match(text, at)
            if match is None:
                raise SoqlError("MALFORMED_QUERY", f"unexpected token: {text[at : at + 20]}")
            found.append(match[1])
            at = match.end()
        return found

    def word(self, *wanted: str) -> bool:
        """Take the next tokens if they are these."""
        if [token.upper() for token in self.tokens[: len(wanted)]] == list(wanted):
            del self.tokens[: len(wanted)]
            return True
        return False

    def must(self, wanted: str) -> None:
        if not self.word(wanted):
            raise SoqlError("MALFORMED_QUERY", f"expecting {wanted}, found {self.tokens[:1]}")

    def query(self) -> Query:
        self.must("SELECT")
        counts, fields = False, []
        if self.word("COUNT", "(", ")"):
            counts = True
        else:
            fields = self.names()
        self.must("FROM")
        thing = self.tokens.pop(0)
        self.columns = {name.lower(): name for name in self.seen(thing)}
        fields = [self.column(name) for name in fields]
        keeps = self.either() if self.word("WHERE") else (lambda row: True)
        order = [self.column(name) for name in self.names()] if self.word("ORDER", "BY") else []
        most = int(self.tokens.pop(0)) if self.word("LIMIT") else None
        if self.tokens:
            raise SoqlError("MALFORMED_QUERY", f"unexpected token: {self.tokens[0]}")
        return Query(fields, thing, keeps, order, most, counts)

    def names(self) -> list[str]:
        found = [self.tokens.pop(0)]
        while self.word(","):
            found.append(self.tokens.pop(0))
        return found

    def column(self, name: str) -> str:
        if name.lower() not in self.columns:
            raise SoqlError("INVALID_FIELD", f"No such column '{name}' on entity.")
        return self.columns[name.lower()]

    def either(self) -> Callable[[Row], bool]:
        parts = [self.both()]
        while self.word("OR"):
            parts.append(self.both())
        return lambda row: any(part(row) for part in parts)

    def both(self) -> Callable[[Row], bool]:
        parts = [self.one()]
        while self.word("AND"):
            parts.append(self.one())
        return lambda row: all(part(row) for part in parts)

    def one(self) -> Callable[[Row], bool]:
        if self.word("("):
            inner = self.either()
            self.must(")")
            return inner
        name = self.column(self.tokens.pop(0))
        if name in self.unfiltered:
            raise SoqlError("INVALID_FIELD", f"field '{name}' can not be filtered in a query call")
        if self.word("IN", "("):
            values = {literal(value) for value in self.names()}
            self.must(")")
            return lambda row: row.get(name) in values
        return compared(name, self.tokens.pop(0), literal(self.tokens.pop(0)))


def compared(name: str, operator: str, value: Any) -> Callable[[Row], bool]:
    tests: Mapping[str, Callable[[Any], bool]] = {
        "=": lambda held: held == value,
        "!=": lambda held: held != value,
        ">": lambda held: held is not None and held > value,
        "<": lambda held: held is not None and held < value,
        ">=": lambda held: held is not None and held >= value,
        "<=": lambda held: held is not None and held <= value,
    }
    if operator not in tests:
        raise SoqlError("MALFORMED_QUERY", f"unexpected token: {operator}")
    return lambda row: tests[operator](row.get(name))


def literal(token: str) -> Any:
    if token.startswith("'"):
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    if token.lower() in ("true", "false"):
        return token.lower() == "true"
    if "T" in token and token.endswith("Z"):
        return datetime.fromisoformat(token)
    if token.isdecimal():
        return int(token)
    raise SoqlError("MALFORMED_QUERY", f"unexpected token: {token}")


def answered(query: Query, rows: Iterable[Row]) -> Sequence[Row]:
    """Return the rows that a query finds; without ORDER BY in an order that nobody promises."""
    found = [row for row in rows if query.keeps(row)]
    if query.order:
        found.sort(key=lambda row: tuple((row.get(name) is None, row.get(name)) for name in query.order))
    else:
        found.reverse()
    return found if query.most is None else found[: query.most]
