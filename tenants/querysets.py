"""The scoped manager: without an active organization it gives nothing, not even an empty answer.

What Django does by primary key alone (delete, join) names organization_id here as well, so that the tables
can be distributed by it.
"""

from typing import Any, TypeVar, cast

from django.db import models
from django.db.models.deletion import Collector
from django.db.models.lookups import Exact
from django.db.models.sql.where import AND, WhereNode

from tenants.scope import current_organization_id

T = TypeVar("T", bound=models.Model)


class TenantCollector(Collector):
    """Deletes collected rows by (organization_id, id); Django's own collector deletes by id alone."""

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete what was collected and return how many rows, in all and by model."""
        collected = {
            model: list(rows)
            for model, rows in self.data.items()
            if isinstance(model._default_manager, TenantManager)
        }
        for model, rows in collected.items():
            del self.data[model]
            # References between tenant tables are checked at commit, so the order does not matter.
            self.fast_deletes.append(model._default_manager.filter(pk__in=[row.pk for row in rows]))
        deleted = super().delete()
        for rows in collected.values():
            for row in rows:
                row.pk = None
        return deleted


class TenantQuerySet(models.QuerySet[T]):
    """Rows of one organization; the query set of every tenant model derives from it."""

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the rows and what hangs on them, naming organization_id in every statement."""
        if self.query.is_sliced or self.query.distinct or self._fields is not None:  # type: ignore[attr-defined]
            raise TypeError("Rows that are sliced, distinct or read as values cannot be deleted.")
        rows = self.order_by().select_related(None)
        rows.query.select_for_update = False
        collector = TenantCollector(using=self.db, origin=self)
        collector.collect(rows)
        self._result_cache = None
        return collector.delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class TenantManager(models.Manager[T]):
    """Gives only the active organization's rows and raises NoTenant when none is active.

    Also the base manager of every tenant model, so that saving, refreshing and following a relation name
    organization_id in their SQL as well.
    """

    _queryset_class = TenantQuerySet

    def get_queryset(self) -> TenantQuerySet[T]:
        """Return the active organization's rows; raise NoTenant when none is active."""
        rows = super().get_queryset().filter(organization_id=current_organization_id())
        return cast("TenantQuerySet[T]", rows)

    def none(self) -> TenantQuerySet[T]:
        """Return no rows, with or without a tenant: for form fields that are filled per request."""
        return TenantQuerySet(self.model, using=self._db).none()


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

    def get_extra_restriction(self, alias: str | None, related_alias: str | None) -> WhereNode | None:
        """Join on organization_id as well; `alias` is the referenced table, `related_alias` this one."""
        if alias is None or related_alias is None:
            return None
        own: Any = self.model._meta.get_field("organization")
        referenced: Any = self.remote_field.model._meta.get_field("organization")
        same: Any = Exact(referenced.get_col(alias), own.get_col(related_alias))
        return WhereNode([same], connector=AND)
