import { type RawBuilder, sql } from 'kysely';
import { escapeLike } from '#main/database/query-text.ts';
import type { TransactionFilter } from '#shared/ipc/transactions.ts';

/** The condition on rows `t` of the log that a filter stands for. */
export function conditionOf(filter: TransactionFilter): RawBuilder<unknown> {
  const conditions: RawBuilder<unknown>[] = [];
  if (filter.types && filter.types.length > 0) {
    conditions.push(sql`t.transaction_type = ANY (${filter.types}::text[])`);
    // Said in these words, the small index of the log without usage can answer.
    if (!filter.types.includes('usage')) conditions.push(sql`t.transaction_type <> 'usage'`);
  }
  if (filter.feature !== undefined) {
    conditions.push(
      filter.feature === '' ? sql`t.feature IS NULL` : sql`t.feature = ${filter.feature}`,
    );
  }
  if (filter.actor !== undefined) conditions.push(sql`t.actor = ${filter.actor}`);
  if (filter.amountMin !== undefined) {
    conditions.push(sql`abs(t.amount) >= ${filter.amountMin}::bigint`);
  }
  if (filter.amountMax !== undefined) {
    conditions.push(sql`abs(t.amount) <= ${filter.amountMax}::bigint`);
  }
  if (filter.from !== undefined) conditions.push(sql`t.created_at >= ${filter.from}`);
  if (filter.to !== undefined) conditions.push(sql`t.created_at < ${filter.to}`);
  if (filter.customerId !== undefined) conditions.push(sql`t.customer_id = ${filter.customerId}`);
  const text = filter.text?.trim() ?? '';
  if (text !== '') conditions.push(mentions(text));
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `);
}

function mentions(text: string): RawBuilder<unknown> {
  const places = [
    sql`t.description ILIKE ${`%${escapeLike(text)}%`}`,
    sql`t.customer_id = ${text}`,
    sql`t.stripe_payment_id = ${text}`,
    sql`t.idempotency_key = ${text}`,
  ];
  // As many digits as a bigint surely holds.
  if (/^[1-9][0-9]{0,17}$/.test(text)) places.push(sql`t.id = ${text}::bigint`);
  return sql`(${sql.join(places, sql` OR `)})`;
}
