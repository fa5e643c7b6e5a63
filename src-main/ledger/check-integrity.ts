import { sql } from 'kysely';
import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';

export type BrokenRule = { rule: string; customerId: string | null; detail: string };

/** Every broken rule of the ledger, of one customer or of all; none where all hold. Reads the whole log. */
export async function checkIntegrity(
  target: QueryTarget,
  customerId: string | null,
  signal?: AbortSignal,
): Promise<BrokenRule[]> {
  const rows = await readSnapshot(
    target,
    signal,
    (run) =>
      run(sql<{ rule: string; customer_id: string | null; detail: string }>`
        SELECT rule::text, customer_id, detail::text FROM credits.check_integrity(${customerId})`),
    { statement_timeout: '0' },
  );
  return rows.map((row) => ({ rule: row.rule, customerId: row.customer_id, detail: row.detail }));
}
