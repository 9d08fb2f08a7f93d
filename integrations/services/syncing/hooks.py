"""Finds whose webhook it is and checks that the vendor sent it."""

from datetime import datetime

from django.conf import settings

from integrations.crm import BadSignature, RawRequest
from integrations.models import Connection
from integrations.registry import PROVIDERS
from integrations.services.syncing.credentials import Unreadable, unseal
from integrations.services.syncing.notifying import connections_of_account, connections_of_hook, receive
from tenants.scope import tenant_scope
from tenants.tenant_lookup import digest


def deliver(*, key: str, request: RawRequest, at: datetime) -> bool:
    """Keep a delivery to a connection's own address; False for an unknown one. Raises BadSignature."""
    for organization_id, connection_id in connections_of_hook(digest(key)):
        with tenant_scope(organization_id):
            connection = Connection.objects.get(pk=connection_id)
            vendor = next((each for each in PROVIDERS if each.key == connection.provider), None)
            if vendor is None:
                return False
            notification = vendor.verify_webhook(
                request, secret=_secret_of(connection), state=connection.subscription, now=at
            )
            receive(connection=connection, notification=notification, at=at)
            return True
    return False


def _secret_of(connection: Connection) -> str:
    try:
        values = unseal(connection)
    except Unreadable as error:
        raise BadSignature from error
    own = values.get("hook_secret")
    return str(own or settings.CRM_CLIENTS.get(connection.provider, ("", ""))[1])


def deliver_to_app(*, provider: str, request: RawRequest, at: datetime) -> bool:
    """Keep a delivery to the address of a vendor's app for every connection to its account."""
    vendor = next((each for each in PROVIDERS if each.key == provider), None)
    secret = settings.CRM_CLIENTS.get(provider, ("", ""))[1]
    if vendor is None or not secret:
        return False
    notification = vendor.verify_webhook(request, secret=secret, state={}, now=at)
    for organization_id, connection_id in connections_of_account(provider, notification.account_id):
        with tenant_scope(organization_id):
            receive(connection=Connection.objects.get(pk=connection_id), notification=notification, at=at)
    return True
