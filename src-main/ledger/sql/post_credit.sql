-- The one way added credits are posted: lock, replay, one grant, and what is owed from a clawback is paid first.
-- Arguments are checked by the caller. Errors: CR404 customer, CR409, CR422 beyond the range.
CREATE OR REPLACE FUNCTION credits.post_credit(
  customer_id text, amount bigint, transaction_type text, description text, stripe_payment_id text,
  idempotency_key text, fingerprint uuid, expires_at timestamptz, priority integer, metadata jsonb
) RETURNS credits.credit_transactions
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  account credits.accounts;
  posted credits.credit_transactions;
  provisions boolean := stripe_payment_id IS NOT NULL AND transaction_type IN ('purchase', 'subscription_allocation');
  first_id bigint;
  now timestamptz;
BEGIN
  account := credits.lock_account(customer_id);
  IF idempotency_key IS NOT NULL THEN
    posted := credits.find_replayed(customer_id, idempotency_key, fingerprint);
    IF posted.id IS NOT NULL THEN
      RETURN posted;
    END IF;
  END IF;
  IF provisions THEN
    SELECT p.transaction_id INTO first_id FROM credits.stripe_payments p WHERE p.stripe_payment_id = stripe_payment_id;
    IF FOUND THEN
      PERFORM credits.fail('CR409', 'already_processed', jsonb_build_object('first_id', first_id::text));
    END IF;
  END IF;
  IF account.credits_balance + amount > 9007199254740991
    OR (transaction_type = 'purchase' AND account.lifetime_credits + amount > 9007199254740991) THEN
    PERFORM credits.refuse_argument('amount', 'would take the balance beyond 9007199254740991');
  END IF;
  now := clock_timestamp();
  INSERT INTO credits.credit_transactions AS t (customer_id, amount, balance_after, transaction_type, description,
    stripe_payment_id, idempotency_key, actor, metadata, created_at, fingerprint)
  VALUES (customer_id, amount, account.credits_balance + amount, transaction_type, description,
    stripe_payment_id, idempotency_key, credits.current_actor(), credits.with_context(metadata), now, fingerprint)
  RETURNING t.* INTO posted;
  IF provisions THEN
    -- Another customer's call may have claimed the payment since it was looked up; this insert waits for that one.
    INSERT INTO credits.stripe_payments (stripe_payment_id, customer_id, transaction_id)
    VALUES (stripe_payment_id, customer_id, posted.id) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      SELECT p.transaction_id INTO first_id FROM credits.stripe_payments p WHERE p.stripe_payment_id = stripe_payment_id;
      PERFORM credits.fail('CR409', 'already_processed', jsonb_build_object('first_id', first_id::text));
    END IF;
  END IF;
  INSERT INTO credits.credit_grants (customer_id, transaction_id, granted, remaining, priority, is_paid, expires_at, created_at)
  VALUES (customer_id, posted.id, amount, amount, priority,
    transaction_type = 'purchase' OR provisions, expires_at, now);
  UPDATE credits.accounts a
  SET credits_balance = a.credits_balance + amount,
    lifetime_credits = a.lifetime_credits + CASE WHEN transaction_type = 'purchase' THEN amount ELSE 0 END,
    next_due_at = least(a.next_due_at, expires_at),
    last_activity_at = now
  WHERE a.customer_id = customer_id;
  IF account.credits_balance < 0 THEN
    PERFORM credits.settle_debt(customer_id, now);
  END IF;
  RETURN posted;
END $$;
