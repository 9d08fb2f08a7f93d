"""Connections as pages and the API show them: how they do, what is unmapped, what happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from commitments.models import Deal, DealLine
from integrations import registry
from integrations.crm import CrmProvider
from integrations.models import Connection, RemoteDeal, SyncRun, WriteBack
from integrations.selectors.meanings import Meanings
from tenants.models import OutboxEntry
from ui.formatting import ago, counted, near_moment

Status = Connection.Status
HISTORY = 25
TICKS = 48
SYNC = "crm-sync"  # kind of the work in the outbox
MOST_PRODUCTS = 200
LATE = timedelta(minutes=30)


@dataclass(frozen=True)
class Health:
    """How a connection does: a tone (ok, tight, no or none), words, and a line below."""

    tone: str
    words: str
    line: str = ""


@dataclass(frozen=True)
class Card:
    """A connection, or a vendor that could be connected, on the list."""

    vendor_key: str
    vendor_name: str
    health: Health
    connection: Connection | None = None
    open_deals: int = 0

    @property
    def tile(self) -> str:
        """Return two letters for the vendor."""
        return self.vendor_name[:1] + next((sign for sign in self.vendor_name[1:] if sign.isalpha()), "")


@dataclass(frozen=True)
class StageRow:
    """A stage with what it means and how many deals are in it."""

    id: str
    name: str
    pipeline: str
    meaning: str
    chance: str | None
    deals: int


@dataclass(frozen=True)
class ProductRow:
    """A product that deals ask for, the offering it means, and how many lines ask for it."""

    name: str
    offering_id: int | None
    lines: int
    without: int  # lines that have no offering
    is_none_of_ours: bool  # somebody said so


@dataclass(frozen=True)
class MappingRows:
    """What is to be mapped: stages and products, the unmapped ones with their effect."""

    stages: list[StageRow]
    products: list[ProductRow]

    @property
    def unknown_stages(self) -> list[StageRow]:
        """Return the stages nobody gave a meaning to."""
        return [row for row in self.stages if not row.meaning]

    @property
    def unmapped_products(self) -> list[ProductRow]:
        """Return the products whose lines have no offering, except those said to be none of ours."""
        return [
            row
            for row in self.products
            if not row.is_none_of_ours and (row.without or (row.offering_id is None and not row.lines))
        ]


def vendor_of(connection: Connection) -> type[CrmProvider] | None:
    """Return the connection's provider; None when this installation no longer has it."""
    try:
        return registry.provider_class(connection.provider)
    except KeyError:
        return None


def can_write(connection: Connection) -> bool:
    """Return whether verdicts can be written onto the connection's deals at all."""
    vendor = vendor_of(connection)
    return vendor is not None and vendor.capabilities.writes


def cards(*, at: datetime) -> list[Card]:
    """Return the organization's connections by name, then every vendor that has none yet."""
    connections = list(Connection.objects.order_by("name"))
    open_deals = dict(
        Deal.objects.filter(status=Deal.Status.OPEN, external_source__in=[each.name for each in connections])
        .values_list("external_source")
        .annotate(count=Count("pk"))
    )
    held = [
        Card(each.provider, each.name, _health_on_list(each, at), each, open_deals.get(each.name, 0))
        for each in connections
    ]
    taken = {card.vendor_key for card in held}
    free = [
        Card(each.key, each.name, Health("", "Not connected", _does(each)))
        for each in registry.PROVIDERS
        if each.key not in taken
    ]
    return [*held, *free]


def _health_on_list(connection: Connection, at: datetime) -> Health:
    if vendor_of(connection) is None:
        return Health("no", "No longer supported", "Nothing is read or written")
    return health_of(connection, at=at)


def _does(vendor: type[CrmProvider]) -> str:
    """Say in a line what connecting this vendor brings."""
    can = vendor.capabilities
    reads = "Reads deals and their lines" if can.line_items else "Reads deals and stages"
    if not can.writes:
        return f"{reads}; nothing is written back"
    writes = "writes our fields and a note" if can.own_fields else "writes a note"
    return f"{reads}, {writes}"


def health_of(connection: Connection, *, at: datetime) -> Health:
    """Return how the connection does, the worst first."""
    line = f"Synced {ago(connection.synced_at, at)}" if connection.synced_at else "Not synced yet"
    stopped = {
        Status.MAPPING: Health("", "Being set up", "Say what its words mean, then start"),
        Status.PAUSED: Health("", "Paused", line),
        Status.NEEDS_SIGN_IN: Health("no", "Sign-in expired", line),
        Status.ATTENTION: Health("no", "Needs attention", line),
        Status.VANISHED: Health("no", "Stopped", "Many deals vanished at once"),
    }
    if connection.status in stopped:
        return stopped[Status(connection.status)]
    if connection.problem:
        return Health("tight", "Does not answer", line)
    if connection.blocked_until is not None and connection.blocked_until > at:
        return Health("tight", "Waits", f"Goes on {near_moment(connection.blocked_until, at.date())}")
    if connection.synced_at is None:
        return Health("", "First import", "Deals come in")
    late = at - connection.synced_at > LATE + timedelta(minutes=connection.every_minutes)
    return Health("tight", "Behind", line) if late else Health("ok", "Healthy", line)


def mapping_rows(connection: Connection) -> MappingRows:
    """Return the stages and products of the connection with what they mean now."""
    counts = dict(
        RemoteDeal.objects.filter(connection=connection, gone_at=None)
        .values_list("data__stage_id")
        .annotate(count=Count("pk"))
    )
    return MappingRows(_stage_rows(connection, counts), _product_rows(connection))


def next_turn(connection: Connection) -> datetime | None:
    """Return when its changes are read next; None while it rests, and while it reads."""
    if not connection.is_running:
        return None
    waiting = OutboxEntry.objects.filter(
        kind=SYNC, dedupe_key=f"{SYNC}:{connection.pk}", done_at=None, dead_at=None
    )
    found: datetime | None = waiting.values_list("next_at", flat=True).order_by("next_at").first()
    return found


def left_out(connection: Connection) -> "QuerySet[RemoteDeal, str]":
    """Return the ids of deals that are here and in a pipeline that does not count (any more)."""
    here = RemoteDeal.objects.filter(connection=connection, gone_at=None)
    out = here.exclude(data__pipeline_id__in=connection.pipelines) if connection.pipelines else here.none()
    found: QuerySet[RemoteDeal, str] = out.order_by("pk").values_list("remote_id", flat=True)
    return found


def _stage_rows(connection: Connection, counts: Mapping[str, int]) -> list[StageRow]:
    pipelines = {each["id"]: each["name"] for each in connection.discovery.get("pipelines", [])}
    rows = [
        StageRow(
            stage["id"],
            stage["name"],
            pipelines.get(stage["pipeline_id"], ""),
            connection.stages.get(stage["id"], stage["status"]),
            stage["probability"],
            counts.get(stage["id"], 0),
        )
        for stage in connection.discovery.get("stages", [])
    ]
    known = {row.id for row in rows}
    lost = [
        StageRow(stage, stage or "No stage", "", connection.stages.get(stage, ""), None, count)
        for stage, count in sorted(counts.items(), key=lambda each: -each[1])
        if stage not in known
    ]
    return [*rows, *lost]


def _product_rows(connection: Connection) -> list[ProductRow]:
    lines = (
        DealLine.objects.filter(deal__external_source=connection.name, deal__status=Deal.Status.OPEN)
        .exclude(product_name="")
        .values_list("product_name")
        .annotate(count=Count("pk"), without=Count("pk", filter=Q(offering=None)))
        .order_by("-count")
    )
    found = {name: (count, without) for name, count, without in lines[:MOST_PRODUCTS]}
    for name in connection.discovery.get("products", [])[:MOST_PRODUCTS]:
        found.setdefault(name, (0, 0))
    meanings = Meanings.of(connection)
    return [
        ProductRow(name, meanings.offering_of(name), count, without, meanings.is_none_of_ours(name))
        for name, (count, without) in found.items()
    ]


@dataclass(frozen=True)
class RunRow:
    """One run as the history shows it."""

    run: SyncRun
    tone: str
    words: str
    took: str
    what: str


def history(connection: Connection) -> list[RunRow]:
    """Return the newest runs, the newest first."""
    return [_run_row(run) for run in SyncRun.objects.filter(connection=connection).order_by("-pk")[:HISTORY]]


def _run_row(run: SyncRun) -> RunRow:
    end = run.finished_at or run.moved_at
    took = f"{(end - run.started_at).total_seconds():.1f} s"
    if run.status == SyncRun.Status.RUNNING:
        return RunRow(run, "", "Running", took, f"{counted(run.read, 'deal', 'deals')} so far")
    if run.status == SyncRun.Status.FAILED:
        return RunRow(run, "no", "Failed", took, run.error)
    if run.skipped:
        named = ", ".join(f"{deal} ({reason})" for deal, reason in run.skips[:3])
        return RunRow(run, "tight", f"{run.skipped} skipped", took, named)
    if run.retries:
        what = f"Interrupted {counted(run.retries, 'time', 'times')}, then caught up; nothing was lost."
        return RunRow(run, "ok", "Clean, caught up", took, what)
    return RunRow(run, "ok", "Clean", took, "")


def ticks(connection: Connection) -> list[str]:
    """Return ok, tight or no for the newest finished runs, the oldest first."""
    runs = SyncRun.objects.filter(connection=connection, finished_at__isnull=False).order_by("-pk")[:TICKS]
    return [_run_row(run).tone for run in reversed(runs)]


def running_run(connection: Connection) -> SyncRun | None:
    """Return the run that is under way."""
    found: SyncRun | None = (
        SyncRun.objects.filter(connection=connection, status=SyncRun.Status.RUNNING).order_by("-pk").first()
    )
    return found


def write_backs(connection: Connection) -> dict[str, Any]:
    """Return how many deals say what they should, wait, or were refused, and the newest refusals."""
    rows = WriteBack.objects.filter(connection=connection)
    counts = rows.aggregate(
        written=Count("pk", filter=Q(sent_at__isnull=False)),
        waiting=Count("pk", filter=Q(next_at__isnull=False, error="")),
        refused=Count("pk", filter=~Q(error="")),
    )
    refused = rows.exclude(error="").select_related("deal__company").order_by("-wanted_at")[:HISTORY]
    newest = rows.filter(sent_at__isnull=False).select_related("deal__company").order_by("-sent_at")[:HISTORY]
    return {**counts, "refusals": list(refused), "newest": list(newest)}
