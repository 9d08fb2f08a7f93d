"""Workers' entrances of this floor."""

from datetime import datetime
from typing import Any

from celery import shared_task
from django.utils import timezone

from commitments.services.assessing import reassess as reassess_organization
from commitments.services.reassessment import ask_for_reassessment
from tenants.models import Organization
from tenants.scope import tenant_scope
from tenants.task_scope import TenantTask
from tenants.tenant_lookup import organization_ids


def reassess(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """Judge all open promises of one organization (outbox kind "reassess")."""
    with tenant_scope(organization_id):
        reassess_organization(organization=Organization.objects.get(pk=organization_id), at=at)


@shared_task(name="commitments.reassess_all", base=TenantTask, tenantless=True, expires=600)
def reassess_all() -> None:
    """Ask for a new judgement everywhere: days pass, and with them what is left of running work."""
    for organization_id in organization_ids():
        with tenant_scope(organization_id):
            ask_for_reassessment(why="time", at=timezone.now())
