-- Posts the use of a feature that a meter counts instead of credits: a transaction of 0 credits, so that the log tells of
-- it and the key holds as for every use. Arguments are checked by the caller. Errors: CR404 customer, CR409.
CREATE OR REPLACE FUNCTION credits.post_metered_use(
  customer_id text, description text, feature text, idempotency_key text, fingerprint uuid, metadata jsonb
) RETURNS credits.credit_transactions
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  account credits.accounts;
  posted credits.credit_transactions;
BEGIN
  account := credits.lock_account(customer_id);
  IF idempotency_key IS NOT NULL THEN
    posted := credits.find_replayed(customer_id, idempotency_key, fingerprint);
    IF posted.id IS NOT NULL THEN
      RETURN posted;
    END IF;
  END IF;
  UPDATE credits.accounts a SET last_activity_at = clock_timestamp() WHERE a.customer_id = customer_id RETURNING a.* INTO account;
  INSERT INTO credits.credit_transactions AS t (customer_id, amount, balance_after, transaction_type, description,
    feature, idempotency_key, actor, metadata, created_at, fingerprint)
  VALUES (customer_id, 0, account.credits_balance, 'usage', description,
    feature, idempotency_key, credits.current_actor(), credits.with_context(metadata), account.last_activity_at, fingerprint)
  RETURNING t.* INTO posted;
  RETURN posted;
END $$;
