"""Takes webhooks in and fetches the deals they hint at; what they claim is never believed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import connection as database

from commitments.services.reassessment import ask_for_reassessment
from integrations.crm import Fetched, Gone, Notification
from integrations.models import Connection, SyncRun, WebhookEvent
from integrations.services.syncing import runs
from integrations.services.syncing.applying import apply_gone, apply_records
from integrations.services.syncing.failing import TROUBLE, settle_success, settle_trouble
from integrations.services.syncing.opening import Clock, ask, setup_of
from integrations.services.syncing.pulling import fetch_all
from integrations.services.syncing.scheduling import NOTIFIED, locked, may_work, schedule
from tenants.scope import tenant_scope

FETCH_MOST = 100
KEPT_FOR = timedelta(days=8)


def receive(*, connection: Connection, notification: Notification, at: datetime) -> bool:
    """Keep an authentic delivery and have its deals fetched; False when it was here before."""
    _, is_new = WebhookEvent.objects.get_or_create(
        connection=connection,
        key=sha256(notification.key.encode()).hexdigest(),
        defaults={"deal_ids": list(notification.deal_ids), "received_at": at},
    )
    if is_new and connection.is_running:
        schedule(NOTIFIED, connection, at=at)
    return is_new


def fetch_notified(*, organization_id: int, connection_id: int, clock: Clock) -> None:
    """Fetch the deals of the deliveries that wait, a hundred at a time; call it outside any scope."""
    with tenant_scope(organization_id):
        connection = Connection.objects.filter(pk=connection_id).first()
        may = connection is not None and may_work(NOTIFIED, connection, at=clock())
        events = _waiting(connection) if connection is not None and may else []
        ids = _ids_of(events)
    if connection is None or not events:
        return
    try:
        fetched = ask(connection, lambda provider: fetch_all(provider, ids), clock=clock)
    except TROUBLE as error:
        with tenant_scope(organization_id):
            settle_trouble(connection_id=connection_id, kind=NOTIFIED, run_id=None, error=error, at=clock())
        return
    with tenant_scope(organization_id):
        _save(connection, events, ids, fetched, clock())


def _waiting(connection: Connection) -> list[WebhookEvent]:
    """Return the oldest deliveries whose deals fit into one request; the first one in any case."""
    taken: list[WebhookEvent] = []
    ids: set[str] = set()
    for event in WebhookEvent.objects.filter(connection=connection, done_at=None).order_by("pk")[:500]:
        ids |= set(event.deal_ids)
        if taken and len(ids) > FETCH_MOST:
            break
        taken.append(event)
    return taken


def _ids_of(events: Sequence[WebhookEvent]) -> list[str]:
    return list(dict.fromkeys(str(each) for event in events for each in event.deal_ids))


def _save(
    asked: Connection, events: Sequence[WebhookEvent], ids: Sequence[str], fetched: Fetched, at: datetime
) -> None:
    connection = locked(asked.pk)
    if connection is None:
        return
    if setup_of(connection) != setup_of(asked):
        schedule(NOTIFIED, connection, at=at)  # these deals were read for another mapping
        return
    brought = apply_records(connection=connection, records=fetched.deals, at=at)
    gone = apply_gone(connection=connection, gone=_really_gone(ids, fetched), at=at, word="deleted")
    WebhookEvent.objects.filter(pk__in=[event.pk for event in events]).update(done_at=at)
    if brought or gone:
        run = runs.running(connection, kinds=(), begin=SyncRun.Kind.NOTIFIED, at=at)
        runs.count(
            run.pk,
            at=at,
            read=len(fetched.deals),
            created=brought.created,
            updated=brought.updated,
            gone=gone.gone,
            skipped=[(each.id, each.reason) for each in fetched.skipped],
        )
        runs.finish(run.pk, at=at)
        ask_for_reassessment(why="crm", at=at)
    settle_success(connection)
    if WebhookEvent.objects.filter(connection=connection, done_at=None).exists():
        schedule(NOTIFIED, connection, at=at)


def _really_gone(ids: Sequence[str], fetched: Fetched) -> list[Gone]:
    """Return what the vendor says is gone. A deal that is merely not found waits for the comparison."""
    return [each for each in fetched.gone if each.id in ids]


def connections_of_hook(digest: str) -> list[tuple[int, int]]:
    """Return (organization, connection) of a webhook's address."""
    return _pairs("SELECT organization_id, connection_id FROM concord_connection_of_hook(%s)", [digest])


def connections_of_account(provider: str, account_id: str) -> list[tuple[int, int]]:
    """Return (organization, connection) of every connection to this account of the vendor."""
    return _pairs(
        "SELECT organization_id, connection_id FROM concord_connections_of_account(%s, %s)",
        [provider, account_id],
    )


def _pairs(statement: str, values: list[str]) -> list[tuple[int, int]]:
    if any("\x00" in value for value in values):
        return []
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        return [(row[0], row[1]) for row in cursor.fetchall()]


def forget_old(*, at: datetime) -> int:
    """Delete deliveries too old to be seen again; reading changes brings what a stopped connection missed."""
    gone, _ = WebhookEvent.objects.filter(received_at__lt=at - KEPT_FOR).delete()
    return gone
