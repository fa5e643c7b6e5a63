-- One customer's balance as it stands now: the stored balance, what open holds set aside, what is available (balance −
-- held − grants already due to expire), what was ever bought, and the next expiry with its amount. CR404.
CREATE OR REPLACE FUNCTION credits.get_balance(customer_id text)
RETURNS TABLE (balance bigint, held bigint, available bigint, lifetime bigint,
  next_expires_at timestamptz, next_expires_amount bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  account credits.accounts;
  now timestamptz := clock_timestamp();
BEGIN
  SELECT a.* INTO account FROM credits.accounts a WHERE a.customer_id = customer_id;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'customer', 'id', customer_id));
  END IF;
  balance := account.credits_balance;
  lifetime := account.lifetime_credits;
  IF account.next_due_at > now THEN
    held := account.credits_held;
    available := balance - held;
  ELSE
    -- Something may be due that no debit and no job has swept yet.
    SELECT coalesce(sum(h.amount), 0) INTO held FROM credits.credit_holds h
    WHERE h.customer_id = customer_id AND h.state = 'open' AND h.expires_at > now;
    SELECT balance - held - coalesce(sum(d.due), 0) INTO available FROM credits.due_grants(customer_id, now) d;
  END IF;
  SELECT g.expires_at, sum(g.remaining) INTO next_expires_at, next_expires_amount FROM credits.credit_grants g
  WHERE g.customer_id = customer_id AND g.is_open AND g.expires_at > now
  GROUP BY g.expires_at ORDER BY g.expires_at LIMIT 1;
  RETURN NEXT;
END $$;
