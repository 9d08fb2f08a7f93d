"""Workers' entrances of this floor: one outbox entry, the sweeper, the heartbeat, invitations."""

from datetime import datetime
from typing import Any

from celery import shared_task
from django.utils import timezone

from tenants.models import WorkerHeartbeat
from tenants.scope import tenant_scope
from tenants.services import hints, invitations, outbox, tidying
from tenants.task_scope import TenantTask
from tenants.tenant_lookup import organization_ids


@shared_task(name="tenants.work", bind=True, base=TenantTask, opens_scope=False)
def work(self: TenantTask, entry_id: int) -> None:
    """Do one outbox entry of the message's tenant."""
    outbox.run(organization_id=self.tenant_id(), entry_id=entry_id, at=timezone.now())


@shared_task(name="tenants.sweep", base=TenantTask, tenantless=True, expires=30)
def sweep() -> None:
    """Hand on every due outbox entry whose message may have been lost."""
    hints.sweep(at=timezone.now())


@shared_task(name="tenants.heartbeat", base=TenantTask, tenantless=True, expires=60)
def heartbeat() -> None:
    """Write down that a worker of this queue lives."""
    WorkerHeartbeat.objects.update_or_create(queue="work", defaults={"beat_at": timezone.now()})


@shared_task(name="tenants.tidy", base=TenantTask, tenantless=True)
def tidy() -> None:
    """Delete what workers have done and what nobody asks for again, organization by organization."""
    for organization_id in organization_ids():
        with tenant_scope(organization_id):
            tidying.tidy(at=timezone.now())


def send_invitation(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """E-mail an invitation (outbox kind "invitation")."""
    with tenant_scope(organization_id):
        invitations.send_invitation(invitation_id=payload["invitation"], at=at)
