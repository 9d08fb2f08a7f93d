"""Says what a CRM's words mean here: pipelines, stages, products, fields; and what follows from a change."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import F

from commitments.models import Offering
from commitments.services.reassessment import ask_for_reassessment
from integrations.crm import Gone
from integrations.models import Connection, SyncRun
from integrations.selectors.connections import can_write, left_out
from integrations.services.syncing.applying import apply_gone
from integrations.services.syncing.scheduling import (
    LEAVE_OUT,
    SYNC,
    WRITE,
    locked,
    locked_for_change,
    schedule,
    schedule_next_sync,
)
from tenants.access import Actor
from tenants.errors import DomainError
from tenants.roles import Permission
from tenants.services import outbox

Status = Connection.Status
LEAVE_OUT_AT_ONCE = 500
OUR_FIELDS = ("promised_on", "earliest_start", "product", "quantity")


@transaction.atomic
def save_mapping(
    *,
    connection: Connection,
    by: Actor,
    at: datetime,
    pipelines: list[str] | None = None,
    stages: Mapping[str, str] | None = None,
    products: Mapping[str, int | None] | None = None,
    fields: Mapping[str, str] | None = None,
    writes_back: bool | None = None,
    every_minutes: int | None = None,
) -> Connection:
    """Say what the CRM's words mean; what is not given stays. Deals that are here are read again.

    `products` gives each product its offering's id; None says that it is none of ours, whatever its name.
    `writes_back` stays off where nothing can be written.
    Raises DomainError naming what is unknown.
    """
    by.require(Permission.MANAGE)
    row = locked_for_change(connection)
    before = (row.pipelines, row.stages, row.products, row.fields)
    if pipelines is not None:
        row.pipelines = _known(
            pipelines, {each["id"] for each in row.discovery.get("pipelines", [])}, "pipelines"
        )
    if stages is not None:
        row.stages = row.stages | _known_meanings(stages)
    if products is not None:
        row.products = {**row.products, **_known_offerings(products)}
    if fields is not None:
        keys = {each["key"] for each in row.discovery.get("fields", [])}
        wanted = {name: key for name, key in fields.items() if name in OUR_FIELDS}
        _known([key for key in wanted.values() if key], keys, "fields")
        row.fields = {name: key for name, key in (row.fields | wanted).items() if key}
    wrote = row.writes_back
    if writes_back is not None:
        row.writes_back = writes_back and can_write(row)
    row.every_minutes = row.every_minutes if every_minutes is None else max(1, min(every_minutes, 1440))
    row.save()
    if row.writes_back and not wrote and row.is_running:
        outbox.enqueue(kind="verdicts", payload={}, dedupe_key="verdicts", at=at)
        schedule(WRITE, row, at=at)
    if every_minutes is not None and row.is_running:
        schedule_next_sync(row, at=at)
    if row.pipelines != before[0]:
        schedule(LEAVE_OUT, row, at=at)
    if (row.pipelines, row.stages, row.products, row.fields) != before and row.status != Status.MAPPING:
        read_everything_again(row, at=at)
    return row


def _known(wanted: list[str], known: set[str], field: str) -> list[str]:
    for each in wanted:
        if each not in known:
            raise DomainError(f"The CRM has no “{each}”.", field=field)
    return wanted


def _known_meanings(stages: Mapping[str, str]) -> dict[str, str]:
    for stage, meaning in stages.items():
        if meaning not in Connection.StageMeaning.values:
            raise DomainError(f"“{meaning}” is no meaning of the stage {stage}.", field="stages")
    return dict(stages)


def _known_offerings(products: Mapping[str, int | None]) -> dict[str, int | None]:
    wanted = {pk for pk in products.values() if pk is not None}
    unknown = wanted - set(Offering.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if unknown:
        raise DomainError(f"There is no offering {min(unknown)}.", field="products")
    return dict(products)


def read_everything_again(row: Connection, *, at: datetime) -> None:
    """Have all deals read from the beginning: their rows are compared, none is doubled."""
    row.cursors.all().update(position=None, number=F("number") + 1)
    row.runs.filter(status=SyncRun.Status.RUNNING).update(status=SyncRun.Status.DONE, finished_at=at)
    ask_for_reassessment(why="crm", at=at)  # what the runs that end here have brought is news
    if row.is_running:
        schedule(SYNC, row, at=at)


def leave_out_next(*, connection_id: int, at: datetime) -> None:
    """Take the next deals of pipelines that no longer count out of the pipeline here.

    The CRM did not lose them, people left them out. Call it inside the scope.
    """
    row = locked(connection_id)
    if row is None or not (ids := left_out(row)[:LEAVE_OUT_AT_ONCE]):
        return
    apply_gone(connection=row, gone=[Gone(each) for each in ids], at=at, word="left out")
    schedule(LEAVE_OUT, row, at=at)
    ask_for_reassessment(why="crm", at=at)
