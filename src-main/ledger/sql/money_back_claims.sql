-- What each refund and dispute of a payment means for its credits, in the order they were first seen: `wanted` credits to
-- take for the money that is gone (pro rata over all of it, rounded up, never more than was granted), `asked` what
-- clawbacks for it already settle, `is_open` while a dispute is undecided, and the hold that waits for it. A clawback
-- that a person reversed by hand stays settled; one that this reversed does not.
CREATE OR REPLACE FUNCTION credits.money_back_claims(customer_id text, stripe_payment_id text)
RETURNS TABLE (money_back_id text, kind text, status text, policy text, hold_id bigint, is_open boolean, amount_minor bigint,
  wanted bigint, asked bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
  WITH claim AS (
    SELECT m.*, p.amount_minor AS paid_minor, t.amount AS credits, coalesce(m.hold_id, r.hold_id) AS open_hold_id,
      -- A lost dispute stays lost through an appeal, until that is won.
      CASE WHEN (m.kind = 'refund' AND m.status NOT IN ('failed', 'canceled'))
        OR (m.kind = 'dispute' AND m.status IN ('lost', 'appeal_needs_response', 'appeal_under_review'))
        THEN m.amount_minor ELSE 0 END AS gone_minor
    FROM credits.stripe_payments p
    JOIN credits.credit_transactions t ON t.customer_id = p.customer_id AND t.id = p.transaction_id
    JOIN credits_billing.money_back m ON m.payment_intent_id = p.payment_intent_id
    LEFT JOIN credits_billing.refund_requests r ON r.money_back_id = m.id
    WHERE p.customer_id = money_back_claims.customer_id AND p.stripe_payment_id = money_back_claims.stripe_payment_id
      AND p.amount_minor > 0
  ), cumulated AS (
    SELECT c.*, least(c.paid_minor, sum(c.gone_minor) OVER (ORDER BY c.position)) AS through_minor,
      least(c.paid_minor, sum(c.gone_minor) OVER (ORDER BY c.position) - c.gone_minor) AS before_minor
    FROM claim c
  )
  SELECT c.id, c.kind, c.status, c.policy, c.open_hold_id,
    c.kind = 'dispute' AND c.status IN ('needs_response', 'under_review', 'warning_needs_response', 'warning_under_review'),
    c.amount_minor,
    (div(c.credits * c.through_minor + c.paid_minor - 1, c.paid_minor)
      - div(c.credits * c.before_minor + c.paid_minor - 1, c.paid_minor))::bigint,
    coalesce((
      SELECT sum((x.metadata ->> 'asked')::bigint) FROM credits.credit_transactions x
      WHERE x.customer_id = money_back_claims.customer_id AND x.stripe_payment_id = money_back_claims.stripe_payment_id
        AND x.transaction_type = 'clawback' AND x.metadata ->> 'money_back_id' = c.id
        AND NOT EXISTS (
          SELECT FROM credits.credit_transactions v
          WHERE v.customer_id = x.customer_id AND v.reverses_id = x.id AND v.idempotency_key LIKE 'stripe:return:%')
    ), 0)::bigint
  FROM cumulated c ORDER BY c.position
$$;
