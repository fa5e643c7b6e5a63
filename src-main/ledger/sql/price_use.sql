-- What a use of a feature costs a customer now: credits a unit and in all, the unit, and, where the feature is bound to a
-- meter and the customer runs a subscription on it, the meter and its mode: report (billed instead of deducted: no credits)
-- or both. Errors: CR404 feature (unknown, or not active), CR422 (more than a meter takes, or than credits go up to); instead
-- of them, `required` is null where `refuses` is false.
CREATE OR REPLACE FUNCTION credits.price_use(
  customer_id text, feature text, quantity bigint, refuses boolean DEFAULT true,
  OUT unit_cost bigint, OUT unit text, OUT event_name text, OUT mode text, OUT required bigint
)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  active boolean;
BEGIN
  SELECT f.cost, f.unit, f.active, b.event_name, b.mode,
    -- What a meter bills instead costs no credits, however much it is.
    CASE WHEN b.mode = 'report' THEN 0 ELSE least(f.cost::numeric * quantity, 9007199254740992) END
  INTO unit_cost, unit, active, event_name, mode, required
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
  -- The common case in one expression: each one is set up anew in every database transaction.
  IF active AND required <= 9007199254740991 AND (mode IS NULL OR quantity <= 999999999999999) THEN
    RETURN;
  END IF;
  IF NOT refuses THEN
    required := NULL;
    RETURN;
  END IF;
  IF active IS NOT TRUE THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'feature', 'id', feature));
  END IF;
  IF mode IS NOT NULL THEN
    checked := credits.check_quantity(quantity, NULL);
  END IF;
  PERFORM credits.refuse_argument('quantity', 'costs more than 9007199254740991 credits');
END $$;
