"""Odoo's domains: conditions in prefix notation, with paths through records."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

Step = Callable[[Any, str], list[Any]]


def matches(row: dict[str, Any], domain: Sequence[Any], step: Step) -> bool:
    """Return whether a row meets a domain; conditions that stand side by side are joined by and."""
    rest = list(domain)
    verdicts = []
    while rest:
        verdicts.append(_take(row, rest, step))
    return all(verdicts)


def _take(row: dict[str, Any], rest: list[Any], step: Step) -> bool:
    first = rest.pop(0)
    if first == "!":
        return not _take(row, rest, step)
    if first in ("|", "&"):
        left, right = _take(row, rest, step), _take(row, rest, step)
        return left or right if first == "|" else left and right
    path, operator, wanted = first
    return any(_meets(value, operator, wanted) for value in _values(row, path.split("."), step))


def _values(row: dict[str, Any], path: Sequence[str], step: Step) -> Iterable[Any]:
    found: list[Any] = [row]
    for name in path:
        found = [inner for value in found if value for inner in step(value, name)]
    return found or [False]


def _meets(value: Any, operator: str, wanted: Any) -> bool:
    if isinstance(value, dict):
        value = value["id"]
    if isinstance(value, datetime) and isinstance(wanted, str):
        wanted = datetime.fromisoformat(wanted).replace(tzinfo=UTC)
    value = value or False if not isinstance(value, int) else value
    if operator in (">", ">=", "<", "<=") and value is False:
        return False  # as in SQL: nothing is neither more nor less
    compare: dict[str, Callable[[], bool]] = {
        "=": lambda: value == wanted,
        "!=": lambda: value != wanted,
        ">": lambda: value > wanted,
        ">=": lambda: value >= wanted,
        "<": lambda: value < wanted,
        "<=": lambda: value <= wanted,
        "in": lambda: value in wanted,
        "ilike": lambda: str(wanted).casefold() in str(value).casefold(),
    }
    return compare[operator]()
