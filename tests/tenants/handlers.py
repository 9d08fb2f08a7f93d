"""Outbox handlers for tests: they remember what they were asked, and fail when told to."""

from datetime import datetime
from typing import Any

calls: list[tuple[int, dict[str, Any], datetime]] = []
failures: list[Exception] = []


def remember(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """Write down the call; fail with the next of the failures that were ordered."""
    calls.append((organization_id, payload, at))
    if failures:
        raise failures.pop(0)
