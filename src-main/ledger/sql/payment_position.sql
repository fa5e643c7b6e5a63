-- Where one provisioned payment stands: money in minor units of currency (paid, refunded, being refunded, lost or open in
-- disputes, still refundable) and credits (granted, left of that very purchase, taken back, not recovered, `wanted` back for
-- money that is gone, and of that `settled` by clawbacks). `safe_refund_minor` is the largest refund whose credits are all still there. Null money: not known.
CREATE OR REPLACE FUNCTION credits.payment_position(customer_id text, stripe_payment_id text)
RETURNS TABLE (transaction_id bigint, account_id text, currency text, payment_intent_id text, paid_minor bigint, refunded_minor bigint,
  requested_minor bigint, disputed_minor bigint, lost_minor bigint, refundable_minor bigint, safe_refund_minor bigint,
  granted bigint, remaining bigint, recovered bigint, unrecovered bigint, wanted bigint, settled bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
  WITH payment AS (
    SELECT p.*, t.amount AS granted FROM credits.stripe_payments p
    JOIN credits.credit_transactions t ON t.customer_id = p.customer_id AND t.id = p.transaction_id
    WHERE p.customer_id = payment_position.customer_id AND p.stripe_payment_id = payment_position.stripe_payment_id
  ), back AS (
    SELECT coalesce(sum(c.amount_minor) FILTER (WHERE c.kind = 'refund' AND c.status NOT IN ('failed', 'canceled')), 0) AS refunded,
      coalesce(sum(c.amount_minor) FILTER (WHERE c.is_open), 0) AS disputed,
      coalesce(sum(c.amount_minor) FILTER (WHERE c.kind = 'dispute'
        AND c.status IN ('lost', 'appeal_needs_response', 'appeal_under_review')), 0) AS lost,
      coalesce(sum(c.wanted), 0) AS wanted, coalesce(sum(c.asked), 0) AS settled
    FROM credits.money_back_claims(payment_position.customer_id, payment_position.stripe_payment_id) c
  ), asked AS (
    SELECT coalesce(sum(r.amount_minor), 0) AS requested, coalesce(sum(h.amount), 0) AS held
    FROM credits_billing.refund_requests r
    LEFT JOIN credits.credit_holds h ON h.customer_id = r.customer_id AND h.id = r.hold_id AND h.state = 'open'
    WHERE r.stripe_payment_id = payment_position.stripe_payment_id AND r.state = 'requested'
  ), own AS (
    SELECT coalesce(sum(o.remaining), 0) AS remaining
    FROM payment p CROSS JOIN LATERAL credits.own_grants(p.customer_id, p.transaction_id) o
  ), clawed AS (
    SELECT coalesce(sum(-c.amount - coalesce(v.amount, 0)), 0) AS recovered,
      coalesce(sum(CASE WHEN v.amount = -c.amount THEN 0 ELSE (c.metadata ->> 'unrecovered')::bigint END), 0) AS unrecovered
    FROM credits.credit_transactions c
    LEFT JOIN LATERAL (
      SELECT sum(x.amount) AS amount FROM credits.credit_transactions x
      WHERE x.customer_id = c.customer_id AND x.reverses_id = c.id
    ) v ON true
    WHERE c.customer_id = payment_position.customer_id AND c.stripe_payment_id = payment_position.stripe_payment_id
      AND c.transaction_type = 'clawback'
  ), available AS (
    SELECT a.credits_balance - a.credits_held AS credits FROM credits.accounts a WHERE a.customer_id = payment_position.customer_id
  ), money AS (
    SELECT p.amount_minor - least(p.amount_minor, b.refunded + b.lost + r.requested) AS refundable,
      least(p.amount_minor, b.refunded + b.lost + r.requested) AS gone
    FROM payment p CROSS JOIN back b CROSS JOIN asked r
  )
  SELECT p.transaction_id, p.account_id, p.currency, p.payment_intent_id, p.amount_minor, b.refunded::bigint, r.requested::bigint,
    b.disputed::bigint, b.lost::bigint, m.refundable::bigint,
    -- The credits for all money gone by then, rounded up, may be at most those asked for so far and those still there.
    CASE WHEN p.amount_minor > 0 THEN greatest(0, least(m.refundable,
      div(p.amount_minor * (div(p.granted * m.gone + p.amount_minor - 1, p.amount_minor)
        + greatest(0, least(o.remaining - r.held, a.credits))), p.granted::numeric) - m.gone)) ELSE 0 END::bigint,
    p.granted::bigint, o.remaining::bigint, c.recovered::bigint, c.unrecovered::bigint, b.wanted::bigint, b.settled::bigint
  FROM payment p CROSS JOIN back b CROSS JOIN asked r CROSS JOIN own o CROSS JOIN clawed c CROSS JOIN available a CROSS JOIN money m
$$;
