"""Row-level security as migration operations: policies, composite keys and the tenant functions.

USING and WITH CHECK compare organization_id with a function that raises when no tenant is set; as a
sub-select it is evaluated once per statement.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from tenants.querysets import TenantForeignKey

TENANT_FUNCTION = """
CREATE OR REPLACE FUNCTION app_tenant_strict() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE tenant text := current_setting('app.tenant', true);
BEGIN
  IF tenant IS NULL OR tenant = '' THEN
    RAISE EXCEPTION 'no tenant is set' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN tenant::bigint;
END $$;
"""


def policy_sql(table: str, column: str = "organization_id") -> list[str]:
    """Return the statements that confine a table to the active tenant; they may be run again."""
    own = f"{column} = (SELECT app_tenant_strict())"
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'DROP POLICY IF EXISTS tenant_only ON "{table}"',
        f'CREATE POLICY tenant_only ON "{table}" USING ({own}) WITH CHECK ({own})',
    ]


def _parent_key_sql(table: str) -> list[str]:
    name = f"{table}_organization_id_id_key"[:63]
    return [
        f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{name}" CASCADE',
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" UNIQUE (organization_id, id)',
    ]


def _reference_sql(table: str, column: str, parent: str) -> list[str]:
    name = f"{table}_{column}_tenant_fk"[:63]
    return [
        f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{name}"',
        (
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (organization_id, "{column}") '
            f'REFERENCES "{parent}" (organization_id, id) DEFERRABLE INITIALLY DEFERRED'
        ),
        f'CREATE INDEX IF NOT EXISTS "{table}_{column}_tenant" ON "{table}" (organization_id, "{column}")',
    ]


class SecureTenantTables(Operation):
    """Give new tenant tables their policy, their parent key and their composite references.

    Put it last in the migration that creates the models; name every new model. For a TenantForeignKey
    that is added later use SecureTenantReferences.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, models: Sequence[str]) -> None:
        self.models = models

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """Describe the operation for the migration writer."""
        return type(self).__name__, [list(self.models)], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: the models stay as they are."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Run the statements of every named model, parents' keys first."""
        models = [to_state.apps.get_model(app_label, name) for name in self.models]
        for statement in self._statements(models):
            schema_editor.execute(statement)

    def database_backwards(self, *args: Any) -> None:
        """Do nothing: the tables go with the migration."""

    def _statements(self, models: Sequence[Any]) -> Iterator[str]:
        for model in models:
            yield from policy_sql(model._meta.db_table)
            yield from _parent_key_sql(model._meta.db_table)
        for model in models:
            yield from _references(model)

    def describe(self) -> str:
        """Return a line for the migration plan."""
        return f"Confine {', '.join(self.models)} to their tenant"


class SecureTenantReferences(SecureTenantTables):
    """Give the TenantForeignKeys of existing tenant tables their composite references."""

    def _statements(self, models: Sequence[Any]) -> Iterator[str]:
        for model in models:
            yield from _references(model)


def _references(model: Any) -> Iterator[str]:
    for field in model._meta.local_fields:
        if isinstance(field, TenantForeignKey):
            parent = field.remote_field.model._meta.db_table
            yield from _reference_sql(model._meta.db_table, field.column, parent)
