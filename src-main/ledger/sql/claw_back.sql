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
  own bigint;
  taken bigint;
  paid bigint;
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
    account := credits.lock_account(customer_id);
  END IF;
  SELECT coalesce(sum(o.remaining), 0) INTO own FROM credits.own_grants(customer_id, provisioned.id) o;
  taken := CASE policy WHEN 'debt' THEN amount ELSE least(amount, own) END;
  IF account.credits_balance - taken < -9007199254740991 THEN
    PERFORM credits.refuse_argument('amount', 'would take the balance beyond -9007199254740991');
  END IF;
  INSERT INTO credits.credit_transactions AS t (customer_id, amount, balance_after, transaction_type, description,
    stripe_payment_id, idempotency_key, actor, metadata, created_at, fingerprint)
  VALUES (customer_id, -taken, account.credits_balance - taken, 'clawback', 'Clawback of ' || stripe_payment_id,
    stripe_payment_id, idempotency_key, credits.current_actor(),
    credits.with_context(metadata || jsonb_build_object('policy', policy, 'asked', amount, 'unrecovered', amount - taken)),
    now, call_fingerprint)
  RETURNING t.* INTO posted;
  paid := credits.take_from_own_grants(customer_id, provisioned.id, posted.id, taken);
  IF paid < taken THEN
    -- Credits that are due but kept for a hold count too: the money they came from is not the customer's to keep.
    PERFORM credits.burn_grants(customer_id, posted.id, taken - paid, now, true,
      (SELECT coalesce(max(c.position), 0) + 1 FROM credits.credit_consumptions c
        WHERE c.customer_id = customer_id AND c.transaction_id = posted.id));
  END IF;
  UPDATE credits.accounts a
  SET credits_balance = a.credits_balance - taken, last_activity_at = now
  WHERE a.customer_id = customer_id;
  RETURN posted;
END $$;
