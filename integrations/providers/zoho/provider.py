"""The provider for Zoho CRM."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from integrations.crm import (
    Account,
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
from integrations.providers.zoho import records, webhooks, writing
from integrations.providers.zoho.calls import BATCH, CENTRES, MOST, Api, Refused, select
from integrations.providers.zoho.position import DELETED, Position
from integrations.readings import text_of

IDS = 2000  # rows of one query
SCOPES = (
    "ZohoCRM.modules.deals.ALL",
    "ZohoCRM.modules.accounts.READ",
    "ZohoCRM.modules.products.READ",
    "ZohoCRM.modules.notes.ALL",
    "ZohoCRM.coql.READ",
    "ZohoCRM.settings.fields.ALL",
    "ZohoCRM.settings.layouts.READ",
    "ZohoCRM.settings.pipeline.READ",
    "ZohoCRM.users.READ",
    "ZohoCRM.org.READ",
    "ZohoCRM.notifications.ALL",
)
RECENT = timedelta(days=7)  # how far back a single deal is looked for among the deleted ones


class Zoho:
    """Zoho CRM by OAuth, in the company's data centre.

    Deals have no line items there: the products attached to a deal have no quantity. What a deal asks for
    is read from the fields that an admin maps.
    """

    key: ClassVar[str] = "zoho"
    name: ClassVar[str] = "Zoho CRM"
    capabilities: ClassVar[Capabilities] = Capabilities(
        tombstones=True, webhooks=True, own_fields=True, notes=True
    )
    entries: ClassVar[tuple[Entry, ...]] = (
        Entry(
            "data_centre",
            "Data centre",
            f"The end of the address at which you use Zoho: {', '.join(CENTRES)}.",
            pattern="|".join(map(re.escape, CENTRES)),
        ),
        Entry(
            "client_id",
            "Client ID",
            "Only with a server-based application of your own, made in Zoho's API console.",
            required=False,
        ),
        Entry("client_secret", "Client secret", "Of the same application.", secret=True, required=False),
    )
    oauth: ClassVar[OAuth | None] = OAuth(
        authorize_url="https://accounts.{data_centre}/oauth/v2/auth",
        token_url="https://accounts.{data_centre}/oauth/v2/token",  # noqa: S106 (an address)
        scopes=(",".join(SCOPES),),  # Zoho wants commas
        extra={"access_type": "offline", "prompt": "consent"},
        pkce=False,
        keeps=("api_domain",),
    )
    rights: ClassVar[tuple[str, ...]] = (
        "Deals and notes, read and write: to read deals, to write the verdict and one note.",
        "Accounts, products and users, read: for a deal's company, what it asks for, and its owner.",
        "Queries (COQL), read: to find what has changed.",
        "Fields, layouts and pipelines: to map them and to make Concord's five fields.",
        "Notifications: to hear of changes at once.",
    )
    # Zoho counts what runs at once (5 in its smallest edition) and credits a day (50,000 in Standard).
    limits: ClassVar[tuple[Limit, ...]] = (Limit(100, 60), Limit(20_000, 86_400))
    look_back: ClassVar[timedelta] = timedelta(minutes=5)
    horizon: ClassVar[timedelta | None] = timedelta(days=55)  # the recycle bin is kept for 60

    def __init__(
        self, *, door: Door, credentials: Mapping[str, Any], setup: Setup, now: Callable[[], datetime]
    ) -> None:
        self._setup, self._now = setup, now
        self._api = Api(door, credentials, setup.entries, now)

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> Hosts:
        """The data centre's two hosts; none for one that Zoho does not have."""
        centre = entries.get("data_centre", "")
        return Hosts(exact=(f"accounts.{centre}", CENTRES[centre]) if centre in CENTRES else ())

    def check(self) -> Account:
        """Ask whose CRM it is and who we are, and read one deal."""
        org = _first(self._api.ask("GET", "org", "org"), "org")
        me = _first(self._api.ask("GET", "users", "users", params={"type": "CurrentUser"}), "users")
        self._api.query(select("id", "id is not null", order="id asc", most=1))
        return Account(
            id=text_of(org.get("zgid")),
            name=text_of(org.get("company_name")),
            currency=text_of(org.get("iso_code")),
            person=text_of(me.get("full_name")),
        )

    def discover(self) -> Discovery:
        """Read pipelines of all layouts, people, fields and products."""
        fields = writing.fields_of_deals(self._api)
        choices = records.stage_choices_of(fields)
        # Without the feature there is one pipeline, which nobody named, with all stages.
        pipelines = self._pipelines() or [{"maps": choices}]
        return Discovery(
            pipelines=tuple(records.pipelines_of(pipelines)),
            stages=tuple(records.stages_of(pipelines, choices)),
            owners=tuple(map(records.owner_of, self._api.rows("users", "users"))),
            fields=tuple(records.fields_of(fields)),
            products=tuple(
                text_of(row.get("Product_Name")) for row in self._api.rows("Products", fields="Product_Name")
            ),
            currency=text_of(_first(self._api.ask("GET", "org", "org"), "org").get("iso_code")),
        )

    def _pipelines(self) -> list[Any]:
        layouts = self._api.ask("GET", "settings/layouts", "layouts", params={"module": "Deals"})
        found: list[Any] = []
        for layout in layouts.get("layouts", []):
            asked = {"layout_id": text_of(layout.get("id"))}
            try:
                answer = self._api.ask("GET", "settings/pipeline", "pipeline", params=asked)
            except Refused:
                return []
            found += answer.get("pipeline", [])
        return found

    def pull(self, cursor: Cursor | None) -> Page:
        """Read a page of deals in the order of their changes, then the deleted ones."""
        at = Position.of(cursor, now=self._now())
        return self._pull_deleted(at) if at.stream == DELETED else self._pull_deals(at)

    def _pull_deals(self, at: Position) -> Page:
        rows = self._api.query(at.question())
        here = at.behind(rows)
        deals, skipped = self._read([text_of(row.get("id")) for row in rows])
        if len(rows) == MOST:
            return Page(deals=deals, cursor=here.cursor(), done=False, skipped=skipped)
        if at.since is None:  # a backfill has nothing to forget
            return Page(deals=deals, cursor=here.next_run(self.look_back), done=True, skipped=skipped)
        cursor = here.cursor() | {"stream": DELETED}
        return Page(deals=deals, cursor=cursor, done=False, skipped=skipped)

    def _pull_deleted(self, at: Position) -> Page:
        rows, following = self._api.page("Deals/deleted", type="all", mark=at.mark, since=at.since)
        here = at.seen(rows, "deleted_time")
        gone = tuple(Gone(text_of(row.get("id"))) for row in rows)
        if following:
            return Page(deals=(), cursor=here.cursor() | {"mark": following}, done=False, gone=gone)
        return Page(deals=(), cursor=here.next_run(self.look_back), done=True, gone=gone)

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Read the deals; those that are missing are looked for among the deleted ones of the last days."""
        asked = [deal_id for deal_id in dict.fromkeys(ids) if deal_id.isdigit()]
        deals, skipped = self._read(asked)
        missing = set(asked) - {deal.id for deal in deals} - {one.id for one in skipped}
        return Fetched(
            deals=deals,
            gone=tuple(map(Gone, self._deleted(missing))) if missing else (),
            skipped=skipped,
        )

    def _deleted(self, ids: set[str]) -> list[str]:
        rows = self._api.rows("Deals/deleted", type="all", since=self._now() - RECENT)
        return sorted(ids & {text_of(row.get("id")) for row in rows})

    def list_ids(self, cursor: Cursor | None) -> IdPage:
        """List the ids in their order."""
        last = (cursor or {}).get("last_id", "")
        where = f"id > '{last}'" if last else "id is not null"
        columns = "id, Pipeline" if self._setup.pipelines else "id"
        rows = self._api.query(select(columns, where, order="id asc", most=IDS))
        return IdPage(
            ids=tuple(text_of(row.get("id")) for row in rows if self._is_chosen(row.get("Pipeline"))),
            cursor={"last_id": text_of(rows[-1].get("id"))} if len(rows) == IDS else None,
        )

    def _read(self, ids: Sequence[str]) -> tuple[tuple[DealRecord, ...], tuple[Skipped, ...]]:
        """Return the deals with these ids that are in chosen pipelines, in this order."""
        rows = self._rows(ids)
        read = [
            records.deal_of(rows[deal_id], fields=self._setup.fields, page=self._page())
            for deal_id in ids
            if deal_id in rows and self._is_chosen(rows[deal_id].get("Pipeline"))
        ]
        deals = tuple(one for one in read if isinstance(one, DealRecord))
        return deals, tuple(one for one in read if isinstance(one, Skipped))

    def _rows(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        fields = ",".join(self._columns()) if ids else ""
        for start in range(0, len(ids), BATCH):
            asked = {"ids": ",".join(ids[start : start + BATCH]), "fields": fields}
            found |= {text_of(row.get("id")): row for row in self._api.rows("Deals", **asked)}
        return found

    def _columns(self) -> list[str]:
        """Return the fields to ask for: those that exist and that the person may see."""
        known = {text_of(row.get("api_name")) for row in writing.fields_of_deals(self._api)}
        wanted = dict.fromkeys((*records.STANDARD, *self._setup.fields.values()))
        return [name for name in wanted if name in known]

    def _page(self) -> str:
        centre = self._setup.entries.get("data_centre", "")
        account = f"/org{self._setup.account_id}" if self._setup.account_id else ""
        return f"https://crm.{centre}/crm{account}/tab/Potentials"

    def _is_chosen(self, pipeline: Any) -> bool:
        chosen = self._setup.pipelines
        return not chosen or text_of(records.name_of(pipeline)) in chosen

    def ensure_fields(self) -> Mapping[OwnField, str]:
        """Make what is missing, found again by its label."""
        return writing.ensure_fields(self._api)

    def write(self, op: WriteOp) -> Written:
        """Write the fields first: they are idempotent, the note is not."""
        writing.write_fields(self._api, op, self._setup.own_fields)
        return Written(writing.write_note(self._api, op) if op.note else op.note_id)

    def ensure_webhook(self, url: str, held: Subscription | None) -> Subscription | None:
        """Keep one channel for all events of deals."""
        return webhooks.ensure(self._api, url, held, now=self._now())

    def drop_webhook(self, held: Subscription) -> None:
        """Close the channel."""
        webhooks.drop(self._api, held)

    @classmethod
    def verify_webhook(
        cls, request: RawRequest, *, secret: str, state: Mapping[str, Any], now: datetime
    ) -> Notification:
        """Check the token and the channel; nothing is signed and the time proves nothing."""
        return webhooks.verify(request, secret, state)


def _first(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the first of a list; raise CrmError where it is empty."""
    rows = body.get(name) or []
    if not rows:
        raise CrmError(f"Zoho answered without its {name}.")
    row: Mapping[str, Any] = rows[0]
    return row
