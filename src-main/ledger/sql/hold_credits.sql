-- Sets credits aside for work in progress until `expires_in` from now. Errors: CR422, CR404, CR409
-- idempotency_conflict, CR402.
CREATE OR REPLACE FUNCTION credits.hold_credits(
  customer_id text, amount bigint, description text, feature text DEFAULT NULL,
  idempotency_key text DEFAULT NULL, expires_in interval DEFAULT '15 minutes'
) RETURNS credits.credit_holds
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
BEGIN
  checked := credits.check_usage(customer_id, amount, description, feature, idempotency_key, '{}');
  checked := credits.check_hold_time(expires_in);
  RETURN credits.post_hold(customer_id, amount, description, feature, idempotency_key,
    credits.fingerprint(idempotency_key, ROW('hold_credits', amount, description, feature, extract(epoch FROM expires_in))::text),
    expires_in, NULL);
END $$;
