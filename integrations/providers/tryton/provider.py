"""One Tryton database behind the Protocol."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

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
from integrations.providers.tryton import checking, writing
from integrations.providers.tryton.pulling import Pull
from integrations.providers.tryton.records import DEALS, Reader
from integrations.providers.tryton.wire import Wire


class Tryton:
    """One database of a Tryton server, as one of its users sees it."""

    key: ClassVar[str] = "tryton"
    name: ClassVar[str] = "Tryton"
    capabilities: ClassVar[Capabilities] = Capabilities(line_items=True, notes=True)
    entries: ClassVar[tuple[Entry, ...]] = (
        Entry(
            "base_url",
            "Address of your Tryton",
            "For example https://tryton.brightwater.example, with the port if there is one.",
            pattern=r"https?://[^/\s]+\S*",
        ),
        Entry("database", "Database", "Its name in Tryton's login window."),
        Entry("user", "User", "Best one of Concord's own: its name stands under the notes."),
        Entry("password", "Password", secret=True),
    )
    oauth: ClassVar[OAuth | None] = None
    rights: ClassVar[tuple[str, ...]] = (
        "Sign-in with a password alone: Concord cannot answer a second question.",
        "The group Sale Opportunity: to read opportunities, and to note the verdict on them.",
        "The companies whose opportunities are read; with several of them the company filter “All”.",
    )
    limits: ClassVar[tuple[Limit, ...]] = (Limit(300, 60),)
    # Tryton stamps a record with the start of its transaction: what a long one wrote is seen late.
    look_back: ClassVar[timedelta] = timedelta(minutes=15)
    horizon: ClassVar[timedelta | None] = None
    page_size: ClassVar[int] = 500

    def __init__(
        self, *, door: Door, credentials: Mapping[str, Any], setup: Setup, now: Callable[[], datetime]
    ) -> None:
        self._setup, self._now = setup, now
        self._address, self._database = _address(setup.entries), setup.entries.get("database", "")
        self._wire = Wire(
            door,
            self._address,
            self._database,
            setup.entries.get("user", ""),
            str(credentials.get("password", "")),
            now,
        )

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> Hosts:
        """Return the customer's own server."""
        return Hosts(own=_address(entries))

    def check(self) -> Account:
        """Sign in and look whether the rights suffice, to the single field."""
        return checking.account(self._wire, self._address, self._database, self._setup.fields)

    def discover(self) -> Discovery:
        """Return the states as stages, people, fields and products."""
        return checking.discovery(self._wire)

    def pull(self, cursor: Cursor | None) -> Page:
        """Return the next page of deals changed since the cursor; None begins a backfill."""
        pull = Pull(self._wire, self._reader(), size=self.page_size, look_back=self.look_back, now=self._now)
        return pull.page(cursor)

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Return these deals as they are now."""
        reader = self._reader()
        numbers = [int(id) for id in ids if id.isdigit()]
        deals, skipped = reader.records(reader.rows([["id", "in", numbers]]))
        return Fetched(deals, skipped=skipped)

    def list_ids(self, cursor: Cursor | None) -> IdPage:
        """Return the next page of all deals' ids."""
        after = cursor["after"] if cursor else 0
        order = [["id", "ASC"]]
        ids = self._wire.call(f"{DEALS}.search", [["id", ">", after]], 0, self.page_size, order)
        return IdPage(tuple(map(str, ids)), {"after": ids[-1]} if len(ids) == self.page_size else None)

    def ensure_fields(self) -> Mapping[OwnField, str]:
        """Return the fields that bear our names: in Tryton only a module can make some."""
        return writing.own_fields(self._wire)

    def write(self, op: WriteOp) -> Written:
        """Write the fields that are mapped, and have one note of ours say it. May raise NoteUnknown."""
        writing.look_for(self._wire, op.deal_id)
        writing.write_fields(self._wire, op, self._setup)
        return Written(writing.write_note(self._wire, op) if op.note else op.note_id)

    def ensure_webhook(self, url: str, held: Subscription | None) -> Subscription | None:
        """Return None: Tryton has no webhooks."""
        return None

    def drop_webhook(self, held: Subscription) -> None:
        """Do nothing: Tryton has no webhooks."""

    @classmethod
    def verify_webhook(
        cls, request: RawRequest, *, secret: str, state: Mapping[str, Any], now: datetime
    ) -> Notification:
        """Raise BadSignature: Tryton has no webhooks."""
        raise BadSignature("Tryton sends no webhooks.")

    def _reader(self) -> Reader:
        return Reader(self._wire, self._setup, f"{self._address}/#{quote(self._database)}")


def _address(entries: Mapping[str, str]) -> str:
    return entries.get("base_url", "").strip().rstrip("/")
