"""As much of Zoho's query language as its fake needs: select, where, order by, limit."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from heapq import nsmallest
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
QUERY = re.compile(
    r"select (?P<columns>[\w, ]+) from (?P<module>\w+) where (?P<where>.+?) "
    r"order by (?P<order>[\w, ]+?) limit (?P<offset>\d+), (?P<most>\d+)"
)
TOKEN = re.compile(r"\(|\)|'[^']*'|[<>]=?|=|\w+")
MOST = 2000


class BadQuery(ValueError):
    """Zoho would answer SYNTAX_ERROR."""


def answer(query: str, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the chosen columns of the rows that a query asks for; raise BadQuery. `id` always comes."""
    found = QUERY.fullmatch(query)
    if found is None or int(found["most"]) > MOST:
        raise BadQuery(query)
    tokens = TOKEN.findall(found["where"])
    test = _any_of(tokens)
    if tokens:
        raise BadQuery(query)
    names = [part.split() for part in found["order"].split(",")]
    if any(way != "asc" for _, way in names):
        raise BadQuery(query)
    start, most = int(found["offset"]), int(found["most"])
    ordered = nsmallest(
        start + most, filter(test, rows), key=lambda row: [_comparable(row[name]) for name, _ in names]
    )
    columns = dict.fromkeys([*found["columns"].replace(" ", "").split(","), "id"])
    return [{name: row.get(name) for name in columns} for row in ordered[start:]]


def _any_of(tokens: list[str]) -> Test:
    left = _pair(tokens)
    if tokens and tokens[0] in ("and", "or"):
        word, right = tokens.pop(0), _pair(tokens)
        if tokens and tokens[0] in ("and", "or"):
            raise BadQuery("More than two criteria must be grouped in pairs.")
        return lambda row: (left(row) and right(row)) if word == "and" else (left(row) or right(row))
    return left


def _pair(tokens: list[str]) -> Test:
    if not tokens:
        raise BadQuery("A criterion is missing.")
    name = tokens.pop(0)
    if name == "(":
        inside = _any_of(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise BadQuery("A bracket is not closed.")
        return inside
    if tokens[:3] == ["is", "not", "null"]:
        del tokens[:3]
        return lambda row: row.get(name) is not None
    sign, value = tokens.pop(0), _comparable(tokens.pop(0).strip("'"))
    return lambda row: SIGNS[sign](_comparable(row[name]), value)


SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "=": lambda one, other: one == other,
}


@lru_cache(maxsize=100_000)
def _comparable(text: str) -> Any:
    return int(text) if text.isdigit() else datetime.fromisoformat(text)
