import pytest

from tests.database import Connection, superuser
from tests.house.catalog import TENANT_TABLES, faults, tenant_models

GOOD = """
CREATE TABLE capacity_thing (
  id bigserial PRIMARY KEY,
  organization_id bigint NOT NULL REFERENCES tenants_organization (id),
  pool_id bigint,
  CONSTRAINT thing_key UNIQUE (organization_id, id),
  CONSTRAINT thing_pool FOREIGN KEY (organization_id, pool_id) REFERENCES capacity_pool (organization_id, id)
);
ALTER TABLE capacity_thing ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_only ON capacity_thing
  USING (organization_id = (SELECT app_tenant_strict()))
  WITH CHECK (organization_id = (SELECT app_tenant_strict()));
"""
BAD = {
    "CREATE TABLE capacity_loose (id bigint)": ["capacity_loose has no organization_id"],
    "ALTER TABLE capacity_thing DISABLE ROW LEVEL SECURITY": ["capacity_thing has no row-level security"],
    "ALTER TABLE capacity_pool DISABLE ROW LEVEL SECURITY": ["capacity_pool has no row-level security"],
    "ALTER TABLE tenants_organization DISABLE ROW LEVEL SECURITY": [
        "tenants_organization has no row-level security"
    ],
    "DROP POLICY tenant_only ON capacity_thing": ["capacity_thing has other policies than the one: []"],
    "CREATE POLICY everything ON capacity_thing USING (true)": [
        "capacity_thing has other policies than the one: ["
    ],
    "DROP POLICY tenant_only ON capacity_thing; CREATE POLICY tenant_only ON capacity_thing "
    "USING (organization_id = (SELECT app_tenant_strict())) WITH CHECK (true)": [
        "capacity_thing has other policies than the one: ["
    ],
    "ALTER TABLE capacity_thing ADD UNIQUE (pool_id)": ["capacity_thing is unique across tenants by "],
    "ALTER TABLE capacity_thing DROP CONSTRAINT thing_key": [
        "capacity_thing has no key (organization_id, id)",
        "capacity_thing has no index that begins with organization_id",
    ],
    "ALTER TABLE capacity_thing ADD CONSTRAINT loose FOREIGN KEY (pool_id) REFERENCES capacity_pool (id)": [
        "capacity_thing refers to another tenant's rows by loose"
    ],
    "ALTER TABLE capacity_poolmembership DROP CONSTRAINT capacity_poolmembership_pool_id_tenant_fk": [
        "capacity.PoolMembership.pool has no composite key in the database"
    ],
    "ALTER TABLE capacity_thing ALTER organization_id DROP NOT NULL": [
        "capacity_thing allows rows without an organization"
    ],
    "CREATE VIEW pools AS SELECT * FROM capacity_pool": ["pools is a view without security_invoker"],
    "CREATE MATERIALIZED VIEW pools AS SELECT * FROM capacity_pool": [
        "pools is a materialized view: policies do not reach it"
    ],
    "GRANT TRUNCATE ON capacity_pool TO concord_web": [
        "capacity_pool can be emptied or changed by the web role"
    ],
    "ALTER TABLE capacity_thing OWNER TO concord_web": [
        "capacity_thing can be emptied or changed by the web role"
    ],
    "GRANT DELETE ON commitments_ledgerevent TO concord_web": [
        "commitments_ledgerevent is append-only, but the web role has DELETE"
    ],
    "CREATE FUNCTION everything() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint'": [
        "everything() runs as the owner and is not reviewed",
        "everything() runs as the owner without a search_path of its own",
    ],
}


@pytest.fixture
def catalog(db: None) -> Connection:
    with superuser() as connection:
        yield connection


def test_every_tenant_table_is_confined(catalog: Connection) -> None:
    assert faults(catalog) == []


def test_every_tenant_model_has_its_table(catalog: Connection) -> None:
    tables = {name for _, name in catalog.execute(TENANT_TABLES).fetchall()}
    assert {model._meta.db_table for model in tenant_models()} == tables
    assert len(tables) >= 18


def test_a_well_made_table_has_no_fault(catalog: Connection) -> None:
    catalog.execute(GOOD)
    assert faults(catalog) == []


@pytest.mark.parametrize("statement", BAD)
def test_a_fault_is_found(catalog: Connection, statement: str) -> None:
    catalog.execute(GOOD)
    catalog.execute(statement.encode())
    found = faults(catalog)
    assert len(found) == len(BAD[statement])
    for fault, expected in zip(found, BAD[statement], strict=True):
        assert fault.startswith(expected)


def test_security_invoker_makes_a_view_good(catalog: Connection) -> None:
    catalog.execute("CREATE VIEW pools WITH (security_invoker = true) AS SELECT * FROM capacity_pool")
    assert faults(catalog) == []
