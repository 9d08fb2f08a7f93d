"""Says when a connection is worked on next: rows of the outbox, one waiting for each kind of work."""

from datetime import datetime, timedelta

from integrations.models import Connection
from tenants.services import outbox

SYNC, NOTIFIED, COMPARE, WRITE = "crm-sync", "crm-notified", "crm-compare", "crm-write"


def schedule(kind: str, connection: Connection, *, at: datetime) -> None:
    """Have this kind of work done on the connection from `at` on; not before the vendor's pause ends."""
    if connection.blocked_until is not None:
        at = max(at, connection.blocked_until)
    outbox.reschedule(
        kind=kind, payload={"connection": connection.pk}, dedupe_key=f"{kind}:{connection.pk}", at=at
    )


def schedule_next_sync(connection: Connection, *, at: datetime) -> None:
    """Have changes read again after the connection's interval."""
    schedule(SYNC, connection, at=at + timedelta(minutes=connection.every_minutes))
