-- Takes back credits of one purchase or paid allocation whose money went back. Policy `remaining` takes only what is
-- left of that payment's own grants; policy `debt` takes all of it: from its own grants, then from the others in burn
-- order, then below zero. What was asked and what could not be recovered stand as numbers in the row's metadata
-- (`policy`, `asked`, `unrecovered`); a row of amount 0 tells that nothing could. Clawbacks of one payment add up to at
-- most what it provisioned. Errors: CR422, CR404 stripe_payment, CR409 idempotency_conflict, CR410 already_reversed.
CREATE OR REPLACE FUNCTION credits.claw_back(
  customer_id text, stripe_payment_id text, amount bigint, policy text, idempotency_key text, metadata jsonb DEFAULT '{}'
) RETURNS credits.credit_transactions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  account credits.accounts;
  provisioned credits.credit_transactions;
  posted credits.credit_transactions;
  call_fingerprint uuid;
  unsettled bigint;
  now timestamptz;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  checked := credits.check_text('stripe_payment_id', stripe_payment_id, 255, true);
  checked := credits.check_amount('amount', amount);
  IF policy IS NULL OR policy NOT IN ('remaining', 'debt') THEN
    PERFORM credits.refuse_argument('policy', 'must be remaining or debt');
  END IF;
  checked := credits.check_text('idempotency_key', idempotency_key, 255, true);
  checked := credits.check_metadata(metadata);
  call_fingerprint := credits.fingerprint(idempotency_key, ROW('claw_back', stripe_payment_id, amount, policy, metadata)::text);
  account := credits.lock_account(customer_id);
  posted := credits.find_replayed(customer_id, idempotency_key, call_fingerprint);
  IF posted.id IS NOT NULL THEN
    RETURN posted;
  END IF;
  SELECT t.* INTO provisioned FROM credits.credit_transactions t
  WHERE t.customer_id = customer_id AND t.stripe_payment_id = stripe_payment_id
    AND t.transaction_type IN ('purchase', 'subscription_allocation');
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'stripe_payment', 'id', stripe_payment_id));
  END IF;
  unsettled := credits.payment_unsettled(customer_id, provisioned.id);
  IF amount > unsettled THEN
    PERFORM credits.fail('CR410', 'already_reversed', jsonb_build_object('left', unsettled, 'asked', amount));
  END IF;
  now := clock_timestamp();
  IF account.next_due_at <= now THEN
    PERFORM credits.sweep_account(customer_id, now);
  END IF;
  RETURN credits.post_clawback(customer_id, provisioned, amount, policy, 0, idempotency_key, call_fingerprint, metadata);
END $$;
