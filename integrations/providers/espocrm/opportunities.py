"""Searches opportunities and reads a page of them with the e-mails of their owners."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.crm import DealRecord, Setup, Skipped
from integrations.providers.espocrm.discovering import definitions_of
from integrations.providers.espocrm.rows import STANDARD, attributes_of, deal_of
from integrations.providers.espocrm.wire import Listing, NotAllowed, Row, Where, Wire, condition
from integrations.readings import instant_of, text_of

ACCOUNTS = 50


def stamp(moment: datetime, less: timedelta) -> str:
    """Return a moment, less a look-back, as EspoCRM writes it in UTC."""
    return f"{moment - less:%Y-%m-%d %H:%M:%S}"


class Opportunities:
    """The opportunities that the API user may see."""

    def __init__(self, wire: Wire, setup: Setup, site: str) -> None:
        self._wire, self._setup, self._site = wire, setup, site

    @cached_property
    def _mapped(self) -> dict[str, str]:
        """Return those of the mapped fields that there are."""
        wanted = {ours: key for ours, key in self._setup.fields.items() if key}
        if not wanted:
            return {}
        there = attributes_of(definitions_of(self._wire))
        return {ours: key for ours, key in wanted.items() if key in there}

    @cached_property
    def _zone(self) -> ZoneInfo:
        settings = self._wire.send("GET", "Settings")
        try:
            return ZoneInfo(str(settings.get("timeZone") or "UTC"))
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    def page(self, where: Sequence[Where], *, after: str = "", total: bool = False) -> Listing:
        """Return the next rows in the order of their ids."""
        select = [*STANDARD, *self._mapped.values()]
        return self._wire.listed("Opportunity", select, [*where, *beyond(after)], total=total)

    def ids(self, where: Sequence[Where], *, after: str = "") -> list[str]:
        """Return the next ids."""
        rows = self._wire.listed("Opportunity", ["id"], [*where, *beyond(after)]).rows
        return [str(row["id"]) for row in rows]

    def newest(self) -> datetime | None:
        """Return when the one changed last was changed, by EspoCRM's clock; None when there is none."""
        last = ("modifiedAt", "desc")
        rows = self._wire.listed("Opportunity", ["id", "modifiedAt"], size=1, order=last).rows
        return instant_of(rows[0].get("modifiedAt")) if rows else None

    def accounts(self, since: str, after: str) -> list[str]:
        """Return ids of accounts changed since then: their names changed in deals that did not."""
        where = [condition("modifiedAt", "greaterThanOrEquals", since), *beyond(after)]
        try:
            return [str(row["id"]) for row in self._wire.listed("Account", ["id"], where, size=ACCOUNTS).rows]
        except NotAllowed:
            return []

    def read(self, rows: Sequence[Row]) -> tuple[tuple[DealRecord, ...], tuple[Skipped, ...]]:
        """Return the deals of these rows, and those that could not be read with the reason."""
        deals, skipped = [], []
        shared: dict[str, Any] = {"site": self._site, "mapped": self._mapped, "emails": self._emails(rows)}
        for row in rows:
            try:
                deals.append(deal_of(row, zone=self._zone, **shared))
            except ValueError as error:
                skipped.append(Skipped(str(row["id"]), str(error)))
        return tuple(deals), tuple(skipped)

    def _emails(self, rows: Sequence[Row]) -> Mapping[str, str]:
        owners = sorted({str(row["assignedUserId"]) for row in rows if row.get("assignedUserId")})
        if not owners:
            return {}
        try:
            found = self._wire.listed("User", ["id", "emailAddress"], [condition("id", "in", owners)]).rows
        except NotAllowed:
            return {}
        return {str(row["id"]): text_of(row.get("emailAddress")) for row in found}


def beyond(after: str) -> list[Where]:
    """Return the condition for what comes after an id."""
    return [condition("id", "greaterThan", after)] if after else []
