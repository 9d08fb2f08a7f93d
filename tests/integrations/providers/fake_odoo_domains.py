"""Odoo's domains: conditions in prefix notation, with paths through records."""

import operator
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
Test = Callable[[Row], bool]
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
OTHERS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "in": lambda value, wanted: value in wanted,
    "ilike": lambda value, wanted: str(wanted).casefold() in str(value).casefold(),
}


def test_of(domain: Sequence[Any]) -> Test:
    """Return the test of rows that a domain is; conditions that stand side by side are joined by and."""
    tests = [_take(list(term)) for term in _terms(domain)]
    return lambda row: all(test(row) for test in tests)


def first_id(domain: Sequence[Any]) -> int:
    """Return the lowest id that can meet a domain, as an index would tell."""
    above = [term[0][2] for term in _terms(domain) if term[0][:2] == ["id", ">"]]
    return max(above, default=-1) + 1


def paths_of(domain: Sequence[Any]) -> Iterator[list[str]]:
    """Yield the paths through other records that a domain goes."""
    for part in domain:
        if not isinstance(part, str) and "." in part[0]:
            yield part[0].split(".")


def _terms(domain: Sequence[Any]) -> list[Sequence[Any]]:
    """Return the conditions that stand side by side, each with all that its signs join."""
    terms, start, open_ends = [], 0, 1
    for at, part in enumerate(domain):
        open_ends += 1 if isinstance(part, str) else -1
        if not open_ends:
            terms.append(domain[start : at + 1])
            start, open_ends = at + 1, 1
    return terms


def _take(rest: list[Any]) -> Test:
    first = rest.pop(0)
    if first in ("|", "&"):
        left, right = _take(rest), _take(rest)
        return (lambda row: left(row) or right(row)) if first == "|" else lambda row: left(row) and right(row)
    path, sign, wanted = first
    return _condition(path.split("."), sign, wanted)


def _condition(path: Sequence[str], sign: str, wanted: Any) -> Test:
    if sign in ORDER and isinstance(wanted, str):
        wanted = datetime.fromisoformat(wanted).replace(tzinfo=UTC)
    if sign == "in":
        wanted = set(wanted)

    def meets(value: Any) -> bool:
        value = value["id"] if isinstance(value, dict) else False if value is None else value
        if sign in ORDER:  # as in SQL: nothing is neither more nor less
            return value is not False and ORDER[sign](value, wanted)
        return OTHERS[sign](value, wanted)

    if len(path) == 1:
        return lambda row: meets(row[path[0]])
    return lambda row: any(meets(value) for value in _values(row, path))


def _values(row: Row, path: Sequence[str]) -> list[Any]:
    """Return the values at the end of a path such as order_ids.write_date, over all records on the way."""
    found: list[Any] = [row]
    for name in path:
        steps = [value[name] for value in found if value]
        found = [inner for step in steps for inner in (step if isinstance(step, list) else [step])]
    return found or [False]
