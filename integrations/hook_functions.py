"""Finds the connection of a webhook before a tenant is known, as SECURITY DEFINER functions.

They run as the owner and return only ids, and only to a caller who knows the address or the account.
"""

FUNCTIONS = """
CREATE OR REPLACE FUNCTION concord_connection_of_hook(digest text)
RETURNS TABLE (organization_id bigint, connection_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT organization_id, id FROM integrations_connection WHERE hook_digest = digest AND digest <> ''
$$;

CREATE OR REPLACE FUNCTION concord_connections_of_account(wanted_provider text, account text)
RETURNS TABLE (organization_id bigint, connection_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT organization_id, id FROM integrations_connection
  WHERE provider = wanted_provider AND account_id = account AND account <> '' ORDER BY organization_id, id
$$;
"""
NAMES = ("concord_connection_of_hook(text)", "concord_connections_of_account(text, text)")
