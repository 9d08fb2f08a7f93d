"""Connects the demo company to the sandbox CRM, once; a restart finds the connection again."""

from integrations.models import Connection
from integrations.sandbox import TOKEN
from integrations.sandbox.provider import Sandbox
from integrations.services.syncing import connecting, mapping, subscribing
from integrations.services.syncing.opening import Clock
from tenants.access import Actor
from tenants.scope import tenant_scope

FIELDS = {"promised_on": "promised_date"}


def connect_sandbox(*, url: str, by: Actor, clock: Clock) -> Connection:
    """Connect the sandbox that runs at this address and begin the import, or bring what is there up to date.

    Call it outside any scope. Raises CrmError and what the door raises.
    """
    row, moved = _row(url, by, clock)
    connecting.test_and_discover(connection=row, by=by, clock=clock)
    with tenant_scope(row.tenant):
        row.refresh_from_db()
        if row.status == Connection.Status.MAPPING:
            row = mapping.save_mapping(connection=row, by=by, at=clock(), fields=FIELDS)
        elif moved:
            mapping.read_everything_again(row, at=clock())  # deals say where they are to be seen
    if row.status == Connection.Status.MAPPING:
        return connecting.start(connection=row, by=by, clock=clock)
    subscribing.renew_webhook(organization_id=row.tenant, connection_id=row.pk, clock=clock)
    return row


def _row(url: str, by: Actor, clock: Clock) -> tuple[Connection, bool]:
    """Return the connection, and whether the sandbox is at another address than the last time."""
    entries = {"base_url": url, "token": TOKEN}
    with tenant_scope(by.organization.pk):
        held = Connection.objects.filter(provider=Sandbox.key).first()
        if held is None:
            made = connecting.create_connection(provider=Sandbox.key, entries=entries, by=by, at=clock())
            return made, False
        moved = held.entries.get("base_url") != url
        return connecting.change_entries(connection=held, entries=entries, by=by, at=clock()), moved
