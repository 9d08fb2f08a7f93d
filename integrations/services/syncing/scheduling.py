"""Says when a connection is worked on next: rows of the outbox, one waiting for each kind of work."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from integrations.models import Connection
from tenants.errors import Conflict
from tenants.models import OutboxEntry
from tenants.services import outbox

COMPARE_EVERY = timedelta(hours=24)
SYNC, NOTIFIED, COMPARE, WRITE = "crm-sync", "crm-notified", "crm-compare", "crm-write"
START, FORGET, LEAVE_OUT = "crm-start", "crm-forget", "crm-leave-out"
KINDS = (SYNC, NOTIFIED, COMPARE, WRITE, START, LEAVE_OUT)


def schedule(kind: str, connection: Connection, *, at: datetime) -> None:
    """Have this kind of work done on the connection from `at` on; not before the vendor's pause ends."""
    if connection.blocked_until is not None:
        at = max(at, connection.blocked_until)
    outbox.reschedule(
        kind=kind, payload={"connection": connection.pk}, dedupe_key=f"{kind}:{connection.pk}", at=at
    )


def may_work(kind: str, connection: Connection, *, at: datetime) -> bool:
    """Return whether the connection may be worked on now; in the vendor's pause the work is put off."""
    if not connection.is_running:
        return False
    if connection.blocked_until is None or connection.blocked_until <= at:
        return True
    schedule(kind, connection, at=at)
    return False


def locked(connection_id: int) -> Connection | None:
    """Return the connection, held against other workers and people; None when it was removed meanwhile."""
    found: Connection | None = (
        Connection.objects.select_for_update(no_key=True).filter(pk=connection_id).first()
    )
    return found


def waiting_work(connection: Connection) -> QuerySet[OutboxEntry]:
    """Return the entries of work on the connection that is neither done nor given up."""
    found: QuerySet[OutboxEntry] = OutboxEntry.objects.filter(
        kind__in=KINDS,
        dedupe_key__in=[f"{kind}:{connection.pk}" for kind in KINDS],
        done_at=None,
        dead_at=None,
    )
    return found


def schedule_next_sync(connection: Connection, *, at: datetime) -> None:
    """Have changes read again after the connection's interval."""
    schedule(SYNC, connection, at=at + timedelta(minutes=connection.every_minutes))


def locked_for_change(connection: Connection) -> Connection:
    """Return the connection as it is now, held until the change to it is committed. Raises Conflict."""
    found: Connection | None = Connection.objects.select_for_update().filter(pk=connection.pk).first()
    if found is None:
        raise Conflict("This connection was removed meanwhile.")
    return found
