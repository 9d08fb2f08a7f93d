"""What keeps connections going by themselves: a lost turn is found, webhooks are renewed, history ends."""

import logging
from datetime import timedelta

from django.db.models import Q

from integrations.models import Connection, WebhookEvent, WriteBack
from integrations.services.syncing import notifying, runs
from integrations.services.syncing.failing import TROUBLE
from integrations.services.syncing.opening import Clock
from integrations.services.syncing.scheduling import NOTIFIED, SYNC, WRITE, schedule, waiting_work
from integrations.services.syncing.subscribing import hook_url, renew_webhook
from tenants.scope import tenant_scope

log = logging.getLogger(__name__)
RENEW_EARLY = timedelta(days=1)


def keep_going(*, organization_id: int, clock: Clock) -> None:
    """Give every running connection of the organization what it lacks; safe to call at any time."""
    with tenant_scope(organization_id):
        running = list(Connection.objects.filter(status=Connection.Status.ACTIVE))
        for connection in running:
            _find_lost_turns(connection, clock)
        runs.forget_old(at=clock())
        notifying.forget_old(at=clock())
        soon = Q(renew_at__lte=clock() + RENEW_EARLY)
        due = list(Connection.objects.filter(soon, status=Connection.Status.ACTIVE))
    for connection in due if hook_url() else ():
        try:
            renew_webhook(organization_id=organization_id, connection_id=connection.pk, clock=clock)
        except TROUBLE as error:
            log.warning("The webhook of connection %s was not renewed: %s", connection.pk, error)


def _find_lost_turns(connection: Connection, clock: Clock) -> None:
    kinds = set(waiting_work(connection).values_list("kind", flat=True))
    if SYNC not in kinds:
        schedule(SYNC, connection, at=clock())
    if NOTIFIED not in kinds and WebhookEvent.objects.filter(connection=connection, done_at=None).exists():
        schedule(NOTIFIED, connection, at=clock())
    if WRITE not in kinds and WriteBack.objects.filter(connection=connection, next_at__lte=clock()).exists():
        schedule(WRITE, connection, at=clock())
