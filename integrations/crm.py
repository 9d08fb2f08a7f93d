"""What Concord asks of a CRM, whatever its vendor: the Protocol, the records, the errors. No Django here.

A provider is one module in integrations/providers with one class that keeps this Protocol, and one line in
integrations/registry.py. It knows the vendor's addresses and nothing of organizations, databases or workers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from integrations.http import Door

Cursor = dict[str, Any]


class CrmError(Exception):
    """Something went wrong with the CRM; the message is a sentence for the admin, without secrets.

    permanent=True: trying again without a change by a person is of no use. try_at: not before then.
    """

    def __init__(self, message: str, *, permanent: bool = False, try_at: datetime | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.try_at = try_at


class NeedsSignIn(CrmError):
    """The key or the sign-in is no longer accepted: no outage, an admin has to sign in again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class TokenExpired(CrmError):
    """The access token ran out before its time: refresh it once and try again."""


class CursorExpired(CrmError):
    """The vendor no longer knows this position: start again from the beginning."""


class BadSignature(Exception):
    """A webhook that the vendor did not send, or sent too long ago."""


class Status(StrEnum):
    """What a deal is; the stage says so unless the vendor does."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the vendor offers; what it lacks is polled, diffed or left out, never pretended."""

    line_items: bool = False
    stage_probability: bool = False
    tombstones: bool = False  # pull() tells of deletions; otherwise only list_ids() shows them
    webhooks: bool = False
    own_fields: bool = False  # ensure_fields() can make them; otherwise an admin maps existing ones
    notes: bool = False

    @property
    def writes(self) -> bool:
        """Return whether a verdict can be written back at all; into a file, none can."""
        return self.own_fields or self.notes


@dataclass(frozen=True, slots=True)
class OAuth:
    """How people sign in at the vendor; {placeholders} are filled from what they entered on connecting."""

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...]
    extra: Mapping[str, str] = field(default_factory=dict)  # further parameters of the authorize address
    pkce: bool = True
    client_in_header: bool = False  # HTTP Basic instead of the form's body
    # Names of the token answer's values to keep with the tokens, as in ("api_domain",).
    keeps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that an admin enters on connecting; secret ones are encrypted and never shown again."""

    name: str
    label: str
    help_text: str = ""
    secret: bool = False
    required: bool = True
    pattern: str = ""  # a regular expression of the whole value, where not every text will do


@dataclass(frozen=True, slots=True)
class Account:
    """Whose CRM it is; id tells two connections to the same one apart."""

    id: str
    name: str
    currency: str = ""
    person: str = ""  # as whom we are signed in
    lacks: tuple[str, ...] = ()  # rights that are missing, each with what will not work


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a pipeline; probability is 0 to 1, None where the vendor has none per stage."""

    id: str
    name: str
    pipeline_id: str
    position: int
    probability: Decimal | None = None
    status: Status = Status.OPEN


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A set of stages; vendors without pipelines have one with an empty id."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Owner:
    """A person of the CRM that deals belong to."""

    id: str
    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class CrmField:
    """A field of the vendor's deals that a promise's date, quantity or product may be read from."""

    key: str
    label: str
    kind: str  # date, number, text, choice, other
    means: str = ""  # our name for it (as in Setup.fields) where the provider can tell


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the CRM has: for the mapping page and for the names in deals."""

    pipelines: tuple[Pipeline, ...]
    stages: tuple[Stage, ...]
    owners: tuple[Owner, ...]
    fields: tuple[CrmField, ...]
    products: tuple[str, ...] = ()
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRecord:
    """One thing a deal asks for. A quantity that is no whole number from 1 is kept as it was read."""

    product: str
    quantity: Decimal | None = None
    promised_on: date | None = None
    earliest_start: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DealRecord:
    """A deal as the CRM tells it now; None and "" mean that the CRM says nothing.

    `status` None: the stage's meaning decides. `lines` None: the vendor has no line items, the deal's own
    `product` and `quantity` stand for them. `changed_at` is the vendor's clock, timezone-aware.
    `promised_on`, `earliest_start`, `product` and `quantity` come from the fields an admin mapped.
    """

    id: str
    name: str
    changed_at: datetime
    stage_id: str = ""
    pipeline_id: str = ""
    status: Status | None = None
    probability: Decimal | None = None
    amount: Decimal | None = None
    currency: str = ""
    close_on: date | None = None
    company: str = ""
    owner_id: str = ""
    owner_name: str = ""
    owner_email: str = ""
    product: str = ""
    quantity: Decimal | None = None
    promised_on: date | None = None
    earliest_start: date | None = None
    lines: tuple[LineRecord, ...] | None = None
    url: str = ""
    created_on: date | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Gone:
    """A deal that the vendor says was deleted, or merged into `survivor`."""

    id: str
    survivor: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that could not be read, with the reason; the others of its page come in all the same."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """What one request for changes brought.

    `cursor` is where the next request goes on (plain JSON). `done` says that nothing newer was there; then
    `cursor` is where the next run begins: min(newest seen, start of run) less the vendor's look-back.
    `touched` are ids of deals whose line items or other neighbours changed: they are fetched anew.
    """

    deals: tuple[DealRecord, ...]
    cursor: Cursor
    done: bool
    gone: tuple[Gone, ...] = ()
    touched: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    total: int | None = None  # how many a backfill will bring, where the vendor says so


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was found of the ids asked for; the ids that are in none of the three were not found."""

    deals: tuple[DealRecord, ...]
    gone: tuple[Gone, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class IdPage:
    """Ids of all deals there are, archived ones too, page by page; cursor None after the last page."""

    ids: tuple[str, ...]
    cursor: Cursor | None


class OwnField(StrEnum):
    """The fields of ours on the vendor's deals: what is written back. Their labels are FIELD_LABELS."""

    VERDICT = "concord_verdict"
    EARLIEST = "concord_earliest_date"
    REASON = "concord_reason"
    LINK = "concord_link"
    CHECKED_AT = "concord_checked_at"


FIELD_LABELS: Mapping[OwnField, str] = {
    OwnField.VERDICT: "Concord verdict",
    OwnField.EARLIEST: "Concord earliest date",
    OwnField.REASON: "Concord reason",
    OwnField.LINK: "Concord link",
    OwnField.CHECKED_AT: "Concord checked at",
}
FIELD_KINDS: Mapping[OwnField, str] = {
    OwnField.VERDICT: "text",
    OwnField.EARLIEST: "date",
    OwnField.REASON: "text",
    OwnField.LINK: "url",
    OwnField.CHECKED_AT: "datetime",
}


@dataclass(frozen=True, slots=True)
class WriteOp:
    """What a deal of the CRM should say of its promise; `note_id` is the note written the last time.

    `values` are texts, dates and aware datetimes by OwnField; None empties the field. `marker` stands in
    every note of ours about this deal, so that one whose creation timed out is found again.
    """

    deal_id: str
    values: Mapping[OwnField, str | date | datetime | None]
    note: str
    marker: str
    note_id: str = ""
    note_may_exist: bool = False  # a creation ended without an answer: look for the marker first


@dataclass(frozen=True, slots=True)
class Written:
    """What the vendor answered: the note's id, to update it in place the next time."""

    note_id: str


class NoteUnknown(CrmError):
    """The fields are written, but whether the note was made is not known: look for it the next time."""


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A webhook as it came: verified on the raw body. Header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Notification:
    """What a webhook hints at: deals to fetch anew. Equal `key`s are one delivery, seen twice."""

    key: str
    deal_ids: tuple[str, ...]
    account_id: str = ""  # whose it is, for vendors that send all accounts' events to one address


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook at the vendor; `state` (plain JSON) is kept, `secret` encrypted, renewed at `renew_at`."""

    state: dict[str, Any]
    secret: str
    renew_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """What a connection was told: read-only for the provider.

    `entries` are the Entry values that are no secrets, `fields` our names (promised_on, earliest_start,
    product, quantity) -> the vendor's field keys, `own_fields` OwnField -> the vendor's keys.
    `pipelines` empty: all of them.
    """

    entries: Mapping[str, str] = field(default_factory=dict)
    pipelines: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    own_fields: Mapping[str, str] = field(default_factory=dict)
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` requests within `seconds`, per connection and kept by all workers together."""

    count: int
    seconds: int


class CrmProvider(Protocol):
    """One vendor's CRM, for one connection. Every method may raise CrmError and its kinds.

    `credentials` hold the secret Entry values, or access_token and what OAuth.keeps names. `now` is the
    clock. Nothing is kept between calls: a provider is made anew for every task.
    """

    key: ClassVar[str]
    name: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    entries: ClassVar[tuple[Entry, ...]]
    oauth: ClassVar[OAuth | None]  # None: a key is entered. With both, entries that are secret are optional
    rights: ClassVar[tuple[str, ...]]  # what the key or the person needs, in words, and why
    limits: ClassVar[tuple[Limit, ...]]
    look_back: ClassVar[timedelta]
    # A run that found its cursor older than this starts again: tombstones are gone by then.
    horizon: ClassVar[timedelta | None]

    def __init__(
        self, *, door: Door, credentials: Mapping[str, Any], setup: Setup, now: Callable[[], datetime]
    ) -> None: ...

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> "Hosts":
        """Return which hosts a connection with these entries may reach."""
        ...

    def check(self) -> Account:
        """Sign in and look whether the rights suffice."""
        ...

    def discover(self) -> Discovery:
        """Return pipelines, stages, people, fields and products."""
        ...

    def pull(self, cursor: Cursor | None) -> Page:
        """Return the next page of deals changed since the cursor; None begins a backfill."""
        ...

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Return these deals (at most 100) as they are now."""
        ...

    def list_ids(self, cursor: Cursor | None) -> IdPage:
        """Return the next page of all deals' ids."""
        ...

    def ensure_fields(self) -> Mapping[OwnField, str]:
        """Make the fields of ours that are missing; return all with the vendor's keys. Idempotent."""
        ...

    def write(self, op: WriteOp) -> Written:
        """Write our fields and update or make our one note. May raise NoteUnknown."""
        ...

    def ensure_webhook(self, url: str, held: Subscription | None) -> Subscription | None:
        """Make or renew the webhook to this address; None where the vendor needs it done by hand."""
        ...

    def drop_webhook(self, held: Subscription) -> None:
        """Remove the webhook."""
        ...

    @classmethod
    def verify_webhook(
        cls, request: RawRequest, *, secret: str, state: Mapping[str, Any], now: datetime
    ) -> Notification:
        """Return what an authentic webhook hints at; raise BadSignature otherwise. Constant time."""
        ...


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where a connection may go: exact names and suffixes (".pipedrive.com") of vendor-run hosts, or the
    admin's own server (`own`), whose address must be public unless the installation allows it."""

    exact: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    own: str = ""
