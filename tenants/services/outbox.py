"""Work for workers, written in the transaction that causes it, so that no crash can lose it.

The row is the truth; the Celery message (tenants.services.hints) carries only its id. Each try is counted in
a transaction of its own before the work begins, so that work which kills its worker ends as a dead letter
instead of going round for ever. Writers never wait for one another: every transaction writes its own row,
and the worker that begins takes all rows of the same work that are there by then as done with it.
"""

import json
import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from tenants.models import OutboxEntry
from tenants.scope import current_organization_id, tenant_scope
from tenants.services.hints import SHARE, hand_on_next, hint
from tenants.services.leases import LEASE, lease_kept

MAX_ATTEMPTS = 8
FIRST_DELAY = timedelta(seconds=20)
LONGEST_DELAY = timedelta(hours=1)
log = logging.getLogger(__name__)

WRITE = """
INSERT INTO tenants_outboxentry
  (organization_id, kind, payload, dedupe_key, written_in, next_at, attempts, last_error, hinted_at)
SELECT %(organization)s, %(kind)s, %(payload)s::jsonb, %(key)s, pg_current_xact_id()::text::bigint,
  %(at)s::timestamptz, 0, '',
  CASE WHEN %(at)s::timestamptz <= clock_timestamp() + interval '1 second' AND (
    SELECT count(*) FROM (
      SELECT 1 FROM tenants_outboxentry WHERE organization_id = %(organization)s
        AND done_at IS NULL AND dead_at IS NULL AND hinted_at IS NOT NULL LIMIT %(share)s
    ) hinted
  ) < %(share)s THEN now() END
WHERE NOT EXISTS (
  SELECT 1 FROM tenants_outboxentry WHERE organization_id = %(organization)s AND kind = %(kind)s
    AND dedupe_key = %(key)s AND done_at IS NULL AND dead_at IS NULL AND attempts = 0
    AND next_at <= %(at)s::timestamptz AND written_in = pg_current_xact_id()::text::bigint
)
RETURNING id, hinted_at IS NOT NULL
"""


def enqueue(*, kind: str, payload: dict[str, Any], dedupe_key: str, at: datetime) -> None:
    """Write down work of this kind, to be done from `at` on, and hint a worker after commit.

    Work with the same dedupe_key is the same work: it is done once, with the payload that was written last.
    Raises ValueError for a kind that has no handler.
    """
    if kind not in settings.OUTBOX_HANDLERS:
        raise ValueError(f"No handler is registered for outbox entries of kind {kind!r}.")
    organization_id = current_organization_id()
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE,
            {
                "organization": organization_id,
                "kind": kind,
                "payload": json.dumps(payload),
                "key": dedupe_key,
                "at": at,
                "share": SHARE,
            },
        )
        row = cursor.fetchone()
    if row and row[1]:
        transaction.on_commit(lambda: hint(organization_id, row[0]))


def reschedule(*, kind: str, payload: dict[str, Any], dedupe_key: str, at: datetime) -> None:
    """Write down work as enqueue does, in the place of what was to be done later than `at`.

    Where the same work waits already and is due by then, that is enough: two entries would make two turns
    that each ask for the next one, for ever. It is held until this transaction ends, so that no worker
    begins it without seeing what this transaction wrote.
    """
    waiting = OutboxEntry.objects.filter(
        kind=kind, dedupe_key=dedupe_key, done_at=None, dead_at=None, attempts=0
    )
    waiting.filter(next_at__gt=at).delete()
    sooner = waiting.filter(next_at__lte=at).select_for_update(no_key=True)
    if sooner.first() is None:
        enqueue(kind=kind, payload=payload, dedupe_key=dedupe_key, at=at)


def run(*, organization_id: int, entry_id: int, at: datetime) -> None:
    """Do the work of one entry: count the try, call the handler outside any scope, mark it done.

    A failure leaves it for a later try with a growing delay, after MAX_ATTEMPTS as a dead letter. Every
    handler must be idempotent: a worker may die between its effect and the mark. Afterwards the
    organization's next waiting entry gets its message.
    """
    entry = _begin(organization_id, entry_id, at)
    if entry is not None:
        started = time.monotonic()
        error = _do(organization_id, entry, at)
        # The clock of the caller goes on, so that a delay counts from the end of long work.
        _finish(organization_id, entry, error, at + timedelta(seconds=time.monotonic() - started))
    hand_on_next(organization_id, at=at)


def _do(organization_id: int, entry: OutboxEntry, at: datetime) -> str:
    """Call the handler; return what went wrong in a line, "" when nothing did."""
    try:
        with lease_kept(organization_id, entry.pk):
            handler = import_string(settings.OUTBOX_HANDLERS[entry.kind])
            handler(organization_id=organization_id, payload=entry.payload, at=at)
    except Exception as error:
        log.exception("Outbox entry %s (%s) failed at try %s", entry.pk, entry.kind, entry.attempts)
        return f"{type(error).__name__}: {error}"[:2000]
    return ""


def _begin(organization_id: int, entry_id: int, at: datetime) -> OutboxEntry | None:
    """Lease the work the entry stands for and count the try; None when there is nothing to do now."""
    with tenant_scope(organization_id):
        wanted = OutboxEntry.objects.filter(pk=entry_id, done_at=None, dead_at=None).first()
        if wanted is None:
            return None
        same = list(
            OutboxEntry.objects.select_for_update(no_key=True)
            .filter(kind=wanted.kind, dedupe_key=wanted.dedupe_key, done_at=None, dead_at=None)
            .order_by("pk")
        )
        is_running = any(row.leased_until is not None and row.leased_until > at for row in same)
        if is_running or not any(row.next_at <= at for row in same):
            # Another message comes when it is due, or from the worker that does it now.
            OutboxEntry.objects.filter(pk__in=[row.pk for row in same]).update(hinted_at=None)
            return None
        # A failed try's delay ends when the same work is asked for again.
        ready = [row for row in same if row.next_at <= at or row.attempts]
        OutboxEntry.objects.filter(pk__in=[row.pk for row in ready[:-1]]).update(done_at=at)
        return _leased(ready[-1], tries=max(row.attempts for row in ready), at=at)


def _leased(entry: OutboxEntry, *, tries: int, at: datetime) -> OutboxEntry | None:
    if tries >= MAX_ATTEMPTS:
        entry.dead_at = at
        entry.last_error = entry.last_error or "The worker was lost at every try."
        entry.save(update_fields=["dead_at", "last_error"])
        return None
    entry.attempts = tries + 1
    entry.leased_until = at + LEASE
    entry.save(update_fields=["attempts", "leased_until"])
    return entry


def _finish(organization_id: int, entry: OutboxEntry, error: str, at: datetime) -> None:
    """Mark the entry done, due again later, or dead; nothing when another worker has taken it over."""
    changes: dict[str, Any] = {"leased_until": None, "last_error": error}
    if not error:
        changes["done_at"] = at
    elif entry.attempts >= MAX_ATTEMPTS:
        changes["dead_at"] = at
    else:
        delay = min(FIRST_DELAY * 2 ** (entry.attempts - 1), LONGEST_DELAY)
        changes |= {"next_at": at + delay, "hinted_at": None}
    with tenant_scope(organization_id):
        OutboxEntry.objects.filter(pk=entry.pk, attempts=entry.attempts, done_at=None).update(**changes)


def keep(*, entry_kind: str, dedupe_key: str, until: datetime) -> None:
    """Tell that work goes on, so that no second worker starts it before `until`.

    The lease is kept by itself while the handler's process lives; this is for work that outlives it.
    """
    OutboxEntry.objects.filter(
        kind=entry_kind, dedupe_key=dedupe_key, done_at=None, dead_at=None, leased_until__isnull=False
    ).update(leased_until=until)


def replay(*, entry: OutboxEntry, at: datetime) -> None:
    """Give a dead letter a fresh set of tries."""
    OutboxEntry.objects.filter(pk=entry.pk, done_at=None).update(
        dead_at=None, attempts=0, next_at=at, hinted_at=at
    )
    organization_id, entry_id = current_organization_id(), entry.pk
    transaction.on_commit(lambda: hint(organization_id, entry_id))
