"""Makes, renews and drops the webhook by which a vendor tells of changes."""

import logging
import secrets

from django.conf import settings

from integrations.crm import Subscription
from integrations.models import Connection
from integrations.registry import known_provider
from integrations.services.syncing.credentials import seal, unseal, unseal_if_readable
from integrations.services.syncing.failing import TROUBLE
from integrations.services.syncing.opening import Clock, ask
from integrations.services.syncing.scheduling import locked
from tenants.scope import tenant_scope
from tenants.tenant_lookup import digest

log = logging.getLogger(__name__)


def hook_url() -> str:
    """Return where vendors send webhooks, with {key} for the secret part; "" where they cannot reach us."""
    return f"{settings.CRM_HOOKS_URL}/hooks/crm/{{key}}/" if settings.CRM_HOOKS_URL else ""


def try_webhook(row: Connection, clock: Clock) -> None:
    """Make the webhook; one that is refused now is tried again later, and changes are polled meanwhile."""
    try:
        renew_webhook(organization_id=row.tenant, connection_id=row.pk, clock=clock)
    except TROUBLE as error:
        log.warning("The webhook of connection %s was not made: %s", row.pk, error)
        with tenant_scope(row.tenant):
            Connection.objects.filter(pk=row.pk).update(renew_at=clock())


def renew_webhook(*, organization_id: int, connection_id: int, clock: Clock) -> None:
    """Make the vendor's webhook or renew it, where vendors can reach us; call it outside any scope."""
    with tenant_scope(organization_id):
        row = Connection.objects.get(pk=connection_id)
        values = unseal_if_readable(row)
    vendor = known_provider(row.provider)
    if vendor is None or not vendor.capabilities.webhooks or not hook_url():
        return
    key = values.get("hook_key") or secrets.token_urlsafe(24)
    held = None
    if row.subscription:
        held = Subscription(row.subscription, str(values.get("hook_secret", "")), row.renew_at)
    made = ask(row, lambda provider: provider.ensure_webhook(hook_url().format(key=key), held), clock=clock)
    with tenant_scope(organization_id):
        kept = locked(connection_id)
        if kept is None:
            return
        row = kept
        row.hook_digest = digest(key)
        secret = {"hook_key": key, "hook_secret": made.secret if made else ""}
        row.secret = seal(row, {**unseal(row), **secret})
        row.subscription, row.renew_at = (made.state, made.renew_at) if made else ({}, None)
        row.save(update_fields=["hook_digest", "secret", "subscription", "renew_at"])


def drop_webhook(connection: Connection, clock: Clock) -> list[str]:
    if not connection.subscription:
        return []
    held = Subscription(
        connection.subscription,
        str(unseal_if_readable(connection).get("hook_secret", "")),
        connection.renew_at,
    )
    try:
        ask(connection, lambda provider: provider.drop_webhook(held), clock=clock)
    except TROUBLE as error:
        return [f"The webhook at {connection.name} is still there: {error}"]
    return []
