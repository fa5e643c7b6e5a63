/** How many balances that fell the demo tells of. */
const NOTIFICATIONS = 8;
/** Where they are looked for: in so much of the log, its newest part, which is read in some tens of milliseconds. */
const NEWEST_TRANSACTIONS = 20_000;

/**
 * Puts the watch on balances past what the current database transaction writes: what the demo's customers are made to have
 * spent tells nobody anything. A watch that looks at the same moment waits, or is waited for.
 */
export const PASS_WATCH = `UPDATE credits_billing.notification_watch
  SET horizon = greatest(horizon, (pg_current_xact_id()::text::numeric + 1)::text::xid8)`;

/**
 * Writes down the latest balances of the demo that fell below their threshold, or to nothing: each customer's last such
 * fall, as the watch would have told of it then, and without a delivery.
 */
export const TELL_LATEST = `
  INSERT INTO credits_billing.notifications (customer_id, kind, balance, threshold, transaction_id, occurred_at, created_at)
  SELECT f.customer_id, f.kind, f.balance, f.threshold, f.transaction_id, f.occurred_at, f.occurred_at
  FROM (
    WITH newest AS MATERIALIZED (
      SELECT t.id, t.customer_id, t.amount, t.balance_after, t.created_at FROM credits.credit_transactions t
      ORDER BY t.created_at DESC, t.id DESC LIMIT ${NEWEST_TRANSACTIONS}
    ), fell AS (
      SELECT DISTINCT ON (n.customer_id) n.customer_id, n.id AS transaction_id, n.balance_after AS balance, l.threshold,
        n.created_at AS occurred_at,
        CASE credits.balance_level(n.balance_after, l.threshold) WHEN 2 THEN 'empty' ELSE 'low' END AS kind
      FROM newest n
      JOIN credits.customers c ON c.id = n.customer_id
      LEFT JOIN credits_billing.plans p ON p.tier = c.plan_tier
      CROSS JOIN credits_billing.notification_settings s
      CROSS JOIN LATERAL (
        SELECT coalesce(c.low_balance_threshold, p.low_balance_threshold, s.low_balance_threshold) AS threshold
      ) l
      WHERE n.amount < 0
        AND credits.balance_level(n.balance_after, l.threshold) > credits.balance_level(n.balance_after - n.amount, l.threshold)
      ORDER BY n.customer_id, n.created_at DESC, n.id DESC
    )
    SELECT * FROM fell ORDER BY occurred_at DESC, transaction_id DESC LIMIT ${NOTIFICATIONS}
  ) f
  ORDER BY f.occurred_at, f.transaction_id`;
