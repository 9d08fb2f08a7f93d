"""Which column of a file holds what, by the names people give their columns."""

import re
from collections.abc import Mapping

from tabular import Table, TableError

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_NAMES = {day: (day, day[:3], day[:2]) for day in DAYS}
PEOPLE: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "person", "resource", "employee", "crew", "machine"),
    "pool": ("pool", "capacity pool", "team", "group"),
    "location": ("location", "place", "site"),
    **DAY_NAMES,
    "weekly_minutes": ("weekly minutes", "weekly pattern", "pattern"),
    "holidays": ("holidays", "public holidays", "holiday calendar"),
    "active_from": ("active from", "first day", "starts on", "start date"),
    "active_until": ("active until", "last day", "ends on", "end date"),
}
TIME_OFF: Mapping[str, tuple[str, ...]] = {
    "name": ("resource", "person", "name", "employee", "who"),
    "pool": ("pool", "capacity pool", "team", "group"),
    "starts_on": ("from", "starts on", "start", "start date", "first day", "date"),
    "ends_on": ("until", "to", "ends on", "end", "end date", "last day"),
    "hours": ("hours per day", "hours a day", "hours", "hours/day"),
    "kind": ("kind", "type", "what"),
    "reason": ("reason", "note", "comment"),
}


def match_columns(table: Table, wanted: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return field -> header for the columns that were found.

    Raises TableError when two columns mean the same field.
    """
    found: dict[str, str] = {}
    for header in table.headers:
        plain = _plain(header)
        field = next((field for field, names in wanted.items() if plain in names), None)
        if field in found:
            raise TableError(
                f'The columns "{found[field]}" and "{header}" mean the same. Remove one of them.'
            )
        if field is not None:
            found[field] = header
    return found


def require_columns(found: Mapping[str, str], *needed: str) -> None:
    """Raise TableError, naming what is missing, unless all these fields were found."""
    missing = [field.replace("_", " ") for field in needed if field not in found]
    if missing:
        raise TableError(
            f"The file needs a column for: {', '.join(missing)}. Add it and upload the file again."
        )


def _plain(header: str) -> str:
    return re.sub(r"[\s_.-]+", " ", header).strip().casefold()
