-- How much of a provisioned payment may still be clawed back: what it added, less its reversals, less what clawbacks
-- have asked for. A clawback that was reversed counts no longer, as far as it was.
CREATE OR REPLACE FUNCTION credits.payment_unsettled(customer_id text, provisioned_id bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
  WITH provisioned AS (
    SELECT t.* FROM credits.credit_transactions t
    WHERE t.customer_id = payment_unsettled.customer_id AND t.id = provisioned_id
  ), reversals AS (
    SELECT v.reverses_id, sum(abs(v.amount)) AS amount FROM credits.credit_transactions v
    WHERE v.customer_id = payment_unsettled.customer_id AND v.reverses_id IS NOT NULL
    GROUP BY v.reverses_id
  ), clawbacks AS (
    SELECT sum(CASE WHEN r.amount = -c.amount THEN 0
      ELSE (c.metadata ->> 'asked')::bigint - coalesce(r.amount, 0) END) AS amount
    FROM provisioned p
    JOIN credits.credit_transactions c ON c.customer_id = p.customer_id
      AND c.stripe_payment_id = p.stripe_payment_id AND c.transaction_type = 'clawback'
    LEFT JOIN reversals r ON r.reverses_id = c.id
  )
  SELECT (p.amount - coalesce(r.amount, 0) - coalesce(c.amount, 0))::bigint
  FROM provisioned p CROSS JOIN clawbacks c LEFT JOIN reversals r ON r.reverses_id = p.id
$$;
