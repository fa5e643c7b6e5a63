-- Puts `amount` credits that a debit took back on the grants they came from, the last taken from first, for the
-- reversal `reversal_id`. An expired grant comes back as a new one of the same priority that ends 30 days from `now`.
CREATE OR REPLACE FUNCTION credits.return_to_grants(
  customer_id text, original_id bigint, reversal_id bigint, amount bigint, now timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  needed bigint := amount;
  place integer := 1;
  part bigint;
  each record;
BEGIN
  FOR each IN
    SELECT c.grant_id, g.priority, g.is_paid, g.expires_at,
      c.amount - coalesce(back.amount, 0) - coalesce(anew.amount, 0) AS outstanding
    FROM credits.credit_consumptions c
    JOIN credits.credit_grants g ON g.customer_id = c.customer_id AND g.id = c.grant_id
    LEFT JOIN LATERAL (
      SELECT sum(-x.amount) AS amount
      FROM credits.credit_transactions v
      JOIN credits.credit_consumptions x ON x.customer_id = v.customer_id AND x.transaction_id = v.id
      WHERE v.customer_id = c.customer_id AND v.reverses_id = original_id AND x.grant_id = c.grant_id
    ) back ON true
    LEFT JOIN LATERAL (
      SELECT sum(n.granted) AS amount
      FROM credits.credit_transactions v
      JOIN credits.credit_grants n ON n.customer_id = v.customer_id AND n.transaction_id = v.id
      WHERE v.customer_id = c.customer_id AND v.reverses_id = original_id AND n.restores_grant_id = c.grant_id
    ) anew ON true
    WHERE c.customer_id = customer_id AND c.transaction_id = original_id
    ORDER BY c.position DESC
  LOOP
    EXIT WHEN needed = 0;
    part := least(needed, each.outstanding);
    CONTINUE WHEN part = 0;
    IF each.expires_at <= now THEN
      INSERT INTO credits.credit_grants (customer_id, transaction_id, granted, remaining, priority, is_paid, expires_at,
        restores_grant_id, created_at)
      VALUES (customer_id, reversal_id, part, part, each.priority, each.is_paid, now + interval '30 days',
        each.grant_id, now);
      UPDATE credits.accounts a SET next_due_at = least(a.next_due_at, now + interval '30 days')
      WHERE a.customer_id = customer_id;
    ELSE
      UPDATE credits.credit_grants g SET remaining = g.remaining + part, is_open = true
      WHERE g.customer_id = customer_id AND g.id = each.grant_id;
      INSERT INTO credits.credit_consumptions (customer_id, transaction_id, grant_id, amount, position)
      VALUES (customer_id, reversal_id, each.grant_id, -part, place);
      -- The grant may have been used up, so the account's next due instant may have passed it over.
      UPDATE credits.accounts a SET next_due_at = least(a.next_due_at, each.expires_at)
      WHERE a.customer_id = customer_id;
    END IF;
    needed := needed - part;
    place := place + 1;
  END LOOP;
  IF needed <> 0 THEN
    RAISE EXCEPTION 'the consumptions of transaction % of customer % do not sum to it', original_id, customer_id;
  END IF;
END $$;
