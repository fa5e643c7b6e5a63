-- What each clawback of a customer still owes, oldest first: what it took, less what reversals undid, less what
-- grants have paid for it.
CREATE OR REPLACE FUNCTION credits.clawback_owed(customer_id text)
RETURNS TABLE (transaction_id bigint, owed bigint)
LANGUAGE sql STABLE AS $$
  SELECT c.id, (-c.amount - coalesce(r.reversed, 0) - coalesce(p.paid, 0) + coalesce(r.returned, 0))::bigint AS owed
  FROM credits.credit_transactions c
  LEFT JOIN LATERAL (
    SELECT sum(x.amount) AS paid FROM credits.credit_consumptions x
    WHERE x.customer_id = c.customer_id AND x.transaction_id = c.id
  ) p ON true
  LEFT JOIN LATERAL (
    SELECT sum(v.amount) AS reversed, sum(coalesce(back.amount, 0) + coalesce(anew.amount, 0)) AS returned
    FROM credits.credit_transactions v
    LEFT JOIN LATERAL (
      SELECT sum(-x.amount) AS amount FROM credits.credit_consumptions x
      WHERE x.customer_id = v.customer_id AND x.transaction_id = v.id
    ) back ON true
    LEFT JOIN LATERAL (
      SELECT sum(g.granted) AS amount FROM credits.credit_grants g
      WHERE g.customer_id = v.customer_id AND g.transaction_id = v.id
    ) anew ON true
    WHERE v.customer_id = c.customer_id AND v.reverses_id = c.id
  ) r ON true
  WHERE c.customer_id = clawback_owed.customer_id AND c.transaction_type = 'clawback'
    AND -c.amount - coalesce(r.reversed, 0) - coalesce(p.paid, 0) + coalesce(r.returned, 0) > 0
  ORDER BY c.id
$$;
