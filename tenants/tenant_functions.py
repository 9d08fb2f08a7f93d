"""The few questions that must be answered before a tenant is known, as SECURITY DEFINER functions.

They run as the owner and return only identifiers and names that the caller's own key (person, digest)
entitles them to; the web role may execute them and reads nothing else across tenants.
"""

FUNCTIONS = """
CREATE OR REPLACE FUNCTION concord_organizations_of(person bigint)
RETURNS TABLE (id bigint, slug varchar, name varchar, role varchar)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT o.id, o.slug, o.name, m.role FROM tenants_membership m
  JOIN tenants_organization o ON o.id = m.organization_id
  WHERE m.person_id = person ORDER BY lower(o.name), o.id
$$;

CREATE OR REPLACE FUNCTION concord_organization_of_token(digest text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT organization_id FROM tenants_apitoken WHERE secret_digest = digest
$$;

CREATE OR REPLACE FUNCTION concord_organization_of_invitation(digest text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT organization_id FROM tenants_invitation WHERE secret_digest = digest
$$;

CREATE OR REPLACE FUNCTION concord_organization_of_slug(wanted text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id FROM tenants_organization WHERE slug = wanted
$$;

CREATE OR REPLACE FUNCTION concord_organization_ids() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id FROM tenants_organization ORDER BY id
$$;

CREATE OR REPLACE FUNCTION concord_due_outbox(at timestamptz)
RETURNS TABLE (organization_id bigint, entry_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT o.id, e.id FROM tenants_organization o
  CROSS JOIN LATERAL (
    SELECT waiting.id, row_number() OVER (ORDER BY waiting.next_at, waiting.id) AS turn FROM (
      SELECT x.id, x.next_at FROM tenants_outboxentry x
      WHERE x.organization_id = o.id AND x.done_at IS NULL AND x.dead_at IS NULL AND x.next_at <= at
        AND (x.leased_until IS NULL OR x.leased_until <= at)
        AND (x.hinted_at IS NULL OR x.hinted_at <= at - interval '60 seconds')
      ORDER BY x.next_at, x.id LIMIT 20
    ) waiting
  ) e ORDER BY e.turn, o.id LIMIT 1000
$$;
"""

NAMES = (
    "concord_organizations_of(bigint)",
    "concord_organization_of_token(text)",
    "concord_organization_of_invitation(text)",
    "concord_organization_of_slug(text)",
    "concord_organization_ids()",
    "concord_due_outbox(timestamptz)",
)
