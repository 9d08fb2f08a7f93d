"""Changes the key that secrets are encrypted with, connection by connection, while everything runs."""

from integrations.models import Connection
from integrations.services.syncing.credentials import Unreadable, is_sealed_with_newest_key, seal, unseal
from tenants.scope import tenant_scope
from tenants.tenant_lookup import organization_ids


def rotate() -> tuple[int, list[str]]:
    """Seal every secret with the newest key; return how many, and names of those that no key opens."""
    rotated, unreadable = 0, []
    for organization_id in organization_ids():
        with tenant_scope(organization_id):
            for pk in Connection.objects.values_list("pk", flat=True):
                row = Connection.objects.select_for_update().get(pk=pk)
                if is_sealed_with_newest_key(row):
                    continue
                try:
                    row.secret = seal(row, unseal(row))
                except Unreadable:
                    unreadable.append(f"{row.name} (connection {row.pk})")
                    continue
                row.save(update_fields=["secret"])
                rotated += 1
    return rotated, unreadable
