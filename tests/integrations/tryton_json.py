"""Values as Tryton has them in JSON, written by hand for the tests: the provider has its own way."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

TIME = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def dumps(content: Any) -> str:
    """Return the JSON; dates, aware datetimes and Decimals as Tryton writes them."""
    return json.dumps(content, default=_encoded)


def loads(text: str | bytes) -> Any:
    """Return what Tryton wrote, with dates, datetimes (aware, UTC) and Decimals."""
    return json.loads(text, object_hook=_decoded)


def _encoded(value: Any) -> Any:
    if isinstance(value, datetime):
        utc = value.astimezone(UTC)
        return {"__class__": "datetime", **{name: getattr(utc, name) for name in TIME}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    assert isinstance(value, Decimal)
    return {"__class__": "Decimal", "decimal": str(value)}


def _decoded(content: dict[str, Any]) -> Any:
    kind = content.get("__class__")
    rest = {name: value for name, value in content.items() if name != "__class__"}
    if kind == "datetime":
        return datetime(**rest, tzinfo=UTC)
    if kind == "Decimal":
        return Decimal(rest["decimal"])
    return date(**rest) if kind == "date" else content
