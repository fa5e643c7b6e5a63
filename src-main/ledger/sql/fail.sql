-- Ends the call with a ledger error: SQLSTATE CR4xx, its message, and plain data as JSON in DETAIL.
CREATE OR REPLACE FUNCTION credits.fail(code text, message text, detail jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = fail.code, MESSAGE = fail.message, DETAIL = fail.detail::text;
END $$;
