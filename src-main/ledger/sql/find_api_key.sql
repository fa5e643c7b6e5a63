-- The key of the HTTP service with this SHA-256, and where customers buy more credits; no row where there is none or it was revoked.
CREATE OR REPLACE FUNCTION credits.find_api_key(key_hash bytea)
RETURNS TABLE (id uuid, name text, scopes text[], requests_per_second integer, purchase_url text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
  SELECT k.id, k.name, k.scopes, k.requests_per_second, s.purchase_url
  FROM credits_billing.api_keys k CROSS JOIN credits_billing.notification_settings s
  WHERE k.key_hash = find_api_key.key_hash AND k.revoked_at IS NULL
$$;
