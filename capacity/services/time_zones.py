"""Time zones by their names, as in Europe/Berlin."""

import zoneinfo

from tenants.errors import DomainError


def check_time_zone(name: str) -> None:
    """Raise DomainError unless the name is empty or a known time zone."""
    if name and name not in zoneinfo.available_timezones():
        raise DomainError(f'"{name}" is no time zone. Use a name such as Europe/Berlin.', field="time_zone")
