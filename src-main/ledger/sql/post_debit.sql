-- The one way a debit that must be affordable is posted: lock, replay, sweep what is due, check, take in burn order.
-- Arguments are checked by the caller. Errors: CR404 customer, CR409 idempotency_conflict, CR402.
CREATE OR REPLACE FUNCTION credits.post_debit(
  customer_id text, amount bigint, transaction_type text, description text, feature text,
  idempotency_key text, fingerprint uuid, metadata jsonb
) RETURNS credits.credit_transactions
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  account credits.accounts;
  posted credits.credit_transactions;
  now timestamptz;
BEGIN
  account := credits.lock_account(customer_id);
  IF idempotency_key IS NOT NULL THEN
    posted := credits.find_replayed(customer_id, idempotency_key, fingerprint);
    IF posted.id IS NOT NULL THEN
      RETURN posted;
    END IF;
  END IF;
  now := clock_timestamp();
  IF account.next_due_at <= now THEN
    PERFORM credits.sweep_account(customer_id, now);
    account := credits.lock_account(customer_id);
  END IF;
  IF account.credits_balance - account.credits_held < amount THEN
    PERFORM credits.fail('CR402', 'insufficient_credits', jsonb_build_object('required', amount,
      'balance', account.credits_balance, 'available', account.credits_balance - account.credits_held));
  END IF;
  INSERT INTO credits.credit_transactions AS t (customer_id, amount, balance_after, transaction_type, description,
    feature, idempotency_key, actor, metadata, created_at, fingerprint)
  VALUES (customer_id, -amount, account.credits_balance - amount, transaction_type, description,
    feature, idempotency_key, credits.current_actor(), credits.with_context(metadata), now, fingerprint)
  RETURNING t.* INTO posted;
  IF credits.burn_grants(customer_id, posted.id, amount, now) <> amount THEN
    RAISE EXCEPTION 'the grants of customer % do not cover the balance', customer_id;
  END IF;
  UPDATE credits.accounts a
  SET credits_balance = a.credits_balance - amount, last_activity_at = now
  WHERE a.customer_id = customer_id;
  RETURN posted;
END $$;
