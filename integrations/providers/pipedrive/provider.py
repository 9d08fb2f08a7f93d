"""The provider for Pipedrive."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from integrations.crm import (
    Account,
    Capabilities,
    Cursor,
    DealRecord,
    Discovery,
    Entry,
    Fetched,
    Gone,
    Hosts,
    IdPage,
    Limit,
    LineRecord,
    Notification,
    OAuth,
    Owner,
    OwnField,
    Page,
    RawRequest,
    Setup,
    Skipped,
    Stage,
    Subscription,
    WriteOp,
    Written,
)
from integrations.http import Door
from integrations.providers.pipedrive import records, webhooks, writing
from integrations.providers.pipedrive.calls import MOST, SUFFIX, Api, NotThere, host_of
from integrations.providers.pipedrive.position import ARCHIVED, DEALS, DELETED, PATHS, Position, status_of
from integrations.readings import text_of

SIGN_IN = "oauth.pipedrive.com"
NO_ADMIN = (
    "You are no administrator of Pipedrive: deals that you cannot see are missing, and Concord cannot make "
    "its fields or a webhook."
)
Row = Mapping[str, Any]


class Pipedrive:
    """Pipedrive by OAuth or by a personal API token."""

    key: ClassVar[str] = "pipedrive"
    name: ClassVar[str] = "Pipedrive"
    capabilities: ClassVar[Capabilities] = Capabilities(
        line_items=True, stage_probability=True, tombstones=True, webhooks=True, own_fields=True, notes=True
    )
    entries: ClassVar[tuple[Entry, ...]] = (
        Entry(
            "company_domain",
            "Company domain",
            "The first part of your Pipedrive address: brightwater for brightwater.pipedrive.com. "
            "Not needed when you sign in.",
            required=False,
        ),
        Entry(
            "api_token",
            "Personal API token",
            "In Pipedrive under Personal preferences, API. Take an administrator's: it sees what its person "
            "sees. Not needed when you sign in.",
            secret=True,
            required=False,
        ),
    )
    oauth: ClassVar[OAuth | None] = OAuth(
        authorize_url=f"https://{SIGN_IN}/oauth/authorize",
        token_url=f"https://{SIGN_IN}/oauth/token",
        scopes=("base", "deals:full", "products:read", "contacts:read", "users:read", "admin"),
        pkce=False,
        client_in_header=True,
        keeps=("api_domain",),
    )
    rights: ClassVar[tuple[str, ...]] = (
        "Deals, read and write (deals:full): to read deals, to write the verdict and one note.",
        "Products, read (products:read): for what a deal asks for.",
        "Contacts and users, read (contacts:read, users:read): for a deal's company and its owner.",
        "Administrator (admin): to make Concord's fields and the webhook. Without it, map existing fields.",
    )
    # Counted in Pipedrive's tokens: in 2 s the 20 requests of the smallest plan at the highest price, which
    # leaves a page whole (some 140), and in a day five sixths of the smallest budget.
    limits: ClassVar[tuple[Limit, ...]] = (Limit(400, 2), Limit(25_000, 86_400))
    look_back: ClassVar[timedelta] = timedelta(minutes=2)
    horizon: ClassVar[timedelta | None] = timedelta(days=28)  # deleted deals are listed for 30

    def __init__(
        self, *, door: Door, credentials: Mapping[str, Any], setup: Setup, now: Callable[[], datetime]
    ) -> None:
        self._setup, self._now = setup, now
        self._api = Api(door, credentials, setup.entries, now)

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> Hosts:
        """The company's own host where it was entered; otherwise Pipedrive names it on signing in."""
        host = host_of(entries)
        return Hosts(exact=(host, SIGN_IN)) if host else Hosts(suffixes=(SUFFIX,))

    def check(self) -> Account:
        """Ask who we are, and read one deal."""
        me = self._api.ask("GET", "v1/users/me")["data"]
        self._api.page(PATHS[DEALS], limit=1)
        is_admin = any(one.get("admin") for one in me.get("access") or [] if one.get("app") == "sales")
        return Account(
            id=text_of(me.get("company_id")),
            name=text_of(me.get("company_name")),
            currency=text_of(me.get("default_currency")),
            person=text_of(me.get("name")),
            lacks=() if is_admin else (NO_ADMIN,),
        )

    def discover(self) -> Discovery:
        """Read pipelines, stages, people, fields and products."""
        pipelines = [row for row in self._api.rows("v2/pipelines") if not row.get("is_deleted")]
        return Discovery(
            pipelines=tuple(map(records.pipeline_of, pipelines)),
            stages=tuple(self._stages(pipelines)),
            owners=tuple(self._owners().values()),
            fields=tuple(records.fields_of(self._api.rows("v2/dealFields"))),
            products=tuple(text_of(row.get("name")) for row in self._api.rows("v2/products")),
            currency=text_of(self._api.ask("GET", "v1/users/me")["data"].get("default_currency")),
        )

    def _stages(self, pipelines: Sequence[Row]) -> Iterator[Stage]:
        weighted = {row["id"]: bool(row.get("is_deal_probability_enabled", True)) for row in pipelines}
        for row in self._api.rows("v2/stages"):
            if not row.get("is_deleted") and row.get("pipeline_id") in weighted:
                yield records.stage_of(row, weighted=weighted[row["pipeline_id"]])

    def pull(self, cursor: Cursor | None) -> Page:
        """Read a page of deals, archived deals or deleted deals, in this order."""
        at = Position.of(cursor, now=self._now())
        rows, after = self._api.page(PATHS[at.stream], limit=MOST, **at.question(), **self._wanted())
        deals, skipped, gone = self._read(rows)
        here = at.seen(rows, after)
        then = here if after else here.next_stream()
        return Page(
            deals=deals,
            cursor=then.cursor() if then else here.next_run(self.look_back),
            done=then is None,
            gone=gone,
            skipped=skipped,
        )

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Look for the ids among deals, archived deals and deleted deals."""
        missing = [deal_id for deal_id in dict.fromkeys(ids) if deal_id.isdigit()]
        rows: list[Row] = []
        for stream in (DEALS, ARCHIVED, DELETED):
            asked = status_of(stream) | self._wanted()
            rows += self._api.rows_of(PATHS[stream], "ids", missing, **asked)
            found = {text_of(row.get("id")) for row in rows}
            missing = [deal_id for deal_id in missing if deal_id not in found]
        deals, skipped, gone = self._read(rows)
        return Fetched(deals=deals, gone=gone, skipped=skipped)

    def list_ids(self, cursor: Cursor | None) -> IdPage:
        """List deals, then archived deals."""
        at = cursor or {"stream": DEALS, "after": ""}
        rows, after = self._api.page(PATHS[at["stream"]], limit=MOST, sort_by="id", cursor=at["after"])
        ids = tuple(text_of(row.get("id")) for row in rows if self._is_ours(row))
        if after:
            return IdPage(ids, {"stream": at["stream"], "after": after})
        return IdPage(ids, {"stream": ARCHIVED, "after": ""} if at["stream"] == DEALS else None)

    def _wanted(self) -> dict[str, Any]:
        """Return which of the fields that people made come along: the mapped ones."""
        return {"custom_fields": ",".join(sorted(filter(records.is_custom, self._setup.fields.values())))}

    def _is_ours(self, row: Row) -> bool:
        return not self._setup.pipelines or text_of(row.get("pipeline_id")) in self._setup.pipelines

    def _read(
        self, rows: Sequence[Row]
    ) -> tuple[tuple[DealRecord, ...], tuple[Skipped, ...], tuple[Gone, ...]]:
        gone = tuple(records.gone_of(row) for row in rows if records.is_gone(row))
        ours = [row for row in rows if not records.is_gone(row) and self._is_ours(row)]
        near = self._neighbours(ours)
        read = [
            records.deal_of(row, near=near, fields=self._setup.fields, base=self._api.base) for row in ours
        ]
        deals = tuple(one for one in read if isinstance(one, DealRecord))
        return deals, tuple(one for one in read if isinstance(one, Skipped)), gone

    def _neighbours(self, rows: Sequence[Row]) -> records.Neighbours:
        return records.Neighbours(
            companies=self._companies(_ids(rows, "org_id")),
            owners=self._owners() if rows else {},
            lines=self._lines(_ids(rows, "id")),
            labels=self._labels() if rows else {},
        )

    def _labels(self) -> dict[str, dict[str, str]]:
        """Return the labels of the mapped fields that may be choices, by field and choice."""
        labels = {}
        for name in ("product", "quantity"):
            code = self._setup.fields.get(name, "")
            if records.is_custom(code):
                labels[code] = self._choices(code)
        return labels

    def _choices(self, code: str) -> dict[str, str]:
        try:
            return records.labels_of(self._api.ask("GET", f"v2/dealFields/{code}")["data"])
        except NotThere:  # somebody deleted the field: its values are gone with it
            return {}

    def _companies(self, ids: Sequence[str]) -> dict[str, str]:
        rows = self._api.rows_of("v2/organizations", "ids", ids)
        return {text_of(row.get("id")): text_of(row.get("name")) for row in rows}

    def _owners(self) -> dict[str, Owner]:
        rows = self._api.ask("GET", "v1/users").get("data") or []
        return {owner.id: owner for owner in map(records.owner_of, rows)}

    def _lines(self, deal_ids: Sequence[str]) -> dict[str, list[LineRecord]]:
        lines: dict[str, list[LineRecord]] = {}
        for row in self._api.rows_of("v2/deals/products", "deal_ids", deal_ids):
            if row.get("is_enabled", True):
                lines.setdefault(text_of(row.get("deal_id")), []).append(records.line_of(row))
        return lines

    def ensure_fields(self) -> Mapping[OwnField, str]:
        """Make what is missing, found again by its label."""
        return writing.ensure_fields(self._api)

    def write(self, op: WriteOp) -> Written:
        """Write the fields first: they are idempotent, the note is not."""
        writing.write_fields(self._api, op, self._setup.own_fields)
        return Written(writing.write_note(self._api, op) if op.note else op.note_id)

    def ensure_webhook(self, url: str, held: Subscription | None) -> Subscription | None:
        """Keep one webhook for all events of deals."""
        return webhooks.ensure(self._api, url, held, now=self._now())

    def drop_webhook(self, held: Subscription) -> None:
        """Remove the webhook."""
        webhooks.drop(self._api, held)

    @classmethod
    def verify_webhook(
        cls, request: RawRequest, *, secret: str, state: Mapping[str, Any], now: datetime
    ) -> Notification:
        """Check user and password; there is no signature and no time."""
        return webhooks.verify(request, secret)


def _ids(rows: Iterable[Row], name: str) -> list[str]:
    """Return the different ids that stand under a name, in their order."""
    return list(dict.fromkeys(text_of(row[name]) for row in rows if row.get(name)))
