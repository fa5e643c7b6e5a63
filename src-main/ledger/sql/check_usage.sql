-- True, or CR422 on the arguments that deducting and holding share.
CREATE OR REPLACE FUNCTION credits.check_usage(
  customer_id text, amount bigint, description text, feature text, idempotency_key text, metadata jsonb
) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN credits.check_text('customer_id', customer_id, 200, true)
    AND credits.check_amount('amount', amount)
    AND credits.check_text('description', description, 1000, false)
    AND (feature IS NULL OR credits.check_text('feature', feature, 200, true))
    AND (idempotency_key IS NULL OR credits.check_text('idempotency_key', idempotency_key, 255, true))
    AND credits.check_metadata(metadata);
END $$;
