"""Brings an import on, whatever comes next for it; safe to call again at any time."""

from integrations.models import FileImport
from integrations.services.applying import apply_import
from integrations.services.checking import Checking, Clock
from tenants.scope import tenant_scope


def advance(*, organization_id: int, import_id: int, clock: Clock) -> None:
    """Check or apply the import; nothing when it waits for a person or is over. Call it outside any scope."""
    with tenant_scope(organization_id):
        imported = FileImport.objects.filter(pk=import_id).first()
    if imported is None:
        return
    if imported.status == FileImport.Status.CHECKING:
        Checking(organization_id, imported, clock).run()
    elif imported.status == FileImport.Status.APPLYING:
        apply_import(organization_id=organization_id, import_id=import_id, clock=clock)
