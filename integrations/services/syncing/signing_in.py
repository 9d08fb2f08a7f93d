"""Signs in at a vendor by OAuth: the person goes there and comes back with a code for tokens."""

from contextlib import closing
from datetime import datetime

from django.conf import settings

from integrations.crm import CrmProvider
from integrations.models import Connection
from integrations.registry import provider_class
from integrations.services.syncing.connecting import rest_until_tested
from integrations.services.syncing.credentials import unseal_if_readable
from integrations.services.syncing.opening import door_of
from integrations.services.syncing.scheduling import locked
from integrations.services.syncing.tokens import authorize_address, exchange_code, keep_tokens, new_verifier
from tenants.access import Actor
from tenants.errors import Conflict
from tenants.roles import Permission
from tenants.scope import tenant_scope

LASTS_SECONDS = 600


def has_app(vendor: type[CrmProvider], connection: Connection | None = None) -> bool:
    """Return whether people can sign in at the vendor: by the installation's app or one of their own."""
    if vendor.oauth is None:
        return False
    own = connection is not None and bool(connection.entries.get("client_id"))
    return own or vendor.key in settings.CRM_CLIENTS


def needs_person(connection: Connection) -> bool:
    """Return whether nothing that was entered lets us in: a person has to sign in at the vendor."""
    vendor = provider_class(connection.provider)
    if not has_app(vendor, connection):
        return False
    values = unseal_if_readable(connection)
    keys = {entry.name for entry in vendor.entries if entry.secret} - {"client_secret"}
    entered = any(values.get(key) for key in keys)
    return not entered and values.get("grant") != "client_credentials"


def begin(connection: Connection, *, state: str, redirect_uri: str) -> tuple[str, str]:
    """Return where the person signs in, and the PKCE verifier to be kept in their session."""
    oauth = provider_class(connection.provider).oauth
    if oauth is None:
        raise Conflict("This CRM has keys, no sign-in.")
    verifier = new_verifier()
    address = authorize_address(connection, oauth, state=state, verifier=verifier, redirect_uri=redirect_uri)
    return address, verifier


def finish(
    *, connection: Connection, by: Actor, code: str, verifier: str, redirect_uri: str, at: datetime
) -> Connection:
    """Turn the code into tokens and keep them; call it outside any scope, for it is slow.

    Raises CrmError and what the door raises, Conflict when the connection was removed meanwhile.
    """
    by.require(Permission.MANAGE)
    vendor = provider_class(connection.provider)
    assert vendor.oauth is not None
    with closing(door_of(connection, vendor)) as door:
        answer = exchange_code(
            connection, vendor, door, code=code, verifier=verifier, redirect_uri=redirect_uri
        )
    with tenant_scope(connection.tenant):
        row = locked(connection.pk)
        if row is None:
            raise Conflict("This connection was removed meanwhile.")
        keep_tokens(row, vendor.oauth, answer, at=at)
        rest_until_tested(row, at=at)
    return row
