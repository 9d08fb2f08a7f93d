"""Odoo's opportunities (crm.lead), read by change time and written back to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

from integrations.crm import (
    Account,
    BadSignature,
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
from integrations.providers.odoo.discovering import account, discover
from integrations.providers.odoo.leads import Leads, stamp
from integrations.providers.odoo.wire import Missing, Wire, connect, origin
from integrations.providers.odoo.writing import ensure_fields, put_fields, put_note

PAGE, IDS_PAGE = 500, 2000


class Odoo:
    """Odoo 14 and newer, on its own server, on Odoo.sh or as Odoo Online with a Custom plan."""

    key: ClassVar[str] = "odoo"
    name: ClassVar[str] = "Odoo"
    # Webhooks would be an automation rule that Odoo sends once, unsigned, for one second: polling is surer.
    capabilities: ClassVar[Capabilities] = Capabilities(line_items=True, own_fields=True, notes=True)
    entries: ClassVar[tuple[Entry, ...]] = (
        Entry(
            "base_url",
            "Address of your Odoo",
            "For example https://brightwater.odoo.com",
            pattern=r"https?://[^/\s]+\S*",
        ),
        Entry("database", "Database", "As Odoo calls it; of Odoo Online it is the address's first word."),
        Entry("login", "User's login", "Needed up to Odoo 18; newer ones go by the key.", required=False),
        Entry(
            "key",
            "API key",
            "In Odoo: Preferences, Account Security, New API Key. Keys run out after at most three months.",
            secret=True,
        ),
    )
    oauth: ClassVar[OAuth | None] = None
    rights: ClassVar[tuple[str, ...]] = (
        "Sales: User, All Documents. With less, deals of others are hidden and would look deleted.",
        "Contacts and Sales orders: read, for company names and for what a deal asks for.",
        "Administration: Settings, once, so that Concord can make its fields. Or an administrator does.",
    )
    limits: ClassVar[tuple[Limit, ...]] = (Limit(count=60, seconds=30),)
    # write_date is the start of a transaction: a long one shows up late.
    look_back: ClassVar[timedelta] = timedelta(minutes=15)
    horizon: ClassVar[timedelta | None] = None

    def __init__(
        self, *, door: Door, credentials: Mapping[str, Any], setup: Setup, now: Callable[[], datetime]
    ) -> None:
        self._door, self._credentials, self._setup, self._now = door, credentials, setup, now

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> Hosts:
        """Return the customer's own server."""
        return Hosts(own=origin(entries.get("base_url", "")))

    @cached_property
    def _base(self) -> str:
        return origin(self._setup.entries.get("base_url", ""))

    @cached_property
    def _wire(self) -> Wire:
        entries = self._setup.entries
        return connect(
            self._door,
            self._base,
            database=entries.get("database", ""),
            login=entries.get("login", ""),
            key=str(self._credentials.get("key", "")),
            now=self._now,
        )

    @cached_property
    def _leads(self) -> Leads:
        return Leads(self._wire, self._setup, self._base)

    def check(self) -> Account:
        """Sign in and look whether the rights suffice."""
        return account(self._wire, self._base, self._setup.entries.get("database", ""))

    def discover(self) -> Discovery:
        """Return sales teams (as pipelines), stages, people, fields and products."""
        return discover(self._wire, self._leads.context)

    def pull(self, cursor: Cursor | None) -> Page:
        """Return the next page of deals changed since the cursor; None begins a backfill.

        A run reads what was changed since `since` in the order of ids, which no change disturbs: Odoo shows
        whole seconds of times it compares exactly, so times are no order to page in. What changes during
        the run is newer than `next`, where the next run begins.
        """
        at = {"after": 0, "neighbours": False, **(cursor or {"since": ""})}
        total = None
        if "next" not in at:
            at["next"] = self._next(at["since"])
            total = None if at["since"] else self._leads.count()
        page = self._near(at) if at["neighbours"] else self._changed(at)
        return replace(page, total=total)

    def _next(self, since: str) -> str:
        """Return where the next run begins: at the newest change of now, by either clock, less look-back."""
        newest = self._leads.newest()
        return max(since, stamp(min(newest, self._now()), self.look_back)) if newest else since

    def _changed(self, at: Cursor) -> Page:
        newer = [["write_date", ">=", at["since"]]] if at["since"] else []
        rows = self._leads.search([*newer, ["id", ">", at["after"]]], PAGE)
        deals, skipped = self._leads.read(rows)
        page = Page(deals, {"since": at["next"]}, done=True, skipped=skipped)
        if len(rows) == PAGE:
            return replace(page, cursor={**at, "after": rows[-1]["id"]}, done=False)
        return replace(self._near({**at, "after": 0}), deals=deals, skipped=skipped) if at["since"] else page

    def _near(self, at: Cursor) -> Page:
        """Return deals to fetch anew for what changed around them: Odoo leaves their own time as it was."""
        ids = self._leads.with_new_neighbours(at["since"], at["after"], PAGE)
        page = Page((), {"since": at["next"]}, done=True, touched=tuple(str(one) for one in ids))
        if len(ids) == PAGE:
            return replace(page, cursor={**at, "after": ids[-1], "neighbours": True}, done=False)
        return page

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Return these deals (at most 100) as they are now."""
        numbers = [int(one) for one in ids if one.isdecimal()]
        deals, skipped = self._leads.read(self._leads.search([["id", "in", numbers]], len(numbers) or 1))
        return Fetched(deals, skipped=skipped)

    def list_ids(self, cursor: Cursor | None) -> IdPage:
        """Return the next page of all deals' ids."""
        rows = self._leads.search([["id", ">", (cursor or {}).get("after", 0)]], IDS_PAGE, fields=["id"])
        further = {"after": rows[-1]["id"]} if len(rows) == IDS_PAGE else None
        return IdPage(tuple(str(row["id"]) for row in rows), further)

    def ensure_fields(self) -> Mapping[OwnField, str]:
        """Make the fields of ours that are missing; return all with Odoo's names. Idempotent."""
        return ensure_fields(self._wire)

    def write(self, op: WriteOp) -> Written:
        """Write our fields and update or make our one note."""
        try:
            put_fields(self._wire, op, self._setup.own_fields)
            return Written(put_note(self._wire, op))
        except Missing:
            raise Missing("This deal is no longer in Odoo.") from None

    def ensure_webhook(self, url: str, held: Subscription | None) -> Subscription | None:
        """Return None: Odoo has no webhooks that could be trusted."""
        return None

    def drop_webhook(self, held: Subscription) -> None:
        """Do nothing: there is none."""

    @classmethod
    def verify_webhook(
        cls, request: RawRequest, *, secret: str, state: Mapping[str, Any], now: datetime
    ) -> Notification:
        """Refuse: whatever came, it was not asked for."""
        raise BadSignature("Odoo sends no webhooks to Concord.")
