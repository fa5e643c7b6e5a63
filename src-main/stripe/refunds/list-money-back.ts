import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import { decodeCursor, encodeCursor } from '#main/database/page-cursor.ts';
import type { RunQuery } from '#main/database/run-query.ts';
import type { billingProcedures, moneyBackSchema } from '#shared/ipc/billing.ts';
import type { ClawbackPolicy } from '#shared/ipc/stripe.ts';

type Procedure = (typeof billingProcedures)['billing.moneyBack'];
type Options = z.output<Procedure['input']>;
type Page = z.input<Procedure['output']>;
export type MoneyBackData = z.input<typeof moneyBackSchema>;

const SCOPE = 'billing.moneyBack';

type Row = {
  id: string;
  kind: MoneyBackData['kind'];
  status: string;
  reason: string | null;
  policy: ClawbackPolicy;
  amount_minor: number;
  currency: string;
  customer_id: string | null;
  customer_name: string | null;
  stripe_payment_id: string | null;
  transaction_id: string | null;
  payment_intent_id: string;
  asked: number;
  recovered: number;
  unrecovered: number;
  held: number;
  created_at: Date;
  /** Exactly as the database has it: where the next page begins. */
  place: string;
};

type Totals = {
  count: number;
  asked_total: number;
  recovered_total: number;
  unrecovered_total: number;
  held_total: number;
  /** Amounts as text: a sum may be beyond what JSON's numbers hold. */
  money: Record<string, string>;
};

/**
 * Refunds and disputes, newest first, and sums over everything the filter finds. What the money stands for, what clawbacks
 * took and what was not there any more come from the ledger's own rows. Errors: invalid_argument (a cursor of another list).
 */
export async function listMoneyBack(
  run: RunQuery,
  { filter, cursor, limit }: Options,
): Promise<Page> {
  const after = cursor === null ? undefined : decodeCursor(SCOPE, cursor);
  const from =
    after === undefined
      ? sql`true`
      : sql`(f.created_at, f.id) < (${after[0]}::timestamptz, ${after[1]})`;
  // The sums stand on every row; a page without rows still has them.
  const rows = await run(sql<Totals & { [Name in keyof Row]: Row[Name] | null }>`
    WITH found AS MATERIALIZED (${moneyBack(conditionsOf(filter))}),
    shown AS (SELECT * FROM found f WHERE ${showOf(filter.show)}),
    gone AS (
      SELECT f.currency, sum(f.amount_minor) AS amount FROM shown f
      WHERE CASE f.kind WHEN 'refund' THEN f.status NOT IN ('failed', 'canceled')
        ELSE f.status NOT IN ('won', 'prevented') AND f.status NOT LIKE 'warning%' END
      GROUP BY f.currency
    ),
    totals AS (
      SELECT count(*) AS count, coalesce(sum(f.asked), 0)::bigint AS asked_total,
        coalesce(sum(f.recovered), 0)::bigint AS recovered_total,
        coalesce(sum(f.unrecovered), 0)::bigint AS unrecovered_total, coalesce(sum(f.held), 0)::bigint AS held_total,
        (SELECT coalesce(jsonb_object_agg(g.currency, g.amount::text), '{}') FROM gone g) AS money
      FROM shown f
    )
    SELECT t.*, p.*, p.created_at::text AS place FROM totals t
    LEFT JOIN (
      SELECT * FROM shown f WHERE ${from} ORDER BY f.created_at DESC, f.id DESC LIMIT ${limit + 1}
    ) p ON true
    ORDER BY p.created_at DESC, p.id DESC`);
  const [first] = rows;
  if (!first) throw new Error('the sums of refunds and disputes are missing');
  const page = rows.filter((row): row is Totals & Row => row.id !== null);
  const last = page[limit - 1];
  return {
    rows: page.slice(0, limit).map(toMoneyBack),
    nextCursor: page.length > limit && last ? encodeCursor(SCOPE, [last.place, last.id]) : null,
    totals: {
      count: first.count,
      asked: first.asked_total,
      recovered: first.recovered_total,
      unrecovered: first.unrecovered_total,
      held: first.held_total,
      money: Object.entries(first.money)
        .map(([currency, amount]) => ({ currency, amountMinor: Number(amount) }))
        .sort((one, other) => one.currency.localeCompare(other.currency)),
    },
  };
}

/** A customer's refunds and disputes, newest first, at most `limit`. */
export async function listCustomerMoneyBack(
  run: RunQuery,
  customerId: string,
  limit: number,
): Promise<MoneyBackData[]> {
  const rows = await run(sql<Row>`
    SELECT f.* FROM (${moneyBack(sql`p.customer_id = ${customerId}`)}) f
    ORDER BY f.created_at DESC, f.id DESC LIMIT ${limit}`);
  return rows.map(toMoneyBack);
}

function conditionsOf(filter: Options['filter']): RawBuilder<unknown> {
  const conditions = [
    ...(filter.kind === undefined ? [] : [sql`m.kind = ${filter.kind}`]),
    ...(filter.createdSince === undefined ? [] : [sql`m.created_at >= ${filter.createdSince}`]),
    ...(filter.createdBefore === undefined ? [] : [sql`m.created_at < ${filter.createdBefore}`]),
    ...(filter.show === 'open' ? [sql`m.kind = 'dispute'`] : []),
  ];
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `);
}

function showOf(show: Options['filter']['show']): RawBuilder<unknown> {
  switch (show) {
    case 'all':
      return sql`true`;
    case 'open':
      return sql`f.is_open`;
    case 'unrecovered':
      return sql`f.unrecovered > 0`;
  }
}

/**
 * Each refund and dispute `m` of a payment `p` (null where the ledger knows none), with what it did to credits. A clawback
 * that was reversed took nothing.
 */
function moneyBack(where: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    SELECT m.id, m.kind, m.status, m.reason, m.policy, m.amount_minor, m.currency, m.payment_intent_id, m.created_at,
      p.customer_id, c.name AS customer_name, p.stripe_payment_id, p.transaction_id::text AS transaction_id,
      coalesce(k.wanted, 0) AS asked, coalesce(k.is_open, false) AS is_open, coalesce(h.amount, 0) AS held,
      b.recovered::bigint AS recovered, b.unrecovered::bigint AS unrecovered
    FROM credits_billing.money_back m
    LEFT JOIN credits.stripe_payments p ON p.payment_intent_id = m.payment_intent_id
    LEFT JOIN credits.customers c ON c.id = p.customer_id
    LEFT JOIN LATERAL credits.money_back_claims(p.customer_id, p.stripe_payment_id) k ON k.money_back_id = m.id
    LEFT JOIN credits.credit_holds h ON h.customer_id = p.customer_id AND h.id = k.hold_id AND h.state = 'open'
      AND h.expires_at > clock_timestamp()
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(-x.amount - coalesce(v.amount, 0)), 0) AS recovered,
        coalesce(sum(CASE WHEN v.amount = -x.amount THEN 0 ELSE (x.metadata ->> 'unrecovered')::bigint END), 0) AS unrecovered
      FROM credits.credit_transactions x
      LEFT JOIN LATERAL (
        SELECT sum(r.amount) AS amount FROM credits.credit_transactions r
        WHERE r.customer_id = x.customer_id AND r.reverses_id = x.id
      ) v ON true
      WHERE x.customer_id = p.customer_id AND x.stripe_payment_id = p.stripe_payment_id AND x.transaction_type = 'clawback'
        AND x.metadata ->> 'money_back_id' = m.id
    ) b
    WHERE ${where}`;
}

function toMoneyBack(row: Row): MoneyBackData {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    reason: row.reason,
    policy: row.policy,
    price: { amountMinor: row.amount_minor, currency: row.currency },
    customerId: row.customer_id,
    customerName: row.customer_name,
    stripePaymentId: row.stripe_payment_id,
    purchaseTransactionId: row.transaction_id,
    paymentIntentId: row.payment_intent_id,
    asked: row.asked,
    recovered: row.recovered,
    unrecovered: row.unrecovered,
    held: row.held,
    createdAt: row.created_at.toISOString(),
  };
}
