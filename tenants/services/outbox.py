"""Work for workers, written in the transaction that causes it, so that no crash can lose it.

The row is the truth; the Celery message carries only its id. A sweeper finds rows whose message was lost.
Each try is counted in a transaction of its own before the work begins, so that work which kills its worker
ends as a dead letter instead of going round for ever.
"""

import json
import logging
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError

from tenants.models import OutboxEntry
from tenants.scope import current_organization_id, tenant_scope

MAX_ATTEMPTS = 8
FIRST_DELAY = timedelta(seconds=20)
LONGEST_DELAY = timedelta(hours=1)
log = logging.getLogger(__name__)


def enqueue(*, kind: str, payload: dict[str, Any], dedupe_key: str, at: datetime) -> None:
    """Write down work of this kind unless the same waits already, and hint a worker after commit."""
    if kind not in settings.OUTBOX_HANDLERS:
        raise ValueError(f"No handler is registered for outbox entries of kind {kind!r}.")
    organization_id = current_organization_id()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenants_outboxentry"
            " (organization_id, kind, payload, dedupe_key, next_at, attempts, last_error)"
            " VALUES (%s, %s, %s::jsonb, %s, %s, 0, '') ON CONFLICT DO NOTHING RETURNING id",
            [organization_id, kind, json.dumps(payload), dedupe_key, at],
        )
        row = cursor.fetchone()
    if row:
        transaction.on_commit(lambda: _hint(organization_id, row[0]))


def _hint(organization_id: int, entry_id: int) -> None:
    """Tell a worker; a broker that is down only costs time, the sweeper finds the row."""
    try:
        current_app.send_task("tenants.work", args=[entry_id], headers={"tenant": organization_id})
    except OperationalError as error:
        log.warning("No broker for outbox entry %s (%s); the sweeper will hand it on.", entry_id, error)


def run(*, organization_id: int, entry_id: int, at: datetime) -> None:
    """Do one entry: count the try, call the handler in the tenant's scope, mark it done.

    A failure leaves the entry for a later try with a growing delay, after MAX_ATTEMPTS as a dead letter.
    Every handler must be idempotent: a worker may die between its effect and the mark.
    """
    entry = _begin(organization_id, entry_id, at)
    if entry is None:
        return
    try:
        import_string(settings.OUTBOX_HANDLERS[entry.kind])(
            organization_id=organization_id, payload=entry.payload, at=at
        )
    except Exception as error:
        log.exception("Outbox entry %s (%s) failed at try %s", entry.pk, entry.kind, entry.attempts)
        with tenant_scope(organization_id):
            OutboxEntry.objects.filter(pk=entry.pk).update(
                last_error=f"{type(error).__name__}: {error}"[:2000]
            )
        return
    with tenant_scope(organization_id):
        OutboxEntry.objects.filter(pk=entry.pk).update(done_at=at, last_error="")


def _begin(organization_id: int, entry_id: int, at: datetime) -> OutboxEntry | None:
    """Count the try and set the time after which another worker may take over; None when not due."""
    with tenant_scope(organization_id):
        entry: OutboxEntry | None = (
            OutboxEntry.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(pk=entry_id, done_at=None, dead_at=None, next_at__lte=at)
            .first()
        )
        if entry is None:
            return None
        if entry.attempts >= MAX_ATTEMPTS:
            entry.dead_at = at
            entry.save(update_fields=["dead_at"])
            return None
        entry.attempts += 1
        entry.next_at = at + min(FIRST_DELAY * 2 ** (entry.attempts - 1), LONGEST_DELAY)
        entry.save(update_fields=["attempts", "next_at"])
        return entry


def keep(*, entry_kind: str, dedupe_key: str, until: datetime) -> None:
    """Tell that long work is alive, so that no second worker starts it before `until`."""
    OutboxEntry.objects.filter(kind=entry_kind, dedupe_key=dedupe_key, done_at=None, dead_at=None).update(
        next_at=until
    )


def replay(*, entry: OutboxEntry, at: datetime) -> None:
    """Give a dead letter a fresh set of tries."""
    OutboxEntry.objects.filter(pk=entry.pk).update(dead_at=None, attempts=0, next_at=at)
    organization_id, entry_id = entry.organization_id, entry.pk
    transaction.on_commit(lambda: _hint(organization_id, entry_id))


def sweep(*, at: datetime) -> int:
    """Hint workers to every entry of every organization that is due; return how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id, entry_id FROM concord_due_outbox(%s)", [at])
        due = cursor.fetchall()
    for organization_id, entry_id in due:
        _hint(organization_id, entry_id)
    return len(due)
