-- A plan's rollover with a cap: of what is left of earlier allocations, `keep_at_most` credits stay and the rest expires
-- as one transaction, what would burn first going first. What open holds need stays too. On a locked account.
CREATE OR REPLACE FUNCTION credits.expire_surplus(customer_id text, keep_at_most bigint) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  account credits.accounts;
  now timestamptz := clock_timestamp();
  surplus bigint;
  part bigint;
  place integer := 1;
  posted_id bigint;
  each record;
BEGIN
  PERFORM credits.sweep_account(customer_id, now);
  account := credits.lock_account(customer_id);
  SELECT least(coalesce(sum(g.remaining), 0) - keep_at_most, account.credits_balance - account.credits_held) INTO surplus
  FROM credits.credit_grants g
  JOIN credits.credit_transactions t ON t.customer_id = g.customer_id AND t.id = g.transaction_id
  WHERE g.customer_id = customer_id AND g.is_open AND t.transaction_type = 'subscription_allocation';
  IF surplus <= 0 THEN
    RETURN;
  END IF;
  INSERT INTO credits.credit_transactions AS t (customer_id, amount, balance_after, transaction_type, description, actor, metadata, created_at)
  VALUES (customer_id, -surplus, account.credits_balance - surplus, 'expire', 'More than the plan keeps for the next period',
    credits.current_actor(), jsonb_build_object('kept', keep_at_most), now)
  RETURNING t.id INTO posted_id;
  FOR each IN
    SELECT g.id, g.remaining FROM credits.credit_grants g
    JOIN credits.credit_transactions t ON t.customer_id = g.customer_id AND t.id = g.transaction_id
    WHERE g.customer_id = customer_id AND g.is_open AND t.transaction_type = 'subscription_allocation'
    ORDER BY g.priority, g.expires_at, g.is_paid, g.id
  LOOP
    EXIT WHEN surplus = 0;
    part := least(surplus, each.remaining);
    PERFORM credits.take_from_grant(customer_id, posted_id, each.id, part, place);
    surplus := surplus - part;
    place := place + 1;
  END LOOP;
  UPDATE credits.accounts a
  SET credits_balance = (SELECT t.balance_after FROM credits.credit_transactions t
      WHERE t.customer_id = customer_id AND t.id = posted_id), last_activity_at = now
  WHERE a.customer_id = customer_id;
END $$;
