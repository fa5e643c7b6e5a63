import {
  agent,
  type Batch,
  entryAt,
  indexInto,
  KIND,
  nowLiteral,
  reasonMetadata,
} from './batch-plan.ts';
import { chanceOf, textArray } from './chance.ts';
import { FEATURES } from './features.ts';
import { EXTENSION_REASONS, NOTES } from './word-lists.ts';

/** Statements that write a planned batch into the ledger's tables, to be run in order in the plan's transaction. */
export function writeStatements(batch: Batch): string[] {
  const chance = chanceOf(batch.seed);
  const { unit, bits } = chance;
  const now = nowLiteral(batch);
  const lastId = batch.firstId - 1;
  return [
    `CREATE TEMP TABLE seed_posted ON COMMIT DROP AS
    SELECT r.*, sum(amount) OVER w AS balance_after, CASE WHEN transaction_type = 'reversal' THEN lag(id) OVER w END AS reverses_id
    FROM (SELECT ${lastId} + row_number() OVER (ORDER BY at, n, i, sub) AS id, * FROM seed_rows) r
    WINDOW w AS (PARTITION BY n ORDER BY i, sub ROWS UNBOUNDED PRECEDING)`,
    'ANALYZE pg_temp.seed_posted (n, i, sub)',
    'ANALYZE pg_temp.seed_consumptions (n, i, sub, lot_id)',

    `INSERT INTO credits.customers (id, email, name, stripe_customer_id, plan_tier, low_balance_threshold, metadata, created_at)
    SELECT customer_id, email, name, stripe_customer_id, plan_tier, low_balance_threshold, metadata,
      signed_up_at - interval '20 seconds'
    FROM seed_customers ORDER BY n`,

    `INSERT INTO credits.credit_transactions (id, customer_id, amount, balance_after, transaction_type, description, feature,
      stripe_payment_id, idempotency_key, reverses_id, actor, metadata, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT p.id, c.customer_id, p.amount, p.balance_after, p.transaction_type,
      coalesce(p.description, (${textArray(FEATURES.map((each) => each.title))})[p.feature]),
      (${textArray(FEATURES.map((each) => each.feature))})[nullif(p.feature, 0)],
      p.stripe_payment_id,
      CASE WHEN p.transaction_type = 'usage' THEN 'req_' || to_hex(p.bits)
        WHEN p.transaction_type = 'expire' THEN NULL
        WHEN p.transaction_type = 'clawback' THEN 'clawback_' || p.stripe_payment_id
        WHEN p.stripe_payment_id IS NOT NULL THEN 'paid_' || p.stripe_payment_id
        WHEN p.actor = 'billing_service' THEN NULL
        ELSE md5('${batch.seed} ' || p.id)::uuid::text END,
      p.reverses_id, coalesce(p.actor, 'product_api'),
      CASE WHEN p.transaction_type = 'usage'
        THEN jsonb_build_object('quantity', p.quantity, 'unit_cost', (ARRAY[${FEATURES.map((each) => each.cost).join(', ')}])[p.feature])
        ELSE p.metadata END,
      p.at
    FROM seed_posted p JOIN seed_customers c ON c.n = p.n ORDER BY p.id`,

    `INSERT INTO credits.credit_grants
      (id, customer_id, transaction_id, granted, remaining, is_open, priority, is_paid, expires_at, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT l.lot_id, c.customer_id, p.id, l.granted, l.granted - coalesce(used.amount, 0),
      l.granted > coalesce(used.amount, 0), l.priority, l.is_paid, l.ends_at, l.starts_at
    FROM seed_lots l
    JOIN seed_customers c ON c.n = l.n
    JOIN seed_posted p ON p.n = l.n AND p.i = l.i AND p.sub = l.sub
    LEFT JOIN (SELECT lot_id, sum(amount) AS amount FROM seed_consumptions GROUP BY lot_id) used ON used.lot_id = l.lot_id
    ORDER BY l.lot_id`,

    `INSERT INTO credits.credit_consumptions (customer_id, transaction_id, grant_id, amount, position)
    SELECT c.customer_id, p.id, u.lot_id, u.amount, u.position
    FROM seed_consumptions u
    JOIN seed_posted p ON p.n = u.n AND p.i = u.i AND p.sub = u.sub
    JOIN seed_customers c ON c.n = u.n
    ORDER BY u.n, p.id, u.position`,

    // An account of its own, so that no real one is reconciled with made-up payments.
    `INSERT INTO credits.stripe_payments (stripe_payment_id, customer_id, transaction_id, account_id)
    SELECT p.stripe_payment_id, c.customer_id, p.id, 'demo' FROM seed_posted p JOIN seed_customers c ON c.n = p.n
    WHERE p.stripe_payment_id IS NOT NULL AND p.transaction_type IN ('purchase', 'subscription_allocation')`,

    `CREATE TEMP TABLE seed_ends ON COMMIT DROP AS
    SELECT n, sum(amount)::bigint AS balance, sum(amount) FILTER (WHERE transaction_type = 'purchase') AS lifetime, max(at) AS last_at
    FROM seed_posted GROUP BY n`,

    // Work in progress.
    `INSERT INTO credits.credit_holds (id, customer_id, amount, feature, description, expires_at, idempotency_key, actor, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT ${lastId} + row_number() OVER (ORDER BY e.n), c.customer_id,
      least(greatest(1, e.balance / 6), 25 * (1 + (${bits('e.n', 91)} & 7))), 'ai_analysis', 'AI analysis in progress',
      ${now} + (2 + 100 * ${unit('e.n', 92)}) * interval '1 hour', 'hold_' || to_hex(${bits('e.n', 93)}), 'product_api',
      greatest(e.last_at, ${now} - (1 + 20 * ${unit('e.n', 94)}) * interval '1 minute')
    FROM seed_ends e JOIN seed_customers c ON c.n = e.n
    WHERE e.balance >= 30 AND ${unit('e.n', 90)} < 0.025 AND c.active_until = ${now}`,

    `INSERT INTO credits.accounts (customer_id, credits_balance, credits_held, lifetime_credits, next_due_at, last_activity_at)
    SELECT c.customer_id, coalesce(e.balance, 0), coalesce(h.amount, 0), coalesce(e.lifetime, 0),
      least(coalesce(g.expires_at, 'infinity'), coalesce(h.expires_at, 'infinity')), e.last_at
    FROM seed_customers c
    LEFT JOIN seed_ends e ON e.n = c.n
    LEFT JOIN credits.credit_holds h ON h.customer_id = c.customer_id
    LEFT JOIN (
      SELECT o.n, min(o.ends_at) AS expires_at FROM seed_open o JOIN seed_customers c ON c.n = o.n
      JOIN credits.credit_grants g ON g.customer_id = c.customer_id AND g.id = o.lot_id AND g.is_open GROUP BY o.n
    ) g ON g.n = c.n
    ORDER BY c.n`,

    `INSERT INTO credits.credit_grant_changes (id, customer_id, grant_id, expires_at_before, expires_at_after, reason, actor, metadata, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT ${lastId} + row_number() OVER (ORDER BY l.lot_id), c.customer_id, l.lot_id,
      l.starts_at + (l.ends_at - l.starts_at) * 0.6, l.ends_at, ${entryAt(EXTENSION_REASONS, 1, 'r.index')},
      ${agent(chance, 'l.lot_id', 96)}, ${reasonMetadata(chance, entryAt(EXTENSION_REASONS, 0, 'r.index'), 'l.lot_id', 97)},
      l.starts_at + least(${now} - l.starts_at, (l.ends_at - l.starts_at) * 0.6) * 0.5
    FROM seed_lots l JOIN seed_customers c ON c.n = l.n
    JOIN credits.credit_grants g ON g.customer_id = c.customer_id AND g.id = l.lot_id AND g.is_open
    CROSS JOIN LATERAL (SELECT ${indexInto(chance, EXTENSION_REASONS, 'l.lot_id', 98)} AS index) r
    WHERE l.kind = ${KIND.promo} AND l.ends_at > ${now} AND ${unit('l.lot_id', 99)} < 0.3`,

    `INSERT INTO credits.customer_notes (id, customer_id, note, actor, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT ${lastId} + row_number() OVER (ORDER BY c.n), c.customer_id, ${chance.oneOf(NOTES, 'c.n', 100)},
      ${agent(chance, 'c.n', 101)}, c.signed_up_at + (${now} - c.signed_up_at) * ${unit('c.n', 102)}
    FROM seed_customers c WHERE ${unit('c.n', 103)} < 0.04`,
    'DROP TABLE seed_ends',
  ];
}
