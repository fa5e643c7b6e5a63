-- Writes down a refund or dispute as Stripe shows it now (amount_minor in minor units of currency), before settle_payment
-- makes credits follow. `request_id` names the console's own request for this refund. What happens to credits is fixed
-- at first sight: the request's policy, else the workspace's. Returns the payment it belongs to, or no row where the
-- ledger knows none yet. Errors: CR422.
CREATE OR REPLACE FUNCTION credits.record_money_back(
  id text, kind text, account_id text, payment_intent_id text, amount_minor bigint, currency text, status text,
  reason text, created_at timestamptz, request_id uuid DEFAULT NULL
) RETURNS SETOF credits.stripe_payments
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  request credits_billing.refund_requests;
  owner_id text;
BEGIN
  checked := credits.check_text('id', id, 255, true);
  checked := credits.check_text('payment_intent_id', payment_intent_id, 255, true);
  IF kind IS NULL OR kind NOT IN ('refund', 'dispute') THEN
    PERFORM credits.refuse_argument('kind', 'must be refund or dispute');
  ELSIF amount_minor IS NULL OR amount_minor < 0 OR amount_minor > 9007199254740991 THEN
    PERFORM credits.refuse_argument('amount_minor', 'must be zero or more minor units');
  ELSIF currency IS NULL OR currency !~ '^[a-z]{3}$' THEN
    PERFORM credits.refuse_argument('currency', 'must be three small letters');
  END IF;
  -- The account first, as everywhere: a request may be refused, or another purchase granted, at this very moment.
  SELECT p.customer_id INTO owner_id FROM credits.stripe_payments p WHERE p.payment_intent_id = payment_intent_id;
  IF FOUND THEN
    PERFORM credits.lock_account(owner_id);
  END IF;
  -- A refund's metadata can be edited by anybody who may use the account: the request must be of the same payment.
  SELECT r.* INTO request FROM credits_billing.refund_requests r
  JOIN credits.stripe_payments p ON p.stripe_payment_id = r.stripe_payment_id
  WHERE kind = 'refund' AND r.id = request_id AND p.payment_intent_id = payment_intent_id
    AND (r.money_back_id IS NULL OR r.money_back_id = id);
  INSERT INTO credits_billing.money_back AS m (id, kind, account_id, payment_intent_id, amount_minor, currency, status, reason,
    policy, created_at, recorded_by)
  SELECT id, kind, account_id, payment_intent_id, amount_minor, currency, status, reason,
    coalesce(request.policy, CASE kind WHEN 'refund' THEN s.refund_policy ELSE s.dispute_policy END), created_at,
    credits.current_actor()
  FROM credits_billing.stripe_settings s
  ON CONFLICT ON CONSTRAINT money_back_pkey DO UPDATE
  SET amount_minor = excluded.amount_minor, status = excluded.status, reason = excluded.reason, recorded_by = excluded.recorded_by,
    changed_at = clock_timestamp();
  IF request.id IS NOT NULL THEN
    UPDATE credits_billing.refund_requests r
    SET state = 'refunded', money_back_id = id, error = NULL, changed_at = clock_timestamp()
    WHERE r.id = request.id;
  END IF;
  RETURN QUERY SELECT p.* FROM credits.stripe_payments p WHERE p.payment_intent_id = payment_intent_id;
END $$;
