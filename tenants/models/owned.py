from typing import ClassVar

from django.db import models

from tenants.querysets import TenantManager
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

    objects = TenantManager["Any"]()

    class Meta:
        abstract = True
        base_manager_name = "objects"
