"""EspoCRM's opportunities, read by change time and written back to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlsplit

from integrations.crm import (
    Account,
    Capabilities,
    Cursor,
    Discovery,
    Entry,
    Fetched,
    Hosts,
    IdPage,
    Limit,
    Notification,
    OAuth,
    OwnField,
    Page,
    RawRequest,
    Setup,
    Subscription,
    WriteOp,
    Written,
)
from integrations.http import Door
from integrations.providers.espocrm import hooks
from integrations.providers.espocrm.discovering import account, discover, own_fields
from integrations.providers.espocrm.opportunities import ACCOUNTS, Opportunities, stamp
from integrations.providers.espocrm.wire import MOST, Missing, Wire, condition, site_of
from integrations.providers.espocrm.writing import put_fields, put_note

FROM_THE_START: Cursor = {"since": ""}
FIELDS = (
    "An administrator adds fields to Opportunity for what is written back: concordVerdict (Varchar), "
    "concordEarliestDate (Date), concordReason (Text), concordLink (Url), concordCheckedAt (Date-Time)."
)


class EspoCrm:
    """EspoCRM 7 and newer; line items would need its Sales Pack and are not read."""

    key: ClassVar[str] = "espocrm"
    name: ClassVar[str] = "EspoCRM"
    # Only administrators can make fields, and an API user is none.
    capabilities: ClassVar[Capabilities] = Capabilities(stage_probability=True, webhooks=True, notes=True)
    entries: ClassVar[tuple[Entry, ...]] = (
        Entry(
            "base_url",
            "Address of your EspoCRM",
            "For example https://crm.brightwater.example",
            pattern=r"https?://[^/\s]+\S*",
        ),
        Entry(
            "key",
            "API key",
            "In EspoCRM: Administration, API Users, a user of its own with API Key.",
            secret=True,
        ),
    )
    oauth: ClassVar[OAuth | None] = None
    rights: ClassVar[tuple[str, ...]] = (
        "Opportunities: read all, edit all, stream all. With less, deals are hidden and would look deleted.",
        "Accounts and Users: read all, for names of companies and e-mails of owners.",
        "Webhooks: on, so that changes are seen sooner.",
        FIELDS,
    )
    limits: ClassVar[tuple[Limit, ...]] = (Limit(count=60, seconds=30),)
    look_back: ClassVar[timedelta] = timedelta(minutes=5)
    horizon: ClassVar[timedelta | None] = None

    def __init__(
        self, *, door: Door, credentials: Mapping[str, Any], setup: Setup, now: Callable[[], datetime]
    ) -> None:
        self._setup, self._now = setup, now
        self._site = site_of(setup.entries.get("base_url", ""))
        self._wire = Wire(door, self._site, str(credentials.get("key", "")), now)

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> Hosts:
        """Return the customer's own server."""
        parts = urlsplit(entries.get("base_url", "").strip())
        return Hosts(own=f"{parts.scheme}://{parts.netloc}")

    @cached_property
    def _deals(self) -> Opportunities:
        return Opportunities(self._wire, self._setup, self._site)

    def check(self) -> Account:
        """Sign in and look whether the rights suffice."""
        return account(self._wire, self._site)

    def discover(self) -> Discovery:
        """Return stages, people and fields."""
        return discover(self._wire)

    def pull(self, cursor: Cursor | None) -> Page:
        """Return the next page of deals changed since the cursor; None begins a backfill.

        A run reads what was changed since `since` in the order of ids, which no change disturbs. What changes
        during the run is newer than `next`, where the next run begins.
        """
        at = {"after": "", "account": None, **(cursor or FROM_THE_START)}
        first = "next" not in at
        if first:
            at["next"] = self._next(at["since"])
        if at["account"] is not None:
            return self._near(at)
        return self._changed(at, total=first and not at["since"])

    def _next(self, since: str) -> str:
        """Return where the next run begins: at the newest change of now, by either clock, less look-back."""
        newest = self._deals.newest()
        return max(since, stamp(min(newest, self._now()), self.look_back)) if newest else since

    def _changed(self, at: Cursor, *, total: bool) -> Page:
        since = at["since"]
        where = [condition("modifiedAt", "greaterThanOrEquals", since)] if since else []
        found = self._deals.page(where, after=at["after"], total=total)
        deals, skipped = self._deals.read(found.rows)
        page = Page(deals, {"since": at["next"]}, done=True, skipped=skipped, total=found.total)
        if len(found.rows) == MOST:
            return replace(page, cursor={**at, "after": found.rows[-1]["id"]}, done=False)
        if not since:
            return page
        return replace(self._near({**at, "after": "", "account": ""}), deals=deals, skipped=skipped)

    def _near(self, at: Cursor) -> Page:
        """Return deals of changed accounts to fetch anew: EspoCRM leaves the deals' own time as it was."""
        accounts = self._deals.accounts(at["since"], at["account"])
        where = [condition("accountId", "in", accounts)]
        ids = self._deals.ids(where, after=at["after"]) if accounts else []
        page = Page((), {"since": at["next"]}, done=True, touched=tuple(ids))
        if len(ids) == MOST:
            return replace(page, cursor={**at, "after": ids[-1]}, done=False)
        if len(accounts) == ACCOUNTS:
            return replace(page, cursor={**at, "after": "", "account": accounts[-1]}, done=False)
        return page

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Return these deals (at most 100) as they are now."""
        rows = self._deals.page([condition("id", "in", list(ids))]).rows if ids else ()
        deals, skipped = self._deals.read(rows)
        return Fetched(deals, skipped=skipped)

    def list_ids(self, cursor: Cursor | None) -> IdPage:
        """Return the next page of all deals' ids."""
        ids = self._deals.ids([], after=(cursor or {}).get("after", ""))
        return IdPage(tuple(ids), {"after": ids[-1]} if len(ids) == MOST else None)

    def ensure_fields(self) -> Mapping[OwnField, str]:
        """Return those of our fields that an administrator made."""
        return own_fields(self._wire)

    def write(self, op: WriteOp) -> Written:
        """Write our fields and update or make our one note."""
        try:
            put_fields(self._wire, op, self._setup.own_fields)
            return Written(put_note(self._wire, op))
        except Missing:
            raise Missing("This deal is no longer in EspoCRM.") from None

    def ensure_webhook(self, url: str, held: Subscription | None) -> Subscription | None:
        """Keep webhooks for what is made, changed and deleted."""
        return hooks.ensure(self._wire, url, held)

    def drop_webhook(self, held: Subscription) -> None:
        """Remove the webhooks."""
        hooks.drop(self._wire, held)

    @classmethod
    def verify_webhook(
        cls, request: RawRequest, *, secret: str, state: Mapping[str, Any], now: datetime
    ) -> Notification:
        """Check the signature; EspoCRM signs no time, so that repetition shows by the key alone."""
        return hooks.verify(request, secret)
