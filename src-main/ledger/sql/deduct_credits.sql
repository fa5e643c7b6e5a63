-- Takes `amount` credits as usage, or fails whole. What is due to expire goes first; then grants in burn order.
-- Errors: CR422, CR404, CR409 idempotency_conflict, CR402.
CREATE OR REPLACE FUNCTION credits.deduct_credits(
  customer_id text, amount bigint, description text, feature text DEFAULT NULL,
  idempotency_key text DEFAULT NULL, metadata jsonb DEFAULT '{}'
) RETURNS credits.credit_transactions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
DECLARE
  checked boolean;
BEGIN
  checked := credits.check_usage(customer_id, amount, description, feature, idempotency_key, metadata);
  RETURN credits.post_debit(customer_id, amount, 'usage', coalesce(description, ''), feature, idempotency_key,
    credits.fingerprint(idempotency_key, ROW('deduct_credits', amount, description, feature, metadata)::text),
    metadata);
END $$;
