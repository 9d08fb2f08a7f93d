"""Salesforce as a CrmProvider."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from integrations.crm import (
    Account,
    BadSignature,
    Capabilities,
    CrmError,
    Cursor,
    DealRecord,
    Discovery,
    Entry,
    Fetched,
    Gone,
    Hosts,
    IdPage,
    Limit,
    Notification,
    OAuth,
    OwnField,
    Page,
    RawRequest,
    Setup,
    Skipped,
    Subscription,
    WriteOp,
    Written,
)
from integrations.http import Door
from integrations.providers.salesforce import rows as reading
from integrations.providers.salesforce.calls import SUFFIX, Calls, Description, Row
from integrations.providers.salesforce.notes import put_note
from integrations.providers.salesforce.organization import account, discovery, opportunity
from integrations.providers.salesforce.refusals import Missing
from integrations.providers.salesforce.soql import (
    Place,
    deal_columns,
    instant,
    is_id,
    line_columns,
    listed,
    select,
)
from integrations.readings import instant_of, text_of

PAGE = 200  # opportunities; the ids of a page must fit into one address for their line items
MANY = 2000  # rows of a page of ids or of changed line items
SIGN_IN = "https://{login_host}/services/oauth2"
OWN_FIELDS: Mapping[OwnField, str] = {
    OwnField.VERDICT: "Concord_Verdict__c",
    OwnField.EARLIEST: "Concord_Earliest_Date__c",
    OwnField.REASON: "Concord_Reason__c",
    OwnField.LINK: "Concord_Link__c",
    OwnField.CHECKED_AT: "Concord_Checked_At__c",
}


class Salesforce:
    """Opportunities of one Salesforce organization."""

    key: ClassVar[str] = "salesforce"
    name: ClassVar[str] = "Salesforce"
    # Making fields needs the right to customize the whole application and a permission set for every reader:
    # that is an admin's work, so own_fields is False and existing fields are mapped.
    capabilities: ClassVar[Capabilities] = Capabilities(
        line_items=True, stage_probability=True, tombstones=True, notes=True
    )
    entries: ClassVar[tuple[Entry, ...]] = (
        Entry(
            "login_host",
            "Login host",
            "login.salesforce.com, for a sandbox test.salesforce.com, or your My Domain as in "
            "acme.my.salesforce.com. With an app of your own it must be your My Domain.",
            pattern=r"(login|test|[a-z0-9-]+(\.[a-z0-9-]+)*\.my)\.salesforce\.com",
        ),
        Entry(
            "app_id",
            "Consumer key",
            "Only with an External Client App of your own that has the client credentials flow enabled.",
            required=False,
        ),
        Entry("app_secret", "Consumer secret", "Of the same app.", secret=True, required=False),
    )
    oauth: ClassVar[OAuth | None] = OAuth(
        authorize_url=SIGN_IN + "/authorize",
        token_url=SIGN_IN + "/token",
        scopes=("api", "refresh_token"),
        keeps=("instance_url", "id"),
    )
    rights: ClassVar[tuple[str, ...]] = (
        (
            "API Enabled, and Read on Opportunities, Accounts, Products and Price Books: to read deals and "
            "what they ask for. Give View All on Opportunities, or deals not shared with the person are "
            "missing."
        ),
        (
            "Edit on Opportunities, and on the fields Concord_Verdict__c (Text), Concord_Earliest_Date__c "
            "(Date), Concord_Reason__c (Long Text Area), Concord_Link__c (URL) and Concord_Checked_At__c "
            "(Date/Time) that an admin makes on Opportunity: to write verdicts back."
        ),
        "Edit Tasks: to keep one note with the verdict in the opportunity’s activity history.",
    )
    limits: ClassVar[tuple[Limit, ...]] = (Limit(100, 20),)
    look_back: ClassVar[timedelta] = timedelta(minutes=15)
    horizon: ClassVar[timedelta | None] = timedelta(days=14)

    def __init__(
        self, *, door: Door, credentials: Mapping[str, Any], setup: Setup, now: Callable[[], datetime]
    ) -> None:
        self._calls = Calls(door, credentials, setup.entries, now)
        self._setup = setup

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> Hosts:
        """Return Salesforce's hosts: login hosts, My Domains and the server that a sign-in names."""
        return Hosts(suffixes=(SUFFIX,))

    def check(self) -> Account:
        """Sign in and look whether the rights suffice."""
        return account(self._calls)

    def discover(self) -> Discovery:
        """Return stages, people, fields and products; all stages are in one pipeline."""
        return discovery(self._calls)

    def pull(self, cursor: Cursor | None) -> Page:
        """Return the next page of changes: first of opportunities, deleted ones too, then of line items."""
        seen, line_seen = opportunity(self._calls), self._calls.describe("OpportunityLineItem")
        total = self._calls.count(select("COUNT()", "Opportunity")) if cursor is None else None
        start, stream, deals, lines = self._places(cursor)
        found = Fetched(())
        if stream == "deals":
            rows = self._rows("Opportunity", deal_columns(seen, self._setup.fields.values()), deals, PAGE)
            found, deals = self._records(rows, line_seen), _after(rows, deals)
            stream = "deals" if len(rows) == PAGE else "lines"
        touched: list[str] = []
        done = stream == "lines"
        if done and line_seen:
            rows = self._rows("OpportunityLineItem", "Id, SystemModstamp, OpportunityId", lines, MANY)
            lines, done = _after(rows, lines), len(rows) < MANY
            known = {record.id for record in found.deals} | {gone.id for gone in found.gone}
            touched = [text_of(row.get("OpportunityId")) for row in rows]
            touched = [each for each in dict.fromkeys(touched) if each and each not in known]
        if done:
            deals, lines = (place.settled(start, self.look_back) for place in (deals, lines))
        return Page(
            found.deals,
            _cursor(None if done else start, stream, deals, lines),
            done,
            gone=found.gone,
            touched=tuple(touched),
            skipped=found.skipped,
            total=total,
        )

    def _places(self, cursor: Cursor | None) -> tuple[datetime, str, Place, Place]:
        """Return the run's start by Salesforce's clock, the stream it is in, and both streams' places."""
        start = self._calls.clock
        if cursor is None:
            return start, "deals", Place(), Place(start - self.look_back)
        begun = instant_of(cursor.get("start"))
        deals, lines = Place.of(cursor["deals"]), Place.of(cursor["lines"])
        return (begun, cursor["stream"], deals, lines) if begun else (start, "deals", deals, lines)

    def _rows(self, thing: str, columns: str, place: Place, most: int) -> list[Row]:
        return self._calls.query(
            select(columns, thing, where=place.where, order="SystemModstamp, Id", most=most),
            deleted=True,
        )

    def _records(self, rows: Sequence[Row], line_seen: Description) -> Fetched:
        gone = tuple(Gone(text_of(row.get("Id"))) for row in rows if row.get("IsDeleted"))
        there = [row for row in rows if not row.get("IsDeleted")]
        lines = self._lines(there, line_seen) if line_seen else None
        base = self._calls.session.base
        read = [reading.deal_of(row, fields=self._setup.fields, base=base, lines=lines) for row in there]
        return Fetched(
            tuple(record for record in read if isinstance(record, DealRecord)),
            gone,
            tuple(record for record in read if isinstance(record, Skipped)),
        )

    def _lines(self, rows: Sequence[Row], seen: Description) -> reading.Lines:
        ids = listed(text_of(row.get("Id")) for row in rows)
        if not ids:
            return {}
        return reading.lines_of(
            self._calls.query(
                select(
                    line_columns(seen), "OpportunityLineItem", where=f"OpportunityId IN ({ids})", order="Id"
                )
            )
        )

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Return these opportunities as they are now; what is no id of Salesforce's is not found."""
        wanted = listed(ids)
        if not wanted:
            return Fetched(())
        columns = deal_columns(opportunity(self._calls), self._setup.fields.values())
        rows = self._calls.query(select(columns, "Opportunity", where=f"Id IN ({wanted})"), deleted=True)
        return self._records(rows, self._calls.describe("OpportunityLineItem"))

    def list_ids(self, cursor: Cursor | None) -> IdPage:
        """Return the next page of all opportunities' ids, in the order of the ids."""
        after = str(cursor["id"]) if cursor else ""
        where = f"Id > '{after}'" if is_id(after) else ""
        rows = self._calls.query(select("Id", "Opportunity", where=where, order="Id", most=MANY))
        ids = tuple(text_of(row["Id"]) for row in rows)
        return IdPage(ids, {"id": ids[-1]} if len(ids) == MANY else None)

    def ensure_fields(self) -> Mapping[OwnField, str]:
        """Return those of our fields that an admin has made and that the person may edit."""
        seen = opportunity(self._calls)
        return {own: name for own, name in OWN_FIELDS.items() if seen.get(name, {}).get("updateable")}

    def write(self, op: WriteOp) -> Written:
        """Write our fields and update or make our one note. May raise NoteUnknown."""
        if not is_id(op.deal_id):
            raise Missing("Salesforce no longer has this opportunity.")
        mapped = self._setup.own_fields
        values = {mapped[own]: _said(value) for own, value in op.values.items() if own in mapped}
        if values:
            self._calls.send("PATCH", f"sobjects/Opportunity/{op.deal_id}", json=values)
        return Written(put_note(self._calls, op) if op.note else op.note_id)

    def ensure_webhook(self, url: str, held: Subscription | None) -> Subscription | None:
        """Return None: Salesforce has no general webhook that could be verified."""
        return None

    def drop_webhook(self, held: Subscription) -> None:
        """Do nothing: there is no webhook."""

    @classmethod
    def verify_webhook(
        cls, request: RawRequest, *, secret: str, state: Mapping[str, Any], now: datetime
    ) -> Notification:
        """Refuse: what claims to be a webhook of Salesforce's is not."""
        raise BadSignature("Salesforce sends no webhooks to Concord.")


def _cursor(start: datetime | None, stream: str, deals: Place, lines: Place) -> Cursor:
    """Return the cursor; without `start` the next run begins with it."""
    return {
        "start": instant(start) if start else "",
        "stream": stream if start else "deals",
        "deals": deals.kept_as,
        "lines": lines.kept_as,
    }


def _after(rows: Sequence[Row], place: Place) -> Place:
    """Return the place behind the last row that says when it changed."""
    for row in reversed(rows):
        if (at := reading.stamp_of(row)) is not None:
            return Place(at, text_of(row.get("Id")))
    if rows:
        raise CrmError(
            "Salesforce hides when its records changed: changes cannot be followed.", permanent=True
        )
    return place


def _said(value: str | date | datetime | None) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value
