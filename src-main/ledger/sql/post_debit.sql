-- The one way a debit that must be affordable is posted: lock, replay, sweep what is due, check, take in burn order.
-- Arguments are checked by the caller. Errors: CR404 customer, CR409 idempotency_conflict, CR402.
--
-- Written for the common case in five statements: nothing is due, the balance suffices, the key is new, and the first
-- grant in burn order covers the amount. Everything else takes the calls that the other functions share.
CREATE OR REPLACE FUNCTION credits.post_debit(
  customer_id text, amount bigint, transaction_type text, description text, feature text,
  idempotency_key text, fingerprint uuid, metadata jsonb
) RETURNS credits.credit_transactions
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  account credits.accounts;
  posted credits.credit_transactions;
  first_grant_id bigint;
  now timestamptz;
BEGIN
  -- Takes the lock, the decision and the change in one statement: after waiting for another call's lock, PostgreSQL
  -- looks at the conditions again.
  UPDATE credits.accounts a
  SET credits_balance = a.credits_balance - amount, last_activity_at = clock_timestamp()
  WHERE a.customer_id = customer_id AND a.next_due_at > clock_timestamp()
    AND a.credits_balance - a.credits_held >= amount
  RETURNING a.* INTO account;
  IF NOT FOUND THEN
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
    UPDATE credits.accounts a
    SET credits_balance = a.credits_balance - amount, last_activity_at = now
    WHERE a.customer_id = customer_id
    RETURNING a.* INTO account;
  END IF;
  now := account.last_activity_at;

  INSERT INTO credits.credit_transactions AS t (customer_id, amount, balance_after, transaction_type, description,
    feature, idempotency_key, actor, metadata, created_at, fingerprint)
  VALUES (customer_id, -amount, account.credits_balance, transaction_type, description,
    feature, idempotency_key, credits.current_actor(), credits.with_context(metadata), now, fingerprint)
  ON CONFLICT ON CONSTRAINT credit_transactions_idempotency DO NOTHING
  RETURNING t.* INTO posted;
  IF NOT FOUND THEN
    -- The key stands on an earlier call: this one moves nothing, so the account is put back as it was.
    UPDATE credits.accounts a
    SET credits_balance = a.credits_balance + amount, last_activity_at = last.created_at
    FROM (
      SELECT t.created_at FROM credits.credit_transactions t WHERE t.customer_id = customer_id ORDER BY t.id DESC LIMIT 1
    ) last
    WHERE a.customer_id = customer_id;
    RETURN credits.find_replayed(customer_id, idempotency_key, fingerprint);
  END IF;
  IF account.has_keyed_holds AND idempotency_key IS NOT NULL THEN
    PERFORM credits.refuse_key_of_hold(customer_id, idempotency_key);
  END IF;

  -- By its place in the table: under the account's lock nobody else changes the customer's grants.
  UPDATE credits.credit_grants g SET remaining = g.remaining - amount, is_open = g.remaining > amount
  WHERE g.customer_id = customer_id AND g.remaining >= amount AND g.ctid = (
    SELECT o.ctid FROM credits.credit_grants o
    WHERE o.customer_id = customer_id AND o.is_open AND (o.expires_at IS NULL OR o.expires_at > now)
    ORDER BY o.priority, o.expires_at, o.is_paid, o.id LIMIT 1)
  RETURNING g.id INTO first_grant_id;
  IF FOUND THEN
    INSERT INTO credits.credit_consumptions (customer_id, transaction_id, grant_id, amount, position)
    VALUES (customer_id, posted.id, first_grant_id, amount, 1);
  ELSIF credits.burn_grants(customer_id, posted.id, amount, now) <> amount THEN
    RAISE EXCEPTION 'the grants of customer % do not cover the balance', customer_id;
  END IF;
  RETURN posted;
END $$;
