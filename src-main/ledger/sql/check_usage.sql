-- True, or CR422 on the arguments that deducting and holding share.
CREATE OR REPLACE FUNCTION credits.check_usage(
  customer_id text, amount bigint, description text, feature text, idempotency_key text, metadata jsonb
) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  checked boolean;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  checked := credits.check_amount('amount', amount);
  checked := credits.check_text('description', description, 1000, false);
  IF feature IS NOT NULL THEN
    checked := credits.check_text('feature', feature, 200, true);
  END IF;
  IF idempotency_key IS NOT NULL THEN
    checked := credits.check_text('idempotency_key', idempotency_key, 255, true);
  END IF;
  checked := credits.check_metadata(metadata);
  RETURN true;
END $$;
