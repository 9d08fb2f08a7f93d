"""Dynamics 365 Sales as a CrmProvider."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from integrations.crm import (
    Account,
    BadSignature,
    Capabilities,
    CrmError,
    Cursor,
    CursorExpired,
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
from integrations.providers.dynamics.calls import (
    ANNOTATED,
    LOGIN,
    ORGANIZATION,
    TENANT,
    Calls,
    Row,
    is_guid,
)
from integrations.providers.dynamics.environment import (
    account,
    columns,
    discovery,
    own_columns,
    readable,
)
from integrations.providers.dynamics.notes import QUIETLY, put_note
from integrations.providers.dynamics.refusals import NOT_TRACKED, Missing, UnknownColumn
from integrations.providers.dynamics.rows import COLUMNS, deal_of, neighbours_of
from integrations.readings import instant_of, text_of

PAGE, MANY = 200, 1000
LINES_LOOK_BACK = timedelta(minutes=15)
TRACKED = "odata.track-changes"  # with formatted values the link to later changes has been seen missing
SIGN_IN = f"https://{LOGIN}/{{tenant}}/oauth2/v2.0"


class Dynamics:
    """Opportunities of one Dataverse environment."""

    key: ClassVar[str] = "dynamics"
    name: ClassVar[str] = "Microsoft Dynamics 365"
    # Making columns needs a customizer's role and a published solution of the customer's own: that is an
    # admin's work, so own_fields is False and existing columns are mapped.
    capabilities: ClassVar[Capabilities] = Capabilities(line_items=True, tombstones=True, notes=True)
    entries: ClassVar[tuple[Entry, ...]] = (
        Entry(
            "organization",
            "Environment",
            "The address of your Dynamics 365 without https://, as in acme.crm4.dynamics.com.",
            pattern=ORGANIZATION,
        ),
        Entry(
            "tenant",
            "Tenant",
            "The directory’s id or its domain, as in acme.onmicrosoft.com.",
            pattern=TENANT,
        ),
        Entry(
            "app_id",
            "Application (client) id",
            "Only with an app registration of your own that is an application user of the environment.",
            required=False,
        ),
        Entry("app_secret", "Client secret", "Of the same app.", secret=True, required=False),
    )
    oauth: ClassVar[OAuth | None] = OAuth(
        authorize_url=SIGN_IN + "/authorize",
        token_url=SIGN_IN + "/token",
        scopes=("https://{organization}/user_impersonation", "offline_access"),
    )
    rights: ClassVar[tuple[str, ...]] = (
        (
            "Read, at the level of the organization, on Opportunity: change tracking refuses anybody who "
            "sees less. The table’s property Track changes must be on."
        ),
        (
            "Read on Opportunity Product, Product, Account, Contact, User, Team, Currency and Organization: "
            "to know what deals ask for, for whom and whose they are."
        ),
        (
            "Write on Opportunity, with columns that an admin adds to it, Concord Verdict (text), Concord "
            "Earliest Date (date only, of another behaviour than User local), Concord Reason (multiple lines "
            "of text), Concord Link (URL) and Concord Checked At (date and time): to write verdicts back."
        ),
        (
            "Create, Read, Write and Append on Note, and Append To on Opportunity: to keep one note with the "
            "verdict."
        ),
    )
    limits: ClassVar[tuple[Limit, ...]] = (Limit(4000, 300),)
    look_back: ClassVar[timedelta] = timedelta(0)  # a delta link follows versions, not clocks
    horizon: ClassVar[timedelta | None] = timedelta(days=6)

    def __init__(
        self, *, door: Door, credentials: Mapping[str, Any], setup: Setup, now: Callable[[], datetime]
    ) -> None:
        self._calls = Calls(door, credentials, setup.entries, now)
        self._setup = setup

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> Hosts:
        """Return Microsoft's sign-in and the environment, when its address is one of Microsoft's."""
        organization = entries.get("organization", "")
        known = (organization,) if re.fullmatch(ORGANIZATION, organization) else ()
        return Hosts(exact=(LOGIN, *known))

    def check(self) -> Account:
        """Sign in and look whether the rights suffice."""
        return account(self._calls)

    def discover(self) -> Discovery:
        """Return status reasons as stages of one pipeline, people, columns and products."""
        return discovery(self._calls)

    def pull(self, cursor: Cursor | None) -> Page:
        """Return the next page of changes: first of opportunities, deleted ones too, then of their products.

        Raises CursorExpired when the last position is older than the environment remembers, and when
        other columns are mapped than those that it tells changes of.
        """
        state = self._begun(cursor)
        found, stream = Fetched(()), state["stream"]
        if stream == "deals":
            rows, following, later = self._changes(state["deals"])
            start = state["start"] or self._calls.clock.isoformat()
            state |= {"deals": following or later, "start": start, "since": state["since"] or _before(start)}
            found = self._records(rows)
            if following:
                return Page(found.deals, state, False, found.gone, skipped=found.skipped)
        touched, following = self._touched(state)
        known = {record.id for record in found.deals} | {gone.id for gone in found.gone}
        if following:
            state |= {"stream": "lines", "lines": following}
        else:
            since = _before(state["start"])
            state |= {"stream": "deals", "lines": "", "since": since, "start": ""}
        return Page(
            found.deals,
            state,
            not following,
            found.gone,
            tuple(each for each in touched if each not in known),
            found.skipped,
        )

    def _begun(self, cursor: Cursor | None) -> dict[str, str]:
        fields = ",".join(sorted(self._setup.fields.values()))
        if cursor is None:
            return {"stream": "deals", "deals": "", "lines": "", "since": "", "start": "", "fields": fields}
        if cursor["fields"] != fields:
            raise CursorExpired("Other columns are mapped now: all opportunities are read again.")
        return dict(cursor)

    def _changes(self, link: str) -> tuple[list[Row], str, str]:
        """Return a page of opportunities, the next page's link and the link of later changes."""
        if not link:
            params = {"$select": self._select()}
            rows, following, later = self._calls.page("opportunities", params, prefer=TRACKED, size=PAGE)
        else:
            try:
                rows, following, later = self._calls.page(link, prefer=TRACKED, size=PAGE)
            except UnknownColumn as error:
                raise CursorExpired(str(error)) from None
        if not following and not later:
            raise CrmError(NOT_TRACKED, permanent=True)
        return rows, following, later

    def _select(self) -> str:
        """Return the columns to ask for: the standard ones and those mapped ones that there are."""
        wanted = set(self._setup.fields.values())
        there = {readable(each) for each in columns(self._calls)} if wanted else set()
        return ",".join([*COLUMNS, *sorted(wanted & there - set(COLUMNS))])

    def _touched(self, state: Mapping[str, str]) -> tuple[list[str], str]:
        """Return the opportunities whose products changed, and the next page's link.

        Change tracking of products would tell of a removed one by an id that nobody can trace to its
        opportunity, and would list all of them first. So they are asked for by time.
        """
        params = {
            "$select": "_opportunityid_value",
            "$filter": f"modifiedon ge {state['since']}",
            "$orderby": "modifiedon,opportunityproductid",
        }
        link = state["lines"]
        rows, following, _ = self._calls.page(
            link or "opportunityproducts", None if link else params, prefer=ANNOTATED, size=MANY
        )
        found = dict.fromkeys(text_of(row.get("_opportunityid_value")) for row in rows)
        return [each for each in found if each], following

    def _records(self, rows: Sequence[Row]) -> Fetched:
        deleted = tuple(Gone(text_of(row.get("id"))) for row in rows if _is_deleted(row))
        there = [row for row in rows if not _is_deleted(row)]
        neighbours = neighbours_of(self._calls, there, product=self._setup.fields.get("product", ""))
        read = [
            deal_of(row, fields=self._setup.fields, site=self._calls.site, neighbours=neighbours)
            for row in there
        ]
        return Fetched(
            tuple(record for record in read if isinstance(record, DealRecord)),
            deleted,
            tuple(record for record in read if isinstance(record, Skipped)),
        )

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Return these opportunities as they are now; deleted ones are not found."""
        wanted = [found for found in ids if is_guid(found)]
        if not wanted:
            return Fetched(())
        rows = self._calls.by_ids("opportunities", "opportunityid", wanted, self._select())
        return self._records(list(rows))

    def list_ids(self, cursor: Cursor | None) -> IdPage:
        """Return the next page of all opportunities' ids."""
        params = {"$select": "opportunityid", "$orderby": "opportunityid"}
        link = str(cursor["link"]) if cursor else ""
        rows, following, _ = self._calls.page(
            link or "opportunities", None if link else params, prefer=ANNOTATED, size=MANY
        )
        ids = tuple(text_of(row["opportunityid"]) for row in rows)
        return IdPage(ids, {"link": following} if following else None)

    def ensure_fields(self) -> Mapping[OwnField, str]:
        """Return those of our columns that an admin has made."""
        return own_columns(self._calls)

    def write(self, op: WriteOp) -> Written:
        """Write our columns and update or make our one note. May raise NoteUnknown."""
        if not is_guid(op.deal_id):
            raise Missing("Dynamics 365 no longer has this opportunity.")
        mapped = self._setup.own_fields
        values = {mapped[own]: _said(value) for own, value in op.values.items() if own in mapped}
        if values:  # If-Match keeps a PATCH from making an opportunity that was deleted
            path = f"opportunities({op.deal_id})"
            self._calls.send("PATCH", path, json=values, headers=QUIETLY | {"If-Match": "*"})
        return Written(put_note(self._calls, op) if op.note else op.note_id)

    def ensure_webhook(self, url: str, held: Subscription | None) -> Subscription | None:
        """Return None: Dynamics 365 signs no webhooks, and making one needs a solution."""
        return None

    def drop_webhook(self, held: Subscription) -> None:
        """Do nothing: there is no webhook."""

    @classmethod
    def verify_webhook(
        cls, request: RawRequest, *, secret: str, state: Mapping[str, Any], now: datetime
    ) -> Notification:
        """Refuse: what claims to be a webhook of Dynamics 365 is not."""
        raise BadSignature("Dynamics 365 sends no webhooks to Concord.")


def _is_deleted(row: Row) -> bool:
    return str(row.get("@odata.context") or "").endswith("/$deletedEntity")


def _before(start: str) -> str:
    """Return the time from which products' changes are read by the run after the one begun at `start`."""
    begun = instant_of(start)
    assert begun is not None
    return (begun - LINES_LOOK_BACK).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _said(value: str | date | datetime | None) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value
