import { sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';
import { getBalance } from '#main/ledger/read-balance.ts';
import { AppError } from '#shared/errors.ts';
import { type customersProcedures, NOTES_MAX } from '#shared/ipc/customers.ts';
import { type NoteRow, toNote } from './notes.ts';

type CustomerData = z.input<(typeof customersProcedures)['customers.get']['output']>;

type CustomerRow = {
  id: string;
  name: string | null;
  email: string | null;
  stripe_customer_id: string | null;
  plan_tier: string | null;
  low_balance_threshold: number | null;
  metadata: Record<string, unknown>;
  created_at: Date;
  last_activity_at: Date | null;
};

/** One customer: the record, the balance and the newest notes. Errors: not_found. */
export async function getCustomer(
  target: QueryTarget,
  customerId: string,
  signal?: AbortSignal,
): Promise<CustomerData> {
  return readSnapshot(target, signal, async (run) => {
    const [row] = await run(sql<CustomerRow>`
      SELECT c.id, c.name, c.email, c.stripe_customer_id, c.plan_tier, c.low_balance_threshold, c.metadata,
        c.created_at, a.last_activity_at
      FROM credits.customers c JOIN credits.accounts a ON a.customer_id = c.id
      WHERE c.id = ${customerId}`);
    if (!row) {
      throw new AppError('not_found', `There is no customer ${customerId}.`, {
        details: { entity: 'customer', id: customerId },
      });
    }
    const notes = await run(sql<NoteRow>`
      SELECT id::text, note, actor, created_at FROM credits.customer_notes
      WHERE customer_id = ${customerId} ORDER BY id DESC LIMIT ${NOTES_MAX}`);
    return {
      id: row.id,
      name: row.name,
      email: row.email,
      stripeCustomerId: row.stripe_customer_id,
      plan: row.plan_tier,
      lowBalanceThreshold: row.low_balance_threshold,
      metadata: asRecord(row.metadata),
      createdAt: row.created_at.toISOString(),
      lastActivityAt: row.last_activity_at?.toISOString() ?? null,
      balance: await getBalance(run, customerId),
      notes: notes.map(toNote),
    };
  });
}

/** Back ends write the metadata; what is no object is still shown. */
function asRecord(metadata: unknown): Record<string, unknown> {
  return typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)
    ? (metadata as Record<string, unknown>)
    : { value: metadata };
}
