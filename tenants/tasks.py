"""Workers' entrances of this floor: one outbox entry, the sweeper, the heartbeat."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from tenants.models import WorkerHeartbeat
from tenants.services import outbox


@shared_task(name="tenants.work", bind=True, opens_scope=False)
def work(self: Any, entry_id: int) -> None:
    """Do one outbox entry of the message's tenant."""
    outbox.run(organization_id=self.tenant_id(), entry_id=entry_id, at=timezone.now())


@shared_task(name="tenants.sweep", tenantless=True, expires=30)
def sweep() -> None:
    """Hand on every due outbox entry whose message may have been lost."""
    outbox.sweep(at=timezone.now())


@shared_task(name="tenants.heartbeat", tenantless=True, expires=60)
def heartbeat() -> None:
    """Write down that a worker of this queue lives."""
    WorkerHeartbeat.objects.update_or_create(queue="work", defaults={"beat_at": timezone.now()})
