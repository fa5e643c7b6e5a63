-- Turns a hold into usage of up to the held amount (null: all of it); the rest is released. One of a feature that a meter
-- counts is reported too, in the quantity that was held. Errors: CR422 (more than held), CR404, CR409 hold_closed, CR402
-- (only where a clawback took the balance from under the hold).
CREATE OR REPLACE FUNCTION credits.capture_hold(customer_id text, hold_id bigint, amount bigint DEFAULT NULL)
RETURNS credits.credit_transactions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  account credits.accounts;
  hold credits.credit_holds;
  posted credits.credit_transactions;
  captured bigint;
  now timestamptz;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  IF hold_id IS NULL THEN
    PERFORM credits.refuse_argument('hold_id', 'is required');
  END IF;
  IF amount IS NOT NULL THEN
    checked := credits.check_amount('amount', amount);
  END IF;
  account := credits.lock_account(customer_id);
  hold := credits.get_open_hold(customer_id, hold_id);
  captured := coalesce(amount, hold.amount);
  IF captured > hold.amount THEN
    PERFORM credits.refuse_argument('amount', 'is more than the ' || hold.amount || ' credits held');
  END IF;
  now := clock_timestamp();
  IF account.next_due_at <= now THEN
    PERFORM credits.sweep_account(customer_id, now);
    account := credits.lock_account(customer_id);
    -- The sweep takes the time of its own; the hold may just have run out.
    hold := credits.get_open_hold(customer_id, hold_id);
  END IF;
  IF captured > 0 AND account.credits_balance < captured THEN
    PERFORM credits.fail('CR402', 'insufficient_credits', jsonb_build_object('required', captured,
      'balance', account.credits_balance, 'available', account.credits_balance - account.credits_held));
  END IF;
  INSERT INTO credits.credit_transactions AS t (customer_id, amount, balance_after, transaction_type, description,
    feature, actor, metadata, created_at)
  VALUES (customer_id, -captured, account.credits_balance - captured, 'usage', hold.description,
    hold.feature, credits.current_actor(),
    credits.with_context('{}') || jsonb_build_object('hold_id', hold.id::text) || coalesce(hold.metadata -> 'use', '{}'), now)
  RETURNING t.* INTO posted;
  IF credits.burn_grants(customer_id, posted.id, captured, now, due_first => true) <> captured THEN
    RAISE EXCEPTION 'the grants of customer % do not cover the balance', customer_id;
  END IF;
  UPDATE credits.credit_holds h
  SET state = 'captured', transaction_id = posted.id, closed_at = now, closed_by = credits.current_actor()
  WHERE h.customer_id = customer_id AND h.id = hold_id;
  UPDATE credits.accounts a
  SET credits_balance = a.credits_balance - captured, credits_held = a.credits_held - hold.amount, last_activity_at = now
  WHERE a.customer_id = customer_id;
  IF hold.metadata -> 'use' ? 'meter' THEN
    PERFORM credits.report_use(posted, hold.metadata -> 'use' ->> 'meter', (hold.metadata -> 'use' ->> 'quantity')::bigint);
  END IF;
  RETURN posted;
END $$;
