-- Undoes a movement, whole (amount null: all that is left of it) or in part, along its recorded consumptions. Taken
-- credits go back on the grants they came from, the last taken from first; a grant that expired meanwhile comes back
-- as a new one of the same priority that ends 30 days from now. Of added credits, what is left of their grant goes.
-- Errors: CR422 (a reversal, or a use of 0 credits, cannot be reversed), CR404, CR409 idempotency_conflict, CR410 already_reversed or
-- already_spent, CR402 (open holds need the credits).
CREATE OR REPLACE FUNCTION credits.reverse_transaction(
  customer_id text, transaction_id bigint, reason text, amount bigint DEFAULT NULL, idempotency_key text DEFAULT NULL
) RETURNS credits.credit_transactions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  account credits.accounts;
  original credits.credit_transactions;
  posted credits.credit_transactions;
  call_fingerprint uuid;
  reversed bigint;
  was_reversed boolean;
  unreversed bigint;
  asked bigint;
  unspent bigint;
  owed bigint := 0;
  now timestamptz;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  IF transaction_id IS NULL THEN
    PERFORM credits.refuse_argument('transaction_id', 'is required');
  END IF;
  checked := credits.check_text('reason', reason, 1000, true);
  IF amount IS NOT NULL THEN
    checked := credits.check_amount('amount', amount);
  END IF;
  IF idempotency_key IS NOT NULL THEN
    checked := credits.check_text('idempotency_key', idempotency_key, 255, true);
    call_fingerprint := credits.fingerprint(idempotency_key, ROW('reverse_transaction', transaction_id, reason, amount)::text);
  END IF;
  account := credits.lock_account(customer_id);
  IF idempotency_key IS NOT NULL THEN
    posted := credits.find_replayed(customer_id, idempotency_key, call_fingerprint);
    IF posted.id IS NOT NULL THEN
      RETURN posted;
    END IF;
  END IF;
  SELECT t.* INTO original FROM credits.credit_transactions t
  WHERE t.customer_id = customer_id AND t.id = transaction_id;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'transaction', 'id', transaction_id::text));
  ELSIF original.transaction_type = 'reversal' THEN
    PERFORM credits.refuse_argument('transaction_id', 'is a reversal, and a reversal cannot be reversed');
  ELSIF original.amount = 0 AND original.transaction_type = 'usage' THEN
    PERFORM credits.refuse_argument('transaction_id', 'moved no credits, so there is nothing to reverse');
  END IF;
  SELECT coalesce(sum(abs(t.amount)), 0), count(*) > 0 INTO reversed, was_reversed FROM credits.credit_transactions t
  WHERE t.customer_id = customer_id AND t.reverses_id = transaction_id;
  unreversed := abs(original.amount) - reversed;
  asked := coalesce(amount, unreversed);
  -- A clawback that could take nothing still says that its credits are settled: reversing it moves 0 credits and undoes that.
  IF (unreversed = 0 AND (was_reversed OR original.transaction_type <> 'clawback')) OR asked > unreversed THEN
    PERFORM credits.fail('CR410', 'already_reversed',
      jsonb_build_object('left', unreversed, 'asked', coalesce(amount, abs(original.amount))));
  END IF;
  now := clock_timestamp();
  IF account.next_due_at <= now THEN
    PERFORM credits.sweep_account(customer_id, now);
    account := credits.lock_account(customer_id);
  END IF;

  IF original.amount > 0 THEN
    SELECT coalesce(sum(o.remaining), 0) INTO unspent FROM credits.own_grants(customer_id, transaction_id) o;
    IF unspent < asked THEN
      PERFORM credits.fail('CR410', 'already_spent', jsonb_build_object('left', unspent, 'asked', asked));
    END IF;
    IF account.credits_balance - account.credits_held < asked THEN
      PERFORM credits.fail('CR402', 'insufficient_credits', jsonb_build_object('required', asked,
        'balance', account.credits_balance, 'available', account.credits_balance - account.credits_held));
    END IF;
  ELSIF account.credits_balance + asked > 9007199254740991 THEN
    PERFORM credits.refuse_argument('amount', 'would take the balance beyond 9007199254740991');
  ELSIF original.transaction_type = 'clawback' THEN
    SELECT coalesce(sum(o.owed), 0) INTO owed FROM credits.clawback_owed(customer_id) o
    WHERE o.transaction_id = transaction_id;
  END IF;

  INSERT INTO credits.credit_transactions AS t (customer_id, amount, balance_after, transaction_type, description,
    feature, stripe_payment_id, idempotency_key, reverses_id, actor, metadata, created_at, fingerprint)
  VALUES (customer_id, CASE WHEN original.amount > 0 THEN -asked ELSE asked END,
    account.credits_balance + CASE WHEN original.amount > 0 THEN -asked ELSE asked END, 'reversal', reason,
    original.feature, original.stripe_payment_id, idempotency_key, transaction_id, credits.current_actor(),
    credits.with_context('{}'), now, call_fingerprint)
  RETURNING t.* INTO posted;
  IF original.amount > 0 THEN
    PERFORM credits.take_from_own_grants(customer_id, transaction_id, posted.id, asked);
  ELSE
    -- What no grant has paid for is simply owed no longer; only the rest goes back on grants.
    PERFORM credits.return_to_grants(customer_id, transaction_id, posted.id, asked - least(asked, owed), now);
  END IF;
  UPDATE credits.accounts a
  SET credits_balance = posted.balance_after, last_activity_at = now
  WHERE a.customer_id = customer_id;
  IF account.credits_balance < 0 THEN
    PERFORM credits.settle_debt(customer_id, now);
  END IF;
  RETURN posted;
END $$;
