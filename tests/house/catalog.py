"""What the database's own catalog says about tenancy: every fault, in a sentence."""

from collections.abc import Iterator
from typing import Any, Protocol

from django.apps import apps
from django.conf import settings

from integrations import hook_functions
from tenants import tenant_functions
from tenants.models import OrganizationOwned
from tenants.querysets import TenantForeignKey

OUR_APPS = ("tenants", "capacity", "commitments", "integrations", "dashboards")
# Tables of no tenant, each for its reason.
WITHOUT_TENANT = {
    "tenants_user": "a person belongs to any number of organizations",
    "tenants_organization": "it is the tenant; its own policy compares its id",
    "tenants_workerheartbeat": "workers serve every organization",
}
POLICY = "( SELECT app_tenant_strict() AS app_tenant_strict)"

REVIEWED = (*tenant_functions.NAMES, *hook_functions.NAMES)


class Executes(Protocol):
    """A cursor or connection of psycopg."""

    def execute(self, query: Any, params: Any = None) -> Any:
        """Run a statement and return what can be fetched from."""


def _rows(cursor: Executes, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = cursor.execute(query, parameters).fetchall()
    return found


def faults(cursor: Executes) -> list[str]:
    """Return every fault of the schema; none when tenancy holds."""
    return [
        fault
        for check in (
            _tables,
            _policies,
            _uniques,
            _indexes,
            _references,
            _columns,
            _views,
            _rights,
            _functions,
        )
        for fault in check(cursor)
    ]


TENANT_TABLES = """
  SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
  WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
"""
TENANT = f"WITH t AS ({TENANT_TABLES}) "


def _tables(cursor: Executes) -> Iterator[str]:
    """Every table of ours either has organization_id or a reason."""
    tenant = {name for _, name in _rows(cursor, TENANT_TABLES)}
    for (name,) in _rows(
        cursor,
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND relkind IN ('r', 'p')",
    ):
        if name.split("_")[0] in OUR_APPS and name not in tenant and name not in WITHOUT_TENANT:
            yield f"{name} has no organization_id"


def _policies(cursor: Executes) -> Iterator[str]:
    """Row-level security is on, with one policy for everything, in both directions."""
    wanted = [(name, f"(organization_id = {POLICY})") for _, name in _rows(cursor, TENANT_TABLES)]
    for name, own in [*wanted, ("tenants_organization", f"(id = {POLICY})")]:
        is_on, policies = _rows(
            cursor,
            "SELECT c.relrowsecurity, coalesce((SELECT array_agg(ARRAY[polcmd::text, polpermissive::text, "
            "polroles::text, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)]) "
            "FROM pg_policy WHERE polrelid = c.oid), ARRAY[]::text[]) "
            "FROM pg_class c WHERE c.oid = %s::regclass",
            f'public."{name}"',
        )[0]
        if not is_on:
            yield f"{name} has no row-level security"
        if policies != [["*", "true", "{0}", own, own]]:
            yield f"{name} has other policies than the one: {policies}"


def _uniques(cursor: Executes) -> Iterator[str]:
    """Uniqueness holds within a tenant; (organization_id, id) can be referred to."""
    unique = """
      SELECT t.relname, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid, 1, true)
      FROM t JOIN pg_index i ON i.indrelid = t.oid WHERE i.indisunique AND NOT i.indisprimary
    """
    for name, index, first_column in _rows(cursor, TENANT + unique):
        if first_column != "organization_id":
            yield f"{name} is unique across tenants by {index}"
    without_key = """
      SELECT relname FROM t WHERE NOT EXISTS (
        SELECT 1 FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'u' AND (
          SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute a
          WHERE a.attrelid = t.oid AND a.attnum = ANY (k.conkey)
        ) = ARRAY['id', 'organization_id'])
    """
    for (name,) in _rows(cursor, TENANT + without_key):
        yield f"{name} has no key (organization_id, id)"


def _indexes(cursor: Executes) -> Iterator[str]:
    """The policy can be answered by an index."""
    without_index = """
      SELECT relname FROM t WHERE NOT EXISTS (
        SELECT 1 FROM pg_index i WHERE i.indrelid = t.oid AND i.indpred IS NULL AND i.indisvalid
        AND pg_get_indexdef(i.indexrelid, 1, true) = 'organization_id')
    """
    for (name,) in _rows(cursor, TENANT + without_index):
        yield f"{name} has no index that begins with organization_id"


def _references(cursor: Executes) -> Iterator[str]:
    """References between tenant tables carry the tenant, in the database and in the models."""
    references = """
      SELECT t.relname, k.conname, (
        SELECT array_agg(a.attname::text) FROM pg_attribute a
        WHERE a.attrelid = t.oid AND a.attnum = ANY (k.conkey))
      FROM t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
      JOIN t parent ON parent.oid = k.confrelid
    """
    composite = set()
    for name, constraint, columns in _rows(cursor, TENANT + references):
        composite |= {(name, column) for column in columns if "organization_id" in columns}
        if "organization_id" not in columns:
            yield f"{name} refers to another tenant's rows by {constraint}"
    for model in tenant_models():
        for field in model._meta.local_fields:
            target = field.remote_field.model if field.remote_field else None
            if target is None or not issubclass(target, OrganizationOwned):
                continue
            if not isinstance(field, TenantForeignKey):
                yield f"{model._meta.label}.{field.name} is no TenantForeignKey"
            if (model._meta.db_table, field.column) not in composite:
                yield f"{model._meta.label}.{field.name} has no composite key in the database"


def _columns(cursor: Executes) -> Iterator[str]:
    """No row is without a tenant."""
    nullable = """
      SELECT relname FROM t JOIN pg_attribute a ON a.attrelid = t.oid
      WHERE a.attname = 'organization_id' AND NOT a.attnotnull
    """
    for (name,) in _rows(cursor, TENANT + nullable):
        yield f"{name} allows rows without an organization"


def _views(cursor: Executes) -> Iterator[str]:
    """A view runs with its owner's rights unless it says otherwise; a materialized view cannot."""
    for name, kind, options in _rows(
        cursor,
        "SELECT relname, relkind::text, coalesce(reloptions, ARRAY[]::text[]) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND relkind IN ('v', 'm')",
    ):
        if kind == "m":
            yield f"{name} is a materialized view: policies do not reach it"
        elif "security_invoker=true" not in options:
            yield f"{name} is a view without security_invoker"


def _rights(cursor: Executes) -> Iterator[str]:
    """The web role owns nothing, may not change tables, and only adds to what is append-only."""
    web = settings.DATABASES["default"]["USER"]
    for name, owner, may_truncate in _rows(
        cursor,
        "SELECT c.relname, pg_get_userbyid(c.relowner), has_table_privilege(%s, c.oid, 'TRUNCATE') "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')",
        web,
    ):
        if owner == web or may_truncate:
            yield f"{name} can be emptied or changed by the web role"
    for model in tenant_models():
        if not model.append_only:
            continue
        table = f'public."{model._meta.db_table}"'
        for right in ("UPDATE", "DELETE"):
            if _rows(cursor, "SELECT has_table_privilege(%s, %s, %s)", web, table, right)[0][0]:
                yield f"{model._meta.db_table} is append-only, but the web role has {right}"


def _functions(cursor: Executes) -> Iterator[str]:
    """Only the reviewed functions answer across tenants, and nobody can slip another table under them."""
    for name, has_path in _rows(
        cursor,
        "SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', "
        "EXISTS (SELECT 1 FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%%') FROM pg_proc p "
        "JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' AND p.prosecdef",
    ):
        if name.split("(")[0] not in {reviewed.split("(")[0] for reviewed in REVIEWED}:
            yield f"{name} runs as the owner and is not reviewed"
        if not has_path:
            yield f"{name} runs as the owner without a search_path of its own"


def tenant_models() -> list[type[OrganizationOwned]]:
    """Return every model whose rows belong to an organization."""
    return [model for model in apps.get_models() if issubclass(model, OrganizationOwned)]
