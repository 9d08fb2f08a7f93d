"""Workers' entrances: imports of files, and what connections to CRMs need (kinds of outbox entries)."""

import logging
from datetime import datetime
from typing import Any

from celery import shared_task
from django.utils import timezone

from integrations.services.advancing import advance
from integrations.services.syncing import (
    comparing,
    connecting,
    leaving,
    mapping,
    notifying,
    pulling,
    upkeep,
    writing_back,
)
from tenants.scope import tenant_scope
from tenants.task_scope import TenantTask
from tenants.tenant_lookup import organization_ids

log = logging.getLogger(__name__)


def run_import(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """Go on with the import from wherever it is (kind "import")."""
    advance(organization_id=organization_id, import_id=payload["import"], clock=timezone.now)


def sync(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """Read one page of a CRM's changes (kind "crm-sync")."""
    pulling.sync(organization_id=organization_id, connection_id=payload["connection"], clock=timezone.now)


def fetch_notified(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """Fetch the deals that webhooks told of (kind "crm-notified")."""
    notifying.fetch_notified(
        organization_id=organization_id, connection_id=payload["connection"], clock=timezone.now
    )


def compare(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """Compare one page of a CRM's ids with what is here (kind "crm-compare")."""
    comparing.compare(
        organization_id=organization_id, connection_id=payload["connection"], clock=timezone.now
    )


def start(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """Test a CRM and let it run, as a person asked (kind "crm-start")."""
    connecting.start_as_asked(
        organization_id=organization_id,
        connection_id=payload["connection"],
        person_id=payload["person"],
        clock=timezone.now,
    )


def leave_out(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """Take out some deals of pipelines that no longer count (kind "crm-leave-out")."""
    with tenant_scope(organization_id):
        mapping.leave_out_next(connection_id=payload["connection"], at=at)


def forget(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """Forget some deals of a CRM that was disconnected (kind "crm-forget")."""
    with tenant_scope(organization_id):
        leaving.forget_next(**payload, at=at)


def collect_verdicts(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """Note what deals of CRMs should say after a new judgement (kind "verdicts")."""
    writing_back.collect_wishes(organization_id=organization_id, at=at)


def write_back(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """Write one verdict to a CRM (kind "crm-write")."""
    writing_back.write_back(
        organization_id=organization_id, connection_id=payload["connection"], clock=timezone.now
    )


@shared_task(name="integrations.keep_going", base=TenantTask, tenantless=True, expires=600)
def keep_going() -> None:
    """See to it that every running connection has its next turn, its webhook, and no old history."""
    for organization_id in organization_ids():  # one organization's fault is not the others'
        try:
            upkeep.keep_going(organization_id=organization_id, clock=timezone.now)
        except Exception:
            log.exception("Connections of organization %s were not looked after", organization_id)
