-- What came in pays the debt first: takes from the open grants of a locked account, in burn order, whatever they hold
-- above the balance, for the clawbacks that still owe, oldest first. Due grants pay too: they are the customer's yet.
CREATE OR REPLACE FUNCTION credits.settle_debt(customer_id text, now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  needed bigint;
  each record;
  part bigint;
BEGIN
  SELECT coalesce(sum(g.remaining), 0) INTO needed FROM credits.credit_grants g
  WHERE g.customer_id = customer_id AND g.is_open;
  SELECT needed - greatest(a.credits_balance, 0) INTO needed FROM credits.accounts a WHERE a.customer_id = customer_id;
  FOR each IN SELECT o.transaction_id, o.owed FROM credits.clawback_owed(customer_id) o LOOP
    EXIT WHEN needed <= 0;
    part := least(needed, each.owed);
    PERFORM credits.burn_grants(customer_id, each.transaction_id, part, now, true,
      (SELECT coalesce(max(c.position), 0) + 1 FROM credits.credit_consumptions c
        WHERE c.customer_id = customer_id AND c.transaction_id = each.transaction_id));
    needed := needed - part;
  END LOOP;
END $$;
