"""The scoped manager: without an active organization it gives nothing, not even an empty answer."""

from typing import Any, TypeVar

from django.db import models

from tenants.scope import current_organization_id

T = TypeVar("T", bound=models.Model)


class TenantManager(models.Manager[T]):
    """Gives only the active organization's rows and raises NoTenant when none is active.

    Also the base manager of every tenant model, so that saving, refreshing and following a relation name
    organization_id in their SQL as well.
    """

    def get_queryset(self) -> models.QuerySet[T]:
        """Return the active organization's rows; raise NoTenant when none is active."""
        return super().get_queryset().filter(organization_id=current_organization_id())


class TenantForeignKey(models.ForeignKey[Any, Any]):
    """A reference between two tenant tables, kept inside one tenant by a composite key in the database.

    Foreign-key checks bypass row-level security: only (organization_id, id) stops a reference to another
    tenant. Django makes no constraint for it; the migration operation SecureTenantTables does.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        kwargs["db_index"] = False  # SecureTenantTables makes (organization_id, column)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Leave out what the class itself decides."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        kwargs.pop("db_index", None)
        return name, path, args, kwargs
