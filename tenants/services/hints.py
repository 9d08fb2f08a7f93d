"""Messages that tell workers to look at an outbox entry; losing one only costs time.

One organization has at most about SHARE messages in the queue at a time, so that thousands of its entries
do not keep another's waiting: each entry that is done hands on the next, and the sweeper finds the rest.
"""

import logging
import time
from datetime import datetime

from celery import current_app
from django.db import connection

from tenants.models import OutboxEntry
from tenants.scope import tenant_scope

SHARE = 20
QUIET_SECONDS = 10.0
log = logging.getLogger(__name__)
_quiet_until = 0.0

NEXT = """
UPDATE tenants_outboxentry SET hinted_at = %(at)s WHERE organization_id = %(organization)s AND id = (
  SELECT id FROM tenants_outboxentry WHERE organization_id = %(organization)s
    AND done_at IS NULL AND dead_at IS NULL AND next_at <= %(at)s AND hinted_at IS NULL
    AND (leased_until IS NULL OR leased_until <= %(at)s)
  ORDER BY next_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
) RETURNING id
"""


def hint(organization_id: int, entry_id: int) -> None:
    """Tell a worker to look at the entry. Never fails its caller.

    A broker that is down is left alone for QUIET_SECONDS, so that no request waits for it again and again.
    """
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        current_app.send_task("tenants.work", args=[entry_id], headers={"tenant": organization_id})
    except Exception as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("No broker for outbox entry %s (%s); the sweeper will hand it on.", entry_id, error)


def hand_on_next(organization_id: int, *, at: datetime) -> None:
    """Send the message of the organization's oldest due entry that has none."""
    with tenant_scope(organization_id), connection.cursor() as cursor:
        cursor.execute(NEXT, {"organization": organization_id, "at": at})
        row = cursor.fetchone()
    if row:
        hint(organization_id, row[0])


def sweep(*, at: datetime) -> int:
    """Send the messages of due entries that have none or whose message seems lost; return how many.

    Organizations take turns: the first entry of each, then the second of each, at most SHARE of one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id, entry_id FROM concord_due_outbox(%s)", [at])
        due: list[tuple[int, int]] = cursor.fetchall()
    for organization_id in sorted({organization for organization, _ in due}):
        ids = [entry for organization, entry in due if organization == organization_id]
        with tenant_scope(organization_id):
            OutboxEntry.objects.filter(pk__in=ids).update(hinted_at=at)
    for organization_id, entry_id in due:
        hint(organization_id, entry_id)
    return len(due)
