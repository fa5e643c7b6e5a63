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
  purchased bigint := CASE WHEN transaction_type = 'purchase' THEN amount ELSE 0 END;
  provisions boolean := stripe_payment_id IS NOT NULL AND transaction_type IN ('purchase', 'subscription_allocation');
  now timestamptz;
BEGIN
  -- Lock and change in one statement. The range is looked at before the addition, which would overflow beyond it.
  UPDATE credits.accounts a
  SET credits_balance = a.credits_balance + amount,
    lifetime_credits = a.lifetime_credits + purchased,
    next_due_at = least(a.next_due_at, expires_at),
    last_activity_at = clock_timestamp()
  WHERE a.customer_id = customer_id
    AND a.credits_balance + amount <= 9007199254740991 AND a.lifetime_credits + purchased <= 9007199254740991
  RETURNING a.* INTO account;
  IF NOT FOUND THEN
    account := credits.lock_account(customer_id);
    IF idempotency_key IS NOT NULL THEN
      posted := credits.find_replayed(customer_id, idempotency_key, fingerprint);
      IF posted.id IS NOT NULL THEN
        RETURN posted;
      END IF;
    END IF;
    PERFORM credits.refuse_argument('amount', 'would take the balance beyond 9007199254740991');
  END IF;
  now := account.last_activity_at;

  INSERT INTO credits.credit_transactions AS t (customer_id, amount, balance_after, transaction_type, description,
    stripe_payment_id, idempotency_key, actor, metadata, created_at, fingerprint)
  VALUES (customer_id, amount, account.credits_balance, transaction_type, description,
    stripe_payment_id, idempotency_key, credits.current_actor(), credits.with_context(metadata), now, fingerprint)
  ON CONFLICT DO NOTHING
  RETURNING t.* INTO posted;
  IF NOT FOUND THEN
    -- The key or the payment stands on an earlier call: this one moves nothing, so the account is put back as it was
    -- (next_due_at is a lower bound and may stay early).
    UPDATE credits.accounts a
    SET credits_balance = a.credits_balance - amount, lifetime_credits = a.lifetime_credits - purchased,
      last_activity_at = last.created_at
    FROM (
      SELECT t.created_at FROM credits.credit_transactions t WHERE t.customer_id = customer_id ORDER BY t.id DESC LIMIT 1
    ) last
    WHERE a.customer_id = customer_id;
    IF idempotency_key IS NOT NULL THEN
      posted := credits.find_replayed(customer_id, idempotency_key, fingerprint);
      IF posted.id IS NOT NULL THEN
        RETURN posted;
      END IF;
    END IF;
    PERFORM credits.refuse_provisioned(stripe_payment_id);
  END IF;
  IF account.has_keyed_holds AND idempotency_key IS NOT NULL THEN
    PERFORM credits.refuse_key_of_hold(customer_id, idempotency_key);
  END IF;
  IF provisions THEN
    -- Another customer may have claimed the payment; this insert waits for a claim that is being made now.
    INSERT INTO credits.stripe_payments (stripe_payment_id, customer_id, transaction_id)
    VALUES (stripe_payment_id, customer_id, posted.id) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      PERFORM credits.refuse_provisioned(stripe_payment_id);
    END IF;
  END IF;
  INSERT INTO credits.credit_grants (customer_id, transaction_id, granted, remaining, priority, is_paid, expires_at, created_at)
  VALUES (customer_id, posted.id, amount, amount, priority,
    transaction_type = 'purchase' OR provisions, expires_at, now);
  IF account.credits_balance < amount THEN
    -- The balance was below zero before this amount came in.
    PERFORM credits.settle_debt(customer_id, now);
  END IF;
  RETURN posted;
END $$;
