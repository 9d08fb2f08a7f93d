"""EspoCRM's lists: conditions, one attribute to sort by (then the id), pages by offset."""

import operator
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

Row = dict[str, Any]
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": operator.eq,
    "in": lambda value, wanted: value in wanted,
    "greaterThan": lambda value, wanted: value is not None and value > wanted,
    "greaterThanOrEquals": lambda value, wanted: value is not None and value >= wanted,
    "lessThan": lambda value, wanted: value is not None and value < wanted,
}


def meets(row: Row, where: Sequence[Row]) -> bool:
    """Return whether a row meets all conditions; raise KeyError for one that names what is not there."""
    return all(OPERATORS[one["type"]](row[one["attribute"]], one["value"]) for one in where)


def may_meet(id: str, where: Sequence[Row]) -> bool:
    """Return whether a row with this id can meet the conditions, as an index would tell."""
    return meets({"id": id}, [one for one in where if one["attribute"] == "id"])


def listed(rows: Iterable[Row], search: Row) -> list[Row]:
    """Return the page that is asked for, of rows in the order of their ids.

    Attributes that are not there are left out.
    """
    found = (row for row in rows if meets(row, search.get("where", ())))
    end = search["offset"] + search["maxSize"]
    if (search["orderBy"], search["order"]) == ("id", "asc"):
        page = list(islice(found, search["offset"], end))
    else:
        name, down = search["orderBy"], search["order"] == "desc"
        page = sorted(found, key=lambda row: (str(row[name] or ""), row["id"]), reverse=down)
        page = page[search["offset"] : end]
    names = list(dict.fromkeys(["id", *search["select"]]))
    return [{name: row[name] for name in names if name in row} for row in page]
