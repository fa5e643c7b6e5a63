-- A manual debit (negative) or credit (positive) by a person; the description says why and is required.
-- Errors: CR422, CR404, CR409 idempotency_conflict, CR402.
CREATE OR REPLACE FUNCTION credits.adjust_credits(
  customer_id text, amount bigint, description text, idempotency_key text DEFAULT NULL, metadata jsonb DEFAULT '{}'
) RETURNS credits.credit_transactions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
DECLARE
  checked boolean;
  call_fingerprint uuid;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  IF amount IS NULL THEN
    PERFORM credits.refuse_argument('amount', 'is required');
  ELSIF amount = 0 THEN
    PERFORM credits.refuse_argument('amount', 'must not be zero');
  ELSIF amount NOT BETWEEN -9007199254740991 AND 9007199254740991 THEN
    PERFORM credits.refuse_argument('amount', 'is beyond ±9007199254740991, the most the ledger holds');
  END IF;
  checked := credits.check_text('description', description, 1000, true);
  IF idempotency_key IS NOT NULL THEN
    checked := credits.check_text('idempotency_key', idempotency_key, 255, true);
  END IF;
  checked := credits.check_metadata(metadata);
  call_fingerprint := credits.fingerprint(idempotency_key, ROW('adjust_credits', amount, description, metadata)::text);
  IF amount < 0 THEN
    RETURN credits.post_debit(customer_id, -amount, 'adjustment', description, NULL, idempotency_key,
      call_fingerprint, metadata);
  END IF;
  RETURN credits.post_credit(customer_id, amount, 'adjustment', description, NULL, idempotency_key,
    call_fingerprint, NULL, 100, metadata);
END $$;
