"""One file at one address behind the Protocol."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from tempfile import NamedTemporaryFile
from typing import Any, ClassVar
from urllib.parse import urlsplit

from integrations.crm import (
    Account,
    BadSignature,
    Capabilities,
    CrmError,
    Cursor,
    Discovery,
    Entry,
    Fetched,
    Hosts,
    IdPage,
    Limit,
    Notification,
    OAuth,
    Owner,
    OwnField,
    Page,
    Pipeline,
    RawRequest,
    Setup,
    Stage,
    Status,
    Subscription,
    WriteOp,
    Written,
)
from integrations.files.formats import NUMBER_CHOICES
from integrations.files.stage_words import status_of_stage
from integrations.http import Door
from integrations.providers.files import columns, reading
from integrations.providers.files.fetching import LEADS_ON, Address, File
from tabular import Limits, TableError, open_table
from tabular.tables import Table

LIMITS = Limits(max_bytes=20 * 1024 * 1024, max_rows=20_000)
ORDER, MARK = ("D/M/Y", "M/D/Y"), tuple(NUMBER_CHOICES)


class FileFeed:
    """A CSV or Excel file that somebody else writes anew now and then, as a CRM's scheduled export."""

    key: ClassVar[str] = "files"
    name: ClassVar[str] = "Spreadsheet by address"
    capabilities: ClassVar[Capabilities] = Capabilities()
    entries: ClassVar[tuple[Entry, ...]] = (
        Entry(
            "url",
            "Address of the file",
            "Of the CSV or Excel file itself, as in https://files.brightwater.example/deals.csv. Admins here "
            "can see it.",
            pattern=r"https://[^/\s@\\\[\]]+/\S*",
        ),
        Entry("user", "User", "Only if the address asks for a name and password.", required=False),
        Entry("password", "Password", secret=True, required=False),
        Entry(
            "token",
            "Access token",
            "Only if the address asks for one; then without a user.",
            secret=True,
            required=False,
            pattern=r"[!-~]+",
        ),
        Entry(
            "dates",
            "Order of day and month",
            f"{ORDER[0]} or {ORDER[1]}; only if the file does not show it.",
            required=False,
            pattern="|".join(ORDER),
        ),
        Entry(
            "numbers",
            "How numbers are written",
            f"As {MARK[0]} or as {MARK[1]}; only if the file does not show it.",
            required=False,
            pattern=r"1,234\.50|1\.234,50",
        ),
    )
    oauth: ClassVar[OAuth | None] = None
    rights: ClassVar[tuple[str, ...]] = (
        "The address of a CSV or Excel file of deals, one row each, below the names of its columns.",
        "Every deal, each time: one that is missing from the file for two nights leaves the pipeline.",
        "A column with the deal’s id, so that a deal that changes stays the same one.",
        f"At most {LIMITS.max_rows:,} rows and 20 MB. Nothing can be written back into a file.",
    )
    limits: ClassVar[tuple[Limit, ...]] = (Limit(60, 60),)
    look_back: ClassVar[timedelta] = timedelta(0)  # a file has no times of change: it is read whole
    horizon: ClassVar[timedelta | None] = None
    page_size: ClassVar[int] = 500
    ids_size: ClassVar[int] = 2000

    def __init__(
        self, *, door: Door, credentials: Mapping[str, Any], setup: Setup, now: Callable[[], datetime]
    ) -> None:
        self._setup, self._now = setup, now
        self._url = setup.entries.get("url", "").strip()
        user = setup.entries.get("user", "")
        self._address = Address(door, self._url, user=user, credentials=credentials, now=now)

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> Hosts:
        """Return the file's server, and where it is known to lead on to."""
        url = entries.get("url", "").strip()
        return Hosts(own=url, suffixes=tuple(to for known, to in LEADS_ON.items() if url.startswith(known)))

    def check(self) -> Account:
        """Read the whole file, and tell which of its columns are of no use."""
        with self._table(self._file()) as table:
            found = columns.columns_of(table, self._setup.fields)
            deals = [each.deal for each in self._read(table) if each.deal]
        currencies = {deal.currency for deal in deals if deal.currency}
        last = urlsplit(self._url).path.rpartition("/")[2]
        named = last.casefold().endswith((".csv", ".xlsx", ".tsv", ".txt"))
        return Account(
            # A file has no account: the connection stays the same one when its file moves.
            id=self._setup.account_id or sha256(self._url.encode()).hexdigest()[:32],
            name=f"{last} at {self._address.host}" if named else self._address.host,
            currency=currencies.pop() if len(currencies) == 1 else "",
            lacks=found.lacks,
        )

    def discover(self) -> Discovery:
        """Return the columns as fields, and the stages, people and products that deals name."""
        with self._table(self._file()) as table:
            found = columns.columns_of(table, self._setup.fields)
            fields = columns.fields_found(table, found.guesses)
            deals = [each.deal for each in self._read(table) if each.deal]
        stages = dict.fromkeys(deal.stage_id for deal in deals if deal.stage_id)
        owners = {deal.owner_id: Owner(deal.owner_id, deal.owner_name, deal.owner_email) for deal in deals}
        owners.pop("", None)
        products = dict.fromkeys(line.product for deal in deals for line in deal.lines or ())
        products |= dict.fromkeys(deal.product for deal in deals)
        return Discovery(
            pipelines=(Pipeline("", "All deals"),),
            stages=tuple(
                Stage(name, name, "", place, status=Status(status_of_stage(name)))
                for place, name in enumerate(stages)
            ),
            owners=tuple(owners.values()),
            fields=fields,
            products=tuple(product for product in products if product),
        )

    def pull(self, cursor: Cursor | None) -> Page:
        """Return the next page of the file; nothing when it is the one that was read to its end."""
        held = cursor if cursor and cursor["of"] == self._place else {}
        under_way = "after" in held
        file = self._address.get({} if under_way else held.get("version", {}))
        if file is None:
            return Page((), dict(held), True)
        position = {"of": self._place, "sha256": file.digest, "version": dict(file.version)}
        same = held.get("sha256") == file.digest
        if same and not under_way:
            return Page((), position, True)
        entries = self._entries(file)
        start = held["after"] if same else 0  # another file meanwhile: from its beginning
        end = start + self.page_size
        page, done = entries[start:end], end >= len(entries)
        return Page(
            tuple(each.deal for each in page if each.deal),
            position if done else position | {"after": end},
            done,
            skipped=tuple(skipped for each in page for skipped in each.skipped),
            total=sum(1 for each in entries if each.deal),
        )

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Return these deals as the file tells them now."""
        wanted = set(ids)
        entries = [each for each in self._entries(self._file()) if each.id in wanted]
        return Fetched(
            tuple(each.deal for each in entries if each.deal),
            skipped=tuple(skipped for each in entries for skipped in each.skipped),
        )

    def list_ids(self, cursor: Cursor | None) -> IdPage:
        """Return the next page of all ids, also of rows that are unreadable elsewhere: they are not gone."""
        file = self._file()
        ids = list(dict.fromkeys(each.id for each in self._entries(file) if each.id))
        start = cursor["after"] if cursor and cursor["sha256"] == file.digest else 0
        end = start + self.ids_size
        return IdPage(
            tuple(ids[start:end]), {"sha256": file.digest, "after": end} if end < len(ids) else None
        )

    def ensure_fields(self) -> Mapping[OwnField, str]:
        """Return nothing: there are no fields of ours in somebody else's file."""
        return {}

    def write(self, op: WriteOp) -> Written:
        """Raise CrmError: nothing can be written into a file that is read by its address."""
        raise CrmError("Nothing can be written back into a file.", permanent=True)

    def ensure_webhook(self, url: str, held: Subscription | None) -> Subscription | None:
        """Return None: a file tells nobody that it changed."""
        return None

    def drop_webhook(self, held: Subscription) -> None:
        """Do nothing: there are no webhooks."""

    @classmethod
    def verify_webhook(
        cls, request: RawRequest, *, secret: str, state: Mapping[str, Any], now: datetime
    ) -> Notification:
        """Raise BadSignature: there are no webhooks."""
        raise BadSignature("A file sends no webhooks.")

    @property
    def _place(self) -> str:
        """Return what makes a position worthless when it changes: the address and how it is read."""
        said = "\n".join(self._setup.entries.get(name, "") for name in ("url", "dates", "numbers"))
        return sha256(said.encode()).hexdigest()[:16]

    def _file(self) -> File:
        file = self._address.get({})
        assert file is not None
        return file

    def _entries(self, file: File) -> list[reading.Entry]:
        with self._table(file) as table:
            return self._read(table)

    def _read(self, table: Table) -> list[reading.Entry]:
        mapping = columns.columns_of(table, self._setup.fields).mapping
        readers = columns.readers_of(table, mapping, self._setup.entries)
        return reading.entries_of(table, mapping, readers, at=self._now())

    @contextmanager
    def _table(self, file: File) -> Iterator[Table]:
        """Open the file; a broken one may be whole again at the next export."""
        with NamedTemporaryFile(prefix="concord-") as kept:
            kept.write(file.body)
            kept.flush()
            try:
                yield open_table(kept.name, limits=LIMITS)
            except TableError as problem:
                raise CrmError(f"The file cannot be read. {problem.reason}") from None
