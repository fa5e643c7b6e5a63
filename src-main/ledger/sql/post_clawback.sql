-- Posts a clawback on a locked, swept account. Under policy `remaining` it takes what is left of the payment's own
-- grants, and up to `covered` in all where a hold had set that many credits aside for it; under `debt` all of it: own
-- grants first, then the others in burn order, then below zero. Arguments are checked by the caller.
CREATE OR REPLACE FUNCTION credits.post_clawback(
  customer_id text, provisioned credits.credit_transactions, amount bigint, policy text, covered bigint,
  idempotency_key text, fingerprint uuid, metadata jsonb
) RETURNS credits.credit_transactions
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  account credits.accounts;
  posted credits.credit_transactions;
  own bigint;
  taken bigint;
  paid bigint;
  now timestamptz := clock_timestamp();
BEGIN
  account := credits.lock_account(customer_id);
  SELECT coalesce(sum(o.remaining), 0) INTO own FROM credits.own_grants(customer_id, provisioned.id) o;
  taken := CASE policy WHEN 'debt' THEN amount ELSE least(amount, greatest(own, covered)) END;
  IF account.credits_balance - taken < -9007199254740991 THEN
    PERFORM credits.refuse_argument('amount', 'would take the balance beyond -9007199254740991');
  END IF;
  INSERT INTO credits.credit_transactions AS t (customer_id, amount, balance_after, transaction_type, description,
    stripe_payment_id, idempotency_key, actor, metadata, created_at, fingerprint)
  VALUES (customer_id, -taken, account.credits_balance - taken, 'clawback', 'Clawback of ' || provisioned.stripe_payment_id,
    provisioned.stripe_payment_id, idempotency_key, credits.current_actor(),
    credits.with_context(metadata || jsonb_build_object('policy', policy, 'asked', amount, 'unrecovered', amount - taken)),
    now, fingerprint)
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
