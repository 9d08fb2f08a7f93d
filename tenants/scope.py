"""The active organization: a transaction whose first statement tells PostgreSQL which tenant it serves.

The literal SET LOCAL ends with the transaction, so a pooled connection never carries a tenant to the next
request. The context variable lets the scoped manager refuse to work without a tenant.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

from tenants.errors import NoTenant

_active: ContextVar[int | None] = ContextVar("active_organization", default=None)


def current_organization_id() -> int:
    """Return the active organization's id; raise NoTenant when there is none."""
    organization_id = _active.get()
    if organization_id is None:
        raise NoTenant("No organization is active: wrap this in tenants.scope.tenant_scope(organization_id).")
    return organization_id


def active_organization_id() -> int | None:
    """Return the active organization's id or None."""
    return _active.get()


def _set_local(organization_id: int | None) -> None:
    with connection.cursor() as cursor:
        value = "" if organization_id is None else int(organization_id)
        cursor.execute(f"SET LOCAL app.tenant = '{value}'")


@contextmanager
def tenant_scope(organization_id: int) -> Iterator[None]:
    """Open a transaction in which just this organization's rows exist; leaving restores the outer scope."""
    outer = _active.get()
    with transaction.atomic():
        _set_local(organization_id)
        token = _active.set(int(organization_id))
        try:
            yield
        finally:
            _active.reset(token)
        # A transaction that is rolled back gets its former setting back from PostgreSQL.
        if not connection.needs_rollback and (outer is not None or connection.savepoint_ids):
            _set_local(outer)
