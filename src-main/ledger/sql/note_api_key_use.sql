-- Notes that a key of the HTTP service was just used; at most once a minute, so that a busy key is no hot row.
CREATE OR REPLACE FUNCTION credits.note_api_key_use(id uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
  UPDATE credits_billing.api_keys k SET last_used_at = clock_timestamp()
  WHERE k.id = note_api_key_use.id AND (k.last_used_at IS NULL OR k.last_used_at < clock_timestamp() - interval '1 minute')
$$;
