-- Deducts what feature_costs says that `quantity` of a feature costs now. A repeat under the same key returns the
-- first row also where the price has changed since. Errors: CR422, CR404 (feature, customer), CR409, CR402.
CREATE OR REPLACE FUNCTION credits.use_feature(
  customer_id text, feature text, quantity bigint DEFAULT 1, idempotency_key text DEFAULT NULL, metadata jsonb DEFAULT '{}'
) RETURNS credits.credit_transactions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  price record;
  total numeric;
  call_fingerprint uuid;
  posted credits.credit_transactions;
BEGIN
  checked := credits.check_text('feature', feature, 200, true);
  checked := credits.check_usage(customer_id, 1, NULL, feature, idempotency_key, metadata);
  checked := credits.check_amount('quantity', quantity);
  call_fingerprint := credits.fingerprint(idempotency_key, ROW('use_feature', feature, quantity, metadata)::text);
  IF idempotency_key IS NOT NULL THEN
    posted := credits.find_replayed(customer_id, idempotency_key, call_fingerprint);
    IF posted.id IS NOT NULL THEN
      RETURN posted;
    END IF;
  END IF;
  SELECT f.cost, f.unit, f.active INTO price FROM credits.feature_costs f
  WHERE f.feature = feature AND f.valid_from <= clock_timestamp()
  ORDER BY f.valid_from DESC LIMIT 1;
  IF NOT FOUND OR NOT price.active THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'feature', 'id', feature));
  END IF;
  total := price.cost::numeric * quantity;
  IF total > 9007199254740991 THEN
    PERFORM credits.refuse_argument('quantity', 'costs more than 9007199254740991 credits');
  END IF;
  RETURN credits.post_debit(customer_id, total::bigint, 'usage', feature, feature, idempotency_key, call_fingerprint,
    metadata || jsonb_build_object('quantity', quantity, 'unit_cost', price.cost));
END $$;
