"""Stops a connection and lets it go on: paused, continued, hurried by a person."""

from datetime import datetime

from django.db import transaction

from integrations.models import Connection
from integrations.services.syncing.comparing import accept_vanished
from integrations.services.syncing.scheduling import NOTIFIED, SYNC, WRITE, locked_for_change, schedule
from integrations.services.syncing.writing_back import replay_refused
from tenants.access import Actor
from tenants.errors import Conflict
from tenants.roles import Permission

Status = Connection.Status


@transaction.atomic
def pause(*, connection: Connection, by: Actor) -> Connection:
    """Stop reading and writing until somebody continues; the place is kept."""
    by.require(Permission.MANAGE)
    row = locked_for_change(connection)
    if row.status == Status.MAPPING:
        raise Conflict("It was not started yet.")
    row.status = Status.PAUSED
    row.save(update_fields=["status"])
    return row


@transaction.atomic
def resume(*, connection: Connection, by: Actor, at: datetime) -> Connection:
    """Go on where it stopped; after many deals vanished this says that they were really deleted."""
    by.require(Permission.MANAGE)
    row = locked_for_change(connection)
    if row.status == Status.MAPPING:
        raise Conflict("It was not started yet.")
    if row.status in (Status.NEEDS_SIGN_IN, Status.ATTENTION):
        raise Conflict("Test it first: it goes on when Concord gets in.")
    vanished = row.status == Status.VANISHED
    go_on(row, at=at)
    if vanished:
        accept_vanished(row, at=at)
    return row


def go_on(row: Connection, *, at: datetime) -> None:
    row.status = Status.ACTIVE
    row.failures, row.blocked_until = 0, None
    row.problem, row.problem_at = "", None
    row.save(update_fields=["status", "failures", "blocked_until", "problem", "problem_at"])
    for kind in (SYNC, NOTIFIED, WRITE):
        schedule(kind, row, at=at)


@transaction.atomic
def sync_now(*, connection: Connection, by: Actor, at: datetime) -> Connection:
    """Read changes at once instead of at the next turn, and write again what was refused."""
    by.require(Permission.MANAGE)
    row = locked_for_change(connection)
    if not row.is_running:
        raise Conflict("It does not run. Continue it first.")
    row.blocked_until = None
    row.save(update_fields=["blocked_until"])
    schedule(SYNC, row, at=at)
    replay_refused(row, at=at)
    return row
