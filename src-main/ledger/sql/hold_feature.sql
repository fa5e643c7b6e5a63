-- Sets aside what feature_costs says that `quantity` of a feature costs now, until `expires_in` from now. Where the use is
-- billed through a meter instead of deducted, the hold is of 0 credits; its capture reports the use, as use_feature would. The
-- price is the hold's: a change before the capture does not count. A repeat under the same key returns the first hold also
-- where the price has changed since. Errors: CR422, CR404 (feature, customer), CR409 idempotency_conflict, CR402.
CREATE OR REPLACE FUNCTION credits.hold_feature(
  customer_id text, feature text, quantity bigint DEFAULT 1, idempotency_key text DEFAULT NULL,
  expires_in interval DEFAULT '15 minutes', description text DEFAULT NULL
) RETURNS credits.credit_holds
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  price record;
  call_fingerprint uuid;
  hold credits.credit_holds;
  words text := coalesce(nullif(description, ''), feature);
BEGIN
  checked := credits.check_text('feature', feature, 200, true);
  checked := credits.check_usage(customer_id, 1, description, feature, idempotency_key, '{}');
  checked := credits.check_amount('quantity', quantity);
  checked := credits.check_hold_time(expires_in);
  call_fingerprint := credits.fingerprint(idempotency_key,
    ROW('hold_feature', feature, quantity, extract(epoch FROM expires_in), words)::text);
  IF idempotency_key IS NOT NULL THEN
    -- A conflict is left to post_hold: what is wrong with this call itself is told before.
    SELECT h.* INTO hold FROM credits.credit_holds h
    WHERE h.customer_id = customer_id AND h.idempotency_key = idempotency_key AND h.fingerprint = call_fingerprint;
    IF FOUND THEN
      RETURN hold;
    END IF;
  END IF;
  price := credits.price_use(customer_id, feature, quantity, refuses => idempotency_key IS NULL);
  IF price.required IS NULL THEN
    -- The first call under this key may be under way, at a price that has gone since: then it holds the account's lock.
    PERFORM credits.lock_account(customer_id);
    SELECT h.* INTO hold FROM credits.credit_holds h
    WHERE h.customer_id = customer_id AND h.idempotency_key = idempotency_key AND h.fingerprint = call_fingerprint;
    IF FOUND THEN
      RETURN hold;
    END IF;
    price := credits.price_use(customer_id, feature, quantity);
  END IF;
  RETURN credits.post_hold(customer_id, price.required, words, feature, idempotency_key, call_fingerprint, expires_in,
    jsonb_strip_nulls(jsonb_build_object('quantity', quantity, 'meter', price.event_name,
      'unit_cost', CASE WHEN price.mode IS DISTINCT FROM 'report' THEN price.unit_cost END)));
END $$;
