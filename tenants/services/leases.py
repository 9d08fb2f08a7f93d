"""Keeps a lease while its work goes on: a thread beside the handler, so that no handler can forget it.

A lease is short, so that the work of a killed worker is taken over soon; the thread dies with its process.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import DatabaseError, connection
from django.utils import timezone

from tenants.models import OutboxEntry
from tenants.scope import tenant_scope

LEASE = timedelta(seconds=30)
log = logging.getLogger(__name__)


@contextmanager
def lease_kept(organization_id: int, entry_id: int, *, lease: timedelta = LEASE) -> Iterator[None]:
    """Renew the entry's lease at every third of it until the block ends."""
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(organization_id, entry_id, lease, stop), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()


def _keep(organization_id: int, entry_id: int, lease: timedelta, stop: threading.Event) -> None:
    try:
        while not stop.wait(lease.total_seconds() / 3):
            _renew(organization_id, entry_id, lease)
    finally:
        connection.close()  # this thread's own, opened by the first renewal


def _renew(organization_id: int, entry_id: int, lease: timedelta) -> None:
    try:
        with tenant_scope(organization_id):
            OutboxEntry.objects.filter(pk=entry_id, done_at=None).update(leased_until=timezone.now() + lease)
    except DatabaseError as error:
        log.warning("The lease of outbox entry %s was not renewed: %s", entry_id, error)
