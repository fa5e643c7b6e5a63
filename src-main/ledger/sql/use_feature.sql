-- Deducts what feature_costs says that `quantity` of a feature costs now. Where the feature is bound to a meter and the customer
-- runs a subscription on it, the use is reported to be billed: instead of the deduction (a transaction of 0 credits) or besides
-- it. A repeat under the same key returns the first row also where price or binding have changed since.
-- Errors: CR422, CR404 (feature, customer), CR409, CR402.
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
  SELECT f.cost, f.active, b.event_name, b.mode INTO price
  FROM credits.feature_costs f LEFT JOIN LATERAL (
    SELECT b.event_name, b.mode FROM credits_billing.feature_meters b
    JOIN credits_billing.meters m ON m.event_name = b.event_name AND m.active
    WHERE b.feature = feature
      AND (b.plan_tier = '' OR b.plan_tier = (SELECT c.plan_tier FROM credits.customers c WHERE c.id = customer_id))
      AND EXISTS (
        SELECT FROM credits_billing.subscription_items i JOIN credits_billing.subscriptions s ON s.id = i.subscription_id
        WHERE i.customer_id = customer_id AND i.event_name = b.event_name AND i.removed_at IS NULL
          AND s.status IN ('active', 'trialing', 'past_due')
          -- One of an account that the workspace left bills nothing here.
          AND s.account_id = coalesce((SELECT w.account_id FROM credits_billing.stripe_settings w), s.account_id))
    ORDER BY b.plan_tier DESC LIMIT 1
  ) b ON true
  WHERE f.feature = feature AND f.valid_from <= clock_timestamp()
  ORDER BY f.valid_from DESC LIMIT 1;
  IF NOT FOUND OR NOT price.active THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'feature', 'id', feature));
  END IF;
  total := price.cost::numeric * quantity;
  IF total > 9007199254740991 THEN
    PERFORM credits.refuse_argument('quantity', 'costs more than 9007199254740991 credits');
  END IF;
  IF price.mode IS NULL THEN
    RETURN credits.post_debit(customer_id, total::bigint, 'usage', feature, feature, idempotency_key, call_fingerprint,
      metadata || jsonb_build_object('quantity', quantity, 'unit_cost', price.cost));
  END IF;
  checked := credits.check_quantity(quantity, NULL);
  IF price.mode = 'report' THEN
    posted := credits.post_metered_use(customer_id, feature, idempotency_key, call_fingerprint,
      metadata || jsonb_build_object('quantity', quantity, 'meter', price.event_name));
  ELSE
    posted := credits.post_debit(customer_id, total::bigint, 'usage', feature, feature, idempotency_key, call_fingerprint,
      metadata || jsonb_build_object('quantity', quantity, 'unit_cost', price.cost, 'meter', price.event_name));
  END IF;
  -- The transaction's id is the key: a repeat, which returns the first transaction, reports nothing more.
  INSERT INTO credits.usage_reports (customer_id, event_name, quantity, occurred_at, idempotency_key, fingerprint, transaction_id,
    actor, metadata)
  SELECT customer_id, price.event_name, quantity, posted.created_at, 'transaction:' || posted.id,
    md5('transaction:' || posted.id)::uuid, posted.id, posted.actor, '{}'
  -- A repeat that overtook the binding returns a use that was deducted and is not to be billed too.
  WHERE posted.metadata ->> 'meter' = price.event_name
  ON CONFLICT ON CONSTRAINT usage_reports_idempotency DO NOTHING;
  RETURN posted;
END $$;
