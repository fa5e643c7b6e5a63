-- Deducts what feature_costs says that `quantity` of a feature costs now. Where the feature is bound to a meter and the customer
-- runs a subscription on it, the use is reported to be billed: instead of the deduction (a transaction of 0 credits) or besides
-- it. Without a description the feature's name stands there. A repeat under the same key returns the first row also where
-- price or binding have changed since. Errors: CR422, CR404 (feature, customer), CR409, CR402.
CREATE OR REPLACE FUNCTION credits.use_feature(
  customer_id text, feature text, quantity bigint DEFAULT 1, idempotency_key text DEFAULT NULL, metadata jsonb DEFAULT '{}',
  description text DEFAULT NULL
) RETURNS credits.credit_transactions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  price record;
  call_fingerprint uuid;
  words text := coalesce(nullif(description, ''), feature);
  posted credits.credit_transactions;
BEGIN
  checked := credits.check_text('feature', feature, 200, true);
  checked := credits.check_usage(customer_id, 1, description, feature, idempotency_key, metadata);
  checked := credits.check_amount('quantity', quantity);
  call_fingerprint := credits.fingerprint(idempotency_key, CASE
    WHEN words = feature THEN ROW('use_feature', feature, quantity, metadata)::text
    ELSE ROW('use_feature', feature, quantity, metadata, words)::text END);
  IF idempotency_key IS NOT NULL THEN
    -- A conflict is left to the posting: what is wrong with this call itself is told before.
    SELECT t.* INTO posted FROM credits.credit_transactions t
    WHERE t.customer_id = customer_id AND t.idempotency_key = idempotency_key AND t.fingerprint = call_fingerprint;
    IF FOUND THEN
      RETURN posted;
    END IF;
  END IF;
  price := credits.price_use(customer_id, feature, quantity, refuses => idempotency_key IS NULL);
  IF price.required IS NULL THEN
    -- The first call under this key may be under way, at a price that has gone since: then it holds the account's lock.
    PERFORM credits.lock_account(customer_id);
    SELECT t.* INTO posted FROM credits.credit_transactions t
    WHERE t.customer_id = customer_id AND t.idempotency_key = idempotency_key AND t.fingerprint = call_fingerprint;
    IF FOUND THEN
      RETURN posted;
    END IF;
    price := credits.price_use(customer_id, feature, quantity);
  END IF;
  IF price.mode IS NULL THEN
    RETURN credits.post_debit(customer_id, price.required, 'usage', words, feature, idempotency_key, call_fingerprint,
      metadata || jsonb_build_object('quantity', quantity, 'unit_cost', price.unit_cost));
  END IF;
  IF price.mode = 'report' THEN
    posted := credits.post_metered_use(customer_id, words, feature, idempotency_key, call_fingerprint,
      metadata || jsonb_build_object('quantity', quantity, 'meter', price.event_name));
  ELSE
    posted := credits.post_debit(customer_id, price.required, 'usage', words, feature, idempotency_key, call_fingerprint,
      metadata || jsonb_build_object('quantity', quantity, 'unit_cost', price.unit_cost, 'meter', price.event_name));
  END IF;
  PERFORM credits.report_use(posted, price.event_name, quantity);
  RETURN posted;
END $$;
