-- Writes an expire transaction for each due grant of a locked account and closes its due holds, as of an instant;
-- returns how many expire transactions it wrote. The caller holds the account's lock and reads the account again.
CREATE OR REPLACE FUNCTION credits.sweep_account(customer_id text, as_of timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  written integer := 0;
  each record;
  balance bigint;
  released bigint;
  expire_id bigint;
BEGIN
  -- Holds first: one that is over keeps no grant alive.
  WITH closed AS (
    UPDATE credits.credit_holds h
    SET state = 'expired', closed_at = clock_timestamp(), closed_by = credits.current_actor()
    WHERE h.customer_id = customer_id AND h.state = 'open' AND h.expires_at <= as_of
    RETURNING h.amount
  )
  SELECT coalesce(sum(c.amount), 0) INTO released FROM closed c;

  SELECT a.credits_balance INTO balance FROM credits.accounts a WHERE a.customer_id = customer_id;
  FOR each IN SELECT d.grant_id, d.due FROM credits.due_grants(customer_id, as_of) d LOOP
    balance := balance - each.due;
    INSERT INTO credits.credit_transactions AS t (customer_id, amount, balance_after, transaction_type, description, actor, metadata)
    VALUES (customer_id, -each.due, balance, 'expire', 'Credits expired', credits.current_actor(),
      jsonb_build_object('grant_id', each.grant_id::text))
    RETURNING t.id INTO expire_id;
    INSERT INTO credits.credit_consumptions (customer_id, transaction_id, grant_id, amount, position)
    VALUES (customer_id, expire_id, each.grant_id, each.due, 1);
    UPDATE credits.credit_grants g SET remaining = g.remaining - each.due, is_open = g.remaining > each.due
    WHERE g.customer_id = customer_id AND g.id = each.grant_id;
    written := written + 1;
  END LOOP;

  UPDATE credits.accounts a
  SET credits_balance = balance,
    credits_held = a.credits_held - released,
    last_activity_at = CASE WHEN written > 0 THEN clock_timestamp() ELSE a.last_activity_at END,
    next_due_at = least(
      (SELECT coalesce(min(g.expires_at), 'infinity') FROM credits.credit_grants g
        WHERE g.customer_id = customer_id AND g.is_open),
      (SELECT coalesce(min(h.expires_at), 'infinity') FROM credits.credit_holds h
        WHERE h.customer_id = customer_id AND h.state = 'open'))
  WHERE a.customer_id = customer_id;
  RETURN written;
END $$;
