-- Every broken rule of the ledger, of one customer or of all: no rows means none. Rules are numbered as in the README;
-- rule 9 (nothing acknowledged is lost) no sum can show, only the callers' own lists of keys can.
-- The result's customer_id has the argument's name, so the argument is INOUT: that is how SQL writes one name for both.
CREATE OR REPLACE FUNCTION credits.check_integrity(
  OUT rule text, INOUT customer_id text DEFAULT NULL, OUT detail text
) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
  WITH
  account AS (
    SELECT a.* FROM credits.accounts a WHERE $1 IS NULL OR a.customer_id = $1
  ), entry AS (
    SELECT t.* FROM credits.credit_transactions t WHERE $1 IS NULL OR t.customer_id = $1
  ), lot AS (
    SELECT g.* FROM credits.credit_grants g WHERE $1 IS NULL OR g.customer_id = $1
  ), consumption AS (
    SELECT c.* FROM credits.credit_consumptions c WHERE $1 IS NULL OR c.customer_id = $1
  ), hold AS (
    SELECT h.* FROM credits.credit_holds h WHERE ($1 IS NULL OR h.customer_id = $1) AND h.state = 'open'
  ),
  entry_sums AS (
    SELECT e.customer_id, sum(e.amount) AS balance, sum(e.amount) FILTER (WHERE e.transaction_type = 'purchase') AS purchased,
      bool_or(e.transaction_type = 'clawback') AS clawed_back,
      bool_or(e.transaction_type = 'clawback' AND e.metadata ->> 'policy' = 'debt') AS in_debt_once
    FROM entry e GROUP BY e.customer_id
  ), chain AS (
    SELECT e.customer_id, e.id, e.amount, e.balance_after, e.transaction_type,
      e.balance_after - e.amount - coalesce(lag(e.balance_after) OVER (PARTITION BY e.customer_id ORDER BY e.id), 0) AS gap
    FROM entry e
  ), lot_sums AS (
    SELECT l.customer_id, sum(l.remaining) AS remaining FROM lot l GROUP BY l.customer_id
  ), hold_sums AS (
    SELECT h.customer_id, sum(h.amount) AS held FROM hold h GROUP BY h.customer_id
  ),
  -- By transaction: what it took from grants (less what it put back) and what it granted.
  taken AS (
    SELECT c.customer_id, c.transaction_id, sum(c.amount) AS amount, bool_or(c.amount > 0) AND bool_or(c.amount < 0) AS mixed
    FROM consumption c GROUP BY c.customer_id, c.transaction_id
  ), made AS (
    SELECT l.customer_id, l.transaction_id, sum(l.granted) AS granted FROM lot l GROUP BY l.customer_id, l.transaction_id
  ), movement AS (
    SELECT e.customer_id, e.id, e.transaction_type, e.amount, e.reverses_id,
      e.amount + coalesce(t.amount, 0) - coalesce(m.granted, 0) AS uncovered, coalesce(t.mixed, false) AS mixed
    FROM entry e
    LEFT JOIN taken t ON t.customer_id = e.customer_id AND t.transaction_id = e.id
    LEFT JOIN made m ON m.customer_id = e.customer_id AND m.transaction_id = e.id
  ),
  -- By grant: what was taken from it, less what came back on it.
  used AS (
    SELECT c.customer_id, c.grant_id, sum(c.amount) AS amount FROM consumption c GROUP BY c.customer_id, c.grant_id
  ), reversed AS (
    SELECT e.customer_id, e.reverses_id, sum(e.amount) AS amount FROM entry e
    WHERE e.reverses_id IS NOT NULL GROUP BY e.customer_id, e.reverses_id
  )
  SELECT '1 balance is the sum of transactions', a.customer_id,
    format('balance %s, sum %s', a.credits_balance, coalesce(s.balance, 0))
  FROM account a LEFT JOIN entry_sums s ON s.customer_id = a.customer_id
  WHERE a.credits_balance <> coalesce(s.balance, 0)
  UNION ALL
  SELECT '1 balance is the sum of transactions', s.customer_id, 'transactions without an account'
  FROM entry_sums s LEFT JOIN account a ON a.customer_id = s.customer_id WHERE a.customer_id IS NULL
  UNION ALL
  SELECT '2 balance_after follows from the one before', c.customer_id,
    format('transaction %s is off by %s', c.id, c.gap)
  FROM chain c WHERE c.gap <> 0
  UNION ALL
  SELECT '3 what is left of grants is the balance', a.customer_id,
    format('balance %s, left of grants %s', a.credits_balance, coalesce(l.remaining, 0))
  FROM account a LEFT JOIN lot_sums l ON l.customer_id = a.customer_id
  WHERE greatest(a.credits_balance, 0) <> coalesce(l.remaining, 0)
  UNION ALL
  SELECT '3 a grant is open while something is left of it', l.customer_id,
    format('grant %s has %s left and is marked %s', l.id, l.remaining, CASE WHEN l.is_open THEN 'open' ELSE 'closed' END)
  FROM lot l WHERE l.is_open <> (l.remaining > 0)
  UNION ALL
  -- A transaction's amount is what it granted less what it took; only clawbacks, and reversals of them, may fall
  -- short, by what is owed.
  SELECT '4 consumptions sum to their transaction', m.customer_id,
    format('transaction %s of %s is uncovered by %s', m.id, m.amount, m.uncovered)
  FROM movement m
  LEFT JOIN entry original ON original.customer_id = m.customer_id AND original.id = m.reverses_id
  WHERE m.mixed
    OR (m.uncovered <> 0 AND m.transaction_type <> 'clawback'
      AND NOT (m.transaction_type = 'reversal' AND original.transaction_type = 'clawback'))
    OR (m.transaction_type = 'clawback' AND m.uncovered > 0)
    OR (m.transaction_type = 'reversal' AND m.uncovered < 0)
  UNION ALL
  SELECT '4 consumptions sum to their transaction', a.customer_id,
    format('clawbacks owe %s at a balance of %s', -coalesce(sum(m.uncovered), 0), a.credits_balance)
  FROM account a LEFT JOIN movement m ON m.customer_id = a.customer_id
  GROUP BY a.customer_id, a.credits_balance
  HAVING coalesce(sum(m.uncovered), 0) <> least(a.credits_balance, 0)
  UNION ALL
  SELECT '4 no grant is consumed beyond what it granted', l.customer_id,
    format('grant %s granted %s, used %s, left %s', l.id, l.granted, coalesce(u.amount, 0), l.remaining)
  FROM lot l LEFT JOIN used u ON u.customer_id = l.customer_id AND u.grant_id = l.id
  WHERE l.granted - coalesce(u.amount, 0) <> l.remaining OR coalesce(u.amount, 0) < 0
  UNION ALL
  SELECT '4 no grant is consumed beyond what it granted', u.customer_id, format('grant %s does not exist', u.grant_id)
  FROM used u LEFT JOIN lot l ON l.customer_id = u.customer_id AND l.id = u.grant_id WHERE l.id IS NULL
  UNION ALL
  SELECT '4 reversals add up to at most the whole', r.customer_id,
    format('transaction %s of %s is reversed by %s', r.reverses_id, e.amount, r.amount)
  FROM reversed r LEFT JOIN entry e ON e.customer_id = r.customer_id AND e.id = r.reverses_id
  WHERE e.id IS NULL OR abs(r.amount) > abs(e.amount) OR (sign(r.amount) = sign(e.amount) AND r.amount <> 0)
  UNION ALL
  SELECT '5 held is the sum of open holds', a.customer_id,
    format('held %s, open holds %s', a.credits_held, coalesce(h.held, 0))
  FROM account a LEFT JOIN hold_sums h ON h.customer_id = a.customer_id
  WHERE a.credits_held <> coalesce(h.held, 0)
  UNION ALL
  SELECT '5 held is at most the balance', a.customer_id, format('held %s, balance %s', a.credits_held, a.credits_balance)
  FROM account a LEFT JOIN entry_sums s ON s.customer_id = a.customer_id
  WHERE a.credits_held > a.credits_balance AND a.credits_held > 0 AND NOT coalesce(s.clawed_back, false)
  UNION ALL
  SELECT '6 lifetime is the sum of purchases', a.customer_id,
    format('lifetime %s, purchases %s', a.lifetime_credits, coalesce(s.purchased, 0))
  FROM account a LEFT JOIN entry_sums s ON s.customer_id = a.customer_id
  WHERE a.lifetime_credits <> coalesce(s.purchased, 0)
  UNION ALL
  SELECT '7 one Stripe payment provisions once', min(t.customer_id), format('%s provisions %s times', t.stripe_payment_id, count(*))
  FROM credits.credit_transactions t
  WHERE t.stripe_payment_id IS NOT NULL AND t.transaction_type IN ('purchase', 'subscription_allocation')
    AND ($1 IS NULL OR t.stripe_payment_id IN (SELECT e.stripe_payment_id FROM entry e WHERE e.stripe_payment_id IS NOT NULL))
  GROUP BY t.stripe_payment_id HAVING count(*) > 1
  UNION ALL
  SELECT '7 one idempotency key moves credits once', k.customer_id, format('key %s stands on %s rows', k.idempotency_key, count(*))
  FROM (
    SELECT e.customer_id, e.idempotency_key FROM entry e WHERE e.idempotency_key IS NOT NULL
    UNION ALL
    SELECT h.customer_id, h.idempotency_key FROM credits.credit_holds h
    WHERE h.idempotency_key IS NOT NULL AND ($1 IS NULL OR h.customer_id = $1)
  ) k GROUP BY k.customer_id, k.idempotency_key HAVING count(*) > 1
  UNION ALL
  -- Below zero only by a debt clawback: any other row that ends below zero must have found the balance there.
  SELECT '8 nothing below zero but by a debt clawback', c.customer_id,
    format('transaction %s of %s leaves %s', c.id, c.amount, c.balance_after)
  FROM chain c LEFT JOIN entry_sums s ON s.customer_id = c.customer_id
  WHERE c.balance_after < 0
    AND (NOT coalesce(s.in_debt_once, false) OR (c.amount < 0 AND c.transaction_type <> 'clawback'))
$$;
