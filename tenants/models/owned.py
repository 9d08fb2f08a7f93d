from typing import Any, ClassVar

from django.db import models

from tenants.querysets import TenantCollector, TenantManager
from tenants.scope import current_organization_id


class OrganizationOwned(models.Model):
    """A row that belongs to one organization and is never seen from another."""

    #: Set on tables to which the web role may only add (the ledger): it gets no UPDATE and no DELETE.
    append_only: ClassVar[bool] = False

    organization = models.ForeignKey(
        "tenants.Organization",
        on_delete=models.CASCADE,
        default=current_organization_id,
        editable=False,
        related_name="+",
        db_index=False,
    )

    objects = TenantManager[Any]()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def delete(self, using: Any = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete the row and what hangs on it, naming organization_id in every statement."""
        if self.pk is None:
            raise ValueError(f"{type(self).__name__} is not saved, so it cannot be deleted.")
        collector = TenantCollector(using=using or self._state.db or "default", origin=self)
        collector.collect([self], keep_parents=keep_parents)
        return collector.delete()
