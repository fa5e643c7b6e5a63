-- Of a call's name and arguments, null where there is no key: the same key with another fingerprint is a conflict.
-- Times are given as seconds since 1970, because their text depends on the session's time zone.
CREATE OR REPLACE FUNCTION credits.fingerprint(idempotency_key text, call jsonb) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN idempotency_key IS NOT NULL THEN md5(call::text)::uuid END
$$;
