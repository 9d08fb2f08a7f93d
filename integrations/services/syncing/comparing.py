"""Compares the ids of all deals with what is here, every night: finds what no timestamp told of.

A deal that is missing twice in a row is gone. When more than a fifth is missing at once, rights were lost
rather than deals: nothing is marked, the connection stops and the admin is told.
"""

from datetime import datetime, timedelta

from django.db.models import F

from commitments.services.reassessment import ask_for_reassessment
from integrations.crm import CrmProvider, CursorExpired, Fetched, Gone, IdPage
from integrations.models import Connection, RemoteDeal, SyncCursor, SyncRun
from integrations.selectors.connections import left_out
from integrations.services.syncing import runs
from integrations.services.syncing.applying import apply_gone, apply_records
from integrations.services.syncing.failing import TROUBLE, settle_success, settle_trouble
from integrations.services.syncing.opening import Clock, ask
from integrations.services.syncing.pulling import Begun, fetch_all
from integrations.services.syncing.scheduling import (
    COMPARE,
    COMPARE_EVERY,
    LEAVE_OUT,
    locked,
    may_work,
    schedule,
)
from tenants.scope import tenant_scope

STRIKES = 2
MOST_SHARE = 5  # one in five
FEW = 10  # below so many deals a share says nothing
BEGIN_AGAIN_AFTER = timedelta(minutes=5)
Kind = SyncRun.Kind


def compare(*, organization_id: int, connection_id: int, clock: Clock) -> None:
    """Read the next page of ids, or settle the comparison after the last; call it outside any scope."""
    with tenant_scope(organization_id):
        begun = _begin(connection_id, clock())
    if begun is None:
        return
    try:
        page, unknown = ask(
            begun.connection, lambda provider: _read(provider, begun, organization_id), clock=clock
        )
    except CursorExpired:
        with tenant_scope(organization_id):
            _begin_again(begun, clock())
    except TROUBLE as error:
        with tenant_scope(organization_id):
            settle_trouble(
                connection_id=connection_id, kind=COMPARE, run_id=begun.run.pk, error=error, at=clock()
            )
    else:
        with tenant_scope(organization_id):
            _save(begun, page, unknown, clock())


def _begin(connection_id: int, at: datetime) -> Begun | None:
    connection = locked(connection_id)
    if connection is None or not may_work(COMPARE, connection, at=at):
        return None
    under_way = SyncRun.objects.filter(
        connection=connection, kind=Kind.RECONCILE, status=SyncRun.Status.RUNNING
    ).exists()
    if not under_way and not is_due(connection, at):
        return None  # asked for while the last one ended; the second strike belongs to another night
    cursor, _ = SyncCursor.objects.get_or_create(connection=connection, stream=SyncCursor.Stream.IDS)
    if not under_way and cursor.position is not None:
        _to_the_beginning(cursor)  # the one before failed half-way: what it saw counts for nothing now
    run = runs.running(connection, kinds=(Kind.RECONCILE,), begin=Kind.RECONCILE, at=at)
    return Begun(connection, cursor.position, cursor.number, run)


def is_due(connection: Connection, at: datetime) -> bool:
    """Return whether the last comparison is long enough ago."""
    return connection.reconciled_at is None or at - connection.reconciled_at >= COMPARE_EVERY


def _to_the_beginning(cursor: SyncCursor) -> None:
    cursor.position, cursor.number = None, cursor.number + 1
    cursor.save(update_fields=["position", "number"])


def _begin_again(begun: Begun, at: datetime) -> None:
    """Compare from the beginning: the CRM no longer knows the position."""
    connection = locked(begun.connection.pk)
    if connection is None:
        return
    runs.finish(begun.run.pk, at=at, error="The CRM no longer knew our place; the comparison begins again.")
    schedule(COMPARE, connection, at=at + BEGIN_AGAIN_AFTER)


def _read(provider: CrmProvider, begun: Begun, organization_id: int) -> tuple[IdPage, Fetched]:
    """Return the page of ids, and the deals among them that are not here or were thought gone."""
    page = provider.list_ids(begun.position)
    with tenant_scope(organization_id):
        here = set(
            RemoteDeal.objects.filter(
                connection=begun.connection, remote_id__in=page.ids, gone_at=None
            ).values_list("remote_id", flat=True)
        )
    new = [each for each in page.ids if each not in here]
    return page, fetch_all(provider, new)


def _save(begun: Begun, page: IdPage, unknown: Fetched, at: datetime) -> None:
    connection = locked(begun.connection.pk)
    if connection is None:
        return
    cursor = SyncCursor.objects.select_for_update(no_key=True).get(
        connection=connection, stream=SyncCursor.Stream.IDS
    )
    if cursor.number != begun.number:
        return
    applied = apply_records(connection=connection, records=unknown.deals, at=at)
    RemoteDeal.objects.filter(connection=connection, remote_id__in=page.ids).update(
        seen_in=begun.run.pk, strikes=0
    )
    cursor.position, cursor.number, cursor.saved_at = page.cursor, begun.number + 1, at
    cursor.save(update_fields=["position", "number", "saved_at"])
    runs.count(
        begun.run.pk,
        at=at,
        read=len(page.ids),
        created=applied.created,
        updated=applied.updated,
        skipped=[(each.id, each.reason) for each in unknown.skipped],
    )
    settle_success(connection)
    if page.cursor is not None:
        schedule(COMPARE, connection, at=at)
    else:
        _settle(connection, begun.run, at)
    if applied:
        ask_for_reassessment(why="crm", at=at)


def _settle(connection: Connection, run: SyncRun, at: datetime) -> None:
    """Give a strike to what was not seen, and take out what has its second."""
    known = RemoteDeal.objects.filter(connection=connection, gone_at=None, read_at__lt=run.started_at)
    if connection.pipelines:  # the others' deals were left out here, not lost there
        known = known.filter(data__pipeline_id__in=connection.pipelines)
    missing = known.exclude(seen_in=run.pk)
    total, lost = known.count(), missing.filter(strikes=0).count()
    if lost * MOST_SHARE > total and lost >= FEW:
        _stop(connection, run, lost, total, at)
        return
    missing.update(strikes=F("strikes") + 1)
    ids = list(missing.filter(strikes__gte=STRIKES).values_list("remote_id", flat=True))
    gone = apply_gone(connection=connection, gone=[Gone(each) for each in ids], at=at, word="no longer found")
    SyncRun.objects.filter(pk=run.pk).update(gone=F("gone") + gone.gone)
    runs.finish(run.pk, at=at)
    connection.reconciled_at = at
    connection.save(update_fields=["reconciled_at"])
    if gone:
        ask_for_reassessment(why="crm", at=at)
    if left_out(connection).exists():
        schedule(LEAVE_OUT, connection, at=at)


def _stop(connection: Connection, run: SyncRun, lost: int, total: int, at: datetime) -> None:
    sentence = (
        f"{lost:,} of {total:,} deals are no longer shown to us. Most likely our rights there were cut; "
        "nothing was changed here. Give them back and continue, or continue if the deals were really deleted."
    )
    connection.status = Connection.Status.VANISHED
    connection.problem, connection.problem_at = sentence, at
    connection.reconciled_at = at
    connection.save(update_fields=["status", "problem", "problem_at", "reconciled_at"])
    runs.finish(run.pk, at=at, error=sentence)


def accept_vanished(connection: Connection, *, at: datetime) -> None:
    """Count a strike for each deal that vanished, and compare again: the admin says they were deleted."""
    last = SyncRun.objects.filter(connection=connection, kind=Kind.RECONCILE).order_by("-pk")[:1]
    RemoteDeal.objects.filter(connection=connection, gone_at=None).exclude(
        seen_in__in=last.values("pk")
    ).update(strikes=STRIKES - 1)
    connection.reconciled_at = at - COMPARE_EVERY
    connection.save(update_fields=["reconciled_at"])
    schedule(COMPARE, connection, at=at)
