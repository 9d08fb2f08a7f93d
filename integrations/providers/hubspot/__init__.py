"""HubSpot (paths of release 2026-09): an OAuth app, or a Service Key, which is polled only."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from integrations.crm import (
    Account,
    Capabilities,
    CrmError,
    CrmField,
    Cursor,
    Discovery,
    Entry,
    Fetched,
    Gone,
    Hosts,
    IdPage,
    Limit,
    NeedsSignIn,
    Notification,
    OAuth,
    OwnField,
    Page,
    Pipeline,
    RawRequest,
    Setup,
    Stage,
    Status,
    Subscription,
    TokenExpired,
    WriteOp,
    Written,
)
from integrations.http import Door
from integrations.providers.hubspot import records, webhooks, writing
from integrations.providers.hubspot.pulling import DEALS, Pull
from integrations.providers.hubspot.wire import BATCH, OBJECTS, RELEASE, Trouble, Wire, next_of, results_of
from integrations.readings import share_of, text_of

__all__ = ["HubSpot"]

MOST_PRODUCTS = 1000
KINDS = {"date": "date", "datetime": "date", "number": "number", "string": "text", "enumeration": "choice"}
# What has to be readable, each with what does not work without it.
PROBES = (
    (DEALS, "Deals cannot be read."),
    (f"{OBJECTS}/companies", "The customers' names cannot be read."),
    (f"{OBJECTS}/line_items", "Line items cannot be read."),
    (f"/crm/owners/{RELEASE}", "The names of deals' owners cannot be read."),
    (writing.PROPERTIES, "The fields of deals cannot be read."),
)


class HubSpot:
    """One HubSpot account. A subclass with another `api` speaks to a server that has the same API."""

    key: ClassVar[str] = "hubspot"
    name: ClassVar[str] = "HubSpot"
    api: str = "https://api.hubapi.com"
    web: str = "https://app.hubspot.com"
    capabilities: ClassVar[Capabilities] = Capabilities(
        line_items=True, stage_probability=True, tombstones=True, webhooks=True, own_fields=True, notes=True
    )
    entries: ClassVar[tuple[Entry, ...]] = (
        Entry(
            "token",
            "Service Key",
            "HubSpot: Development, Keys, Service keys (in some accounts: Settings, Integrations, Service"
            " Keys). With a key, changes are asked for every few minutes; after a sign-in HubSpot tells of"
            " them at once.",
            secret=True,
            required=False,
        ),
    )
    oauth: ClassVar[OAuth | None] = OAuth(
        authorize_url="https://app.hubspot.com/oauth/authorize",
        token_url=f"https://api.hubapi.com/oauth/{RELEASE}/token",
        scopes=(
            "oauth",
            "crm.objects.deals.read",
            "crm.objects.deals.write",
            "crm.schemas.deals.read",
            "crm.schemas.deals.write",
            "crm.objects.companies.read",
            "crm.objects.contacts.read",
            "crm.objects.contacts.write",
            "crm.objects.line_items.read",
            "crm.objects.products.read",
            "crm.objects.owners.read",
        ),
        pkce=False,
    )
    rights: ClassVar[tuple[str, ...]] = (
        "Deals, read and write (crm.objects.deals): to read them and to write the verdict back.",
        "Deal settings, read and write (crm.schemas.deals): for stages, for fields and Concord's own ones.",
        "Companies, read (crm.objects.companies.read): for the customers' names.",
        "Line items and products, read (crm.objects.line_items, crm.objects.products): what is sold.",
        "Owners, read (crm.objects.owners.read): for the names of deals' owners.",
        "Contacts, read and write (crm.objects.contacts): HubSpot asks it of whoever writes notes.",
    )
    limits: ClassVar[tuple[Limit, ...]] = (Limit(90, 10),)
    look_back: ClassVar[timedelta] = timedelta(minutes=10)
    horizon: ClassVar[timedelta | None] = timedelta(days=85)  # deleted deals are listed for 90 days

    def __init__(
        self, *, door: Door, credentials: Mapping[str, Any], setup: Setup, now: Callable[[], datetime]
    ) -> None:
        self._setup, self._now = setup, now
        self._wire = Wire(door, self.api, credentials, now)

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> Hosts:
        """Return HubSpot's one host."""
        return Hosts(exact=("api.hubapi.com",))

    def check(self) -> Account:
        """Sign in and look whether the rights to read suffice; those to write show on writing."""
        details = self._wire.details
        id = text_of(details.get("portalId"))
        if not id:
            raise Trouble("HubSpot does not say whose account this is.")
        return Account(
            id=id,
            name=f"HubSpot account {id}",
            currency=text_of(details.get("companyCurrency")),
            lacks=tuple(lack for path, lack in PROBES if not self._allowed(path)),
        )

    def _allowed(self, path: str) -> bool:
        try:
            self._wire.ask("GET", path, params={"limit": 1})
        except (TokenExpired, NeedsSignIn):
            raise
        except CrmError as error:
            if not error.permanent:
                raise
            return False
        return True

    def discover(self) -> Discovery:
        """Return pipelines with their stages, people, deals' fields, and up to 1,000 products' names."""
        pipelines = results_of(self._wire.ask("GET", f"/crm/pipelines/{RELEASE}/deals"))
        return Discovery(
            pipelines=tuple(Pipeline(str(raw["id"]), text_of(raw.get("label"))) for raw in pipelines),
            stages=tuple(stage for raw in pipelines for stage in _stages(raw)),
            owners=tuple(records.owners(self._wire).values()),
            fields=tuple(self._fields()),
            products=tuple(dict.fromkeys(self._products())),
            currency=text_of(self._wire.details.get("companyCurrency")),
        )

    def _fields(self) -> Iterator[CrmField]:
        ours = set(OwnField)
        for raw in results_of(self._wire.ask("GET", writing.PROPERTIES)):
            if raw["name"] not in ours and not raw.get("hidden"):
                yield CrmField(
                    raw["name"], text_of(raw.get("label")), KINDS.get(str(raw.get("type")), "other")
                )

    def _products(self) -> Iterator[str]:
        pages = self._wire.pages(f"{OBJECTS}/products", properties="name")
        for _, raw in zip(range(MOST_PRODUCTS), pages, strict=False):
            if name := text_of(records.values_of(raw).get("name")):
                yield name

    def pull(self, cursor: Cursor | None) -> Page:
        """Return the next page of deals changed since the cursor; None begins a backfill."""
        pull = Pull(self._wire, self._setup, self.web, self.look_back)
        return pull.page(cursor, self._now())

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Return these deals (at most 100) as they are now; a merged one is read as its survivor."""
        raws = self._wire.batch("deals", ids, records.properties(self._setup))
        survivors, found = records.merged(raws), {str(raw["id"]) for raw in raws}
        deals, skipped = records.read(self._wire, raws, self._setup, self.web)
        absent = [id for id in ids if id not in found and id not in survivors]
        archived = self._wire.batch("deals", absent, ["dealname"], archived=True)
        gone = [*records.gone_of(survivors), *(Gone(str(raw["id"])) for raw in archived)]
        return Fetched(deals, tuple(gone), skipped)

    def list_ids(self, cursor: Cursor | None) -> IdPage:
        """Return the next page of the ids of all deals in the chosen pipelines."""
        params = {"limit": BATCH, "archived": "false", "properties": "pipeline", **(cursor or {})}
        answer = self._wire.ask("GET", DEALS, params=params)
        after = next_of(answer)
        ids = tuple(str(raw["id"]) for raw in results_of(answer) if records.inside(raw, self._setup))
        return IdPage(ids, {"after": after} if after else None)

    def ensure_fields(self) -> Mapping[OwnField, str]:
        """Make the property group and the properties of ours that are missing."""
        return writing.ensure_fields(self._wire)

    def write(self, op: WriteOp) -> Written:
        """Write our fields and update or make our one note. May raise NoteUnknown."""
        writing.write_fields(self._wire, op, self._setup)
        return Written(writing.write_note(self._wire, op, self._now()) if op.note else op.note_id)

    def ensure_webhook(self, url: str, held: Subscription | None) -> Subscription | None:
        """Return None: the webhook belongs to the app, for all accounts, and is set up with it."""
        return None

    def drop_webhook(self, held: Subscription) -> None:
        """Do nothing: the webhook belongs to the app."""

    @classmethod
    def verify_webhook(
        cls, request: RawRequest, *, secret: str, state: Mapping[str, Any], now: datetime
    ) -> Notification:
        """Return what an authentic webhook hints at; raise BadSignature otherwise. Constant time."""
        return webhooks.verify(request, secret, now)


def _stages(pipeline: dict[str, Any]) -> Iterator[Stage]:
    for position, raw in enumerate(
        sorted(pipeline.get("stages") or (), key=lambda raw: raw.get("displayOrder", 0))
    ):
        metadata = raw.get("metadata") or {}
        probability = share_of(metadata.get("probability"))
        yield Stage(
            id=str(raw["id"]),
            name=text_of(raw.get("label")),
            pipeline_id=str(pipeline["id"]),
            position=position,
            probability=probability,
            status=_status(str(metadata.get("isClosed", "")).lower(), probability),
        )


def _status(closed: str, probability: Any) -> Status:
    """Closed stages are won at 1 and lost at 0; HubSpot does not always say which are closed."""
    if closed == "false" or probability not in (0, 1):
        return Status.OPEN
    return Status.WON if probability == 1 else Status.LOST
