"""Reads what changed in a CRM, one page a task; the position moves in the transaction of its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commitments.services.reassessment import ask_for_reassessment
from integrations.crm import CrmProvider, Cursor, CursorExpired, Fetched, Page
from integrations.models import Connection, SyncCursor, SyncRun
from integrations.registry import known_provider
from integrations.services.syncing import runs
from integrations.services.syncing.applying import Applied, apply_gone, apply_records
from integrations.services.syncing.failing import TROUBLE, settle_success, settle_trouble
from integrations.services.syncing.opening import Clock, ask
from integrations.services.syncing.scheduling import (
    COMPARE,
    COMPARE_EVERY,
    SYNC,
    locked,
    may_work,
    schedule,
    schedule_next_sync,
)
from tenants.scope import tenant_scope

Kind = SyncRun.Kind
KINDS = (Kind.BACKFILL, Kind.CHANGES)
FETCH_MOST = 100
#: A long first import is judged now and then, so that people see flags before its end.
JUDGE_EVERY_PAGES = 20


@dataclass(frozen=True)
class Begun:
    """Where a page begins: the connection as it is, the position and its number, the run it counts in."""

    connection: Connection
    position: Cursor | None
    number: int
    run: SyncRun


def sync(*, organization_id: int, connection_id: int, clock: Clock) -> None:
    """Read the next page of changes, save it, and have the one after it read; nothing while it is paused.

    Call it outside any scope. Two workers may do it at once: only one of them saves the page.
    """
    with tenant_scope(organization_id):
        begun = _begin(connection_id, clock())
    if begun is None:
        return
    try:
        page, touched = ask(begun.connection, lambda provider: _read(provider, begun.position), clock=clock)
    except CursorExpired:
        with tenant_scope(organization_id):
            _begin_again(begun, clock())
    except TROUBLE as error:
        with tenant_scope(organization_id):
            settle_trouble(
                connection_id=connection_id, kind=SYNC, run_id=begun.run.pk, error=error, at=clock()
            )
    else:
        with tenant_scope(organization_id):
            _save(begun, page, touched, clock())


def _begin(connection_id: int, at: datetime) -> Begun | None:
    connection = locked(connection_id)  # so that two workers do not both begin a run
    if connection is None or not may_work(SYNC, connection, at=at):
        return None
    cursor, _ = SyncCursor.objects.get_or_create(connection=connection, stream=SyncCursor.Stream.DEALS)
    if _is_too_old(connection, cursor, at):
        cursor.position = None
        cursor.number += 1
        cursor.save(update_fields=["position", "number"])
    begin = Kind.CHANGES if connection.synced_at and cursor.position is not None else Kind.BACKFILL
    run = runs.running(connection, kinds=KINDS, begin=begin, at=at)
    return Begun(connection, cursor.position, cursor.number, run)


def _is_too_old(connection: Connection, cursor: SyncCursor, at: datetime) -> bool:
    """Return whether the vendor has forgotten by now what was deleted since this position."""
    provider = known_provider(connection.provider)
    horizon = provider.horizon if provider is not None else None
    return (
        horizon is not None
        and cursor.position is not None
        and cursor.saved_at is not None
        and at - cursor.saved_at > horizon
    )


def _read(provider: CrmProvider, position: Cursor | None) -> tuple[Page, Fetched]:
    page = provider.pull(position)
    known = {deal.id for deal in page.deals}
    touched = [each for each in page.touched if each not in known]
    return page, fetch_all(provider, touched)


def fetch_all(provider: CrmProvider, ids: Sequence[str]) -> Fetched:
    """Return these deals as they are now, however many."""
    parts = [provider.fetch(ids[start : start + FETCH_MOST]) for start in range(0, len(ids), FETCH_MOST)]
    return Fetched(
        tuple(deal for part in parts for deal in part.deals),
        tuple(gone for part in parts for gone in part.gone),
        tuple(skipped for part in parts for skipped in part.skipped),
    )


def _begin_again(begun: Begun, at: datetime) -> None:
    SyncCursor.objects.filter(
        connection=begun.connection, stream=SyncCursor.Stream.DEALS, number=begun.number
    ).update(position=None, number=begun.number + 1, saved_at=at)
    runs.finish(begun.run.pk, at=at, error="The CRM no longer knew our place; everything is read again.")
    ask_for_reassessment(why="crm", at=at)
    schedule(SYNC, begun.connection, at=at)


def _save(begun: Begun, page: Page, touched: Fetched, at: datetime) -> None:
    """Write the page and the position after it, unless another worker has done so."""
    connection = locked(begun.connection.pk)
    if connection is None:
        return
    cursor = SyncCursor.objects.select_for_update(no_key=True).get(
        connection=connection, stream=SyncCursor.Stream.DEALS
    )
    if cursor.number != begun.number:
        return
    applied = _apply(connection, page, touched, at)
    cursor.position, cursor.number, cursor.saved_at = page.cursor, begun.number + 1, at
    cursor.save(update_fields=["position", "number", "saved_at"])
    runs.count(
        begun.run.pk,
        at=at,
        read=len(page.deals) + len(touched.deals),
        created=applied.created,
        updated=applied.updated,
        gone=applied.gone,
        skipped=[(each.id, each.reason) for each in (*page.skipped, *touched.skipped)],
        total=page.total,
    )
    settle_success(connection)
    if page.done:
        _finish(connection, begun.run, at)
    else:
        schedule(SYNC, connection, at=at)
    if (page.done and _has_news(begun.run)) or (applied and begun.number % JUDGE_EVERY_PAGES == 0):
        ask_for_reassessment(why="crm", at=at)


def _apply(connection: Connection, page: Page, touched: Fetched, at: datetime) -> Applied:
    brought = apply_records(connection=connection, records=[*page.deals, *touched.deals], at=at)
    gone = apply_gone(connection=connection, gone=[*page.gone, *touched.gone], at=at, word="deleted")
    return Applied(brought.created, brought.updated, gone.gone)


def _has_news(run: SyncRun) -> bool:
    run.refresh_from_db()
    return bool(run.created or run.updated or run.gone)


def _finish(connection: Connection, run: SyncRun, at: datetime) -> None:
    """End the run: everything that changed before it began is here now."""
    runs.finish(run.pk, at=at)
    connection.synced_at = run.started_at
    connection.save(update_fields=["synced_at"])
    schedule_next_sync(connection, at=at)
    if connection.reconciled_at is None:
        connection.reconciled_at = at
        connection.save(update_fields=["reconciled_at"])
    elif at - connection.reconciled_at >= COMPARE_EVERY:
        schedule(COMPARE, connection, at=at)
