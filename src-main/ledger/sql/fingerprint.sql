-- Of a call's name and arguments, null where there is no key: the same key with another fingerprint is a conflict.
-- `call` is the text of a row of them; times stand in it as seconds since 1970, because their text depends on the
-- session's time zone. Plain enough for the planner to put it in line.
CREATE OR REPLACE FUNCTION credits.fingerprint(idempotency_key text, call text) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN idempotency_key IS NOT NULL THEN md5(call)::uuid END
$$;
