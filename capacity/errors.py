"""What this floor refuses."""

from tenants.errors import DomainError


class UnknownHolidays(DomainError):
    """A code of public holidays that names no country or no region of it."""

    code = "unknown_holidays"


class NoSuchPool(DomainError):
    """A pool that is not in this organization."""

    code = "no_such_pool"


class OnePoolOnly(DomainError):
    """A resource in more pools than one, or in none."""

    code = "one_pool_only"
