import { sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, type RunQuery, readSnapshot } from '#main/database/run-query.ts';
import { getBalance } from '#main/ledger/read-balance.ts';
import { listGrants } from '#main/ledger/read-grants.ts';
import {
  readTransactions,
  type TransactionData,
  withoutExactInstant,
} from '#main/ledger/read-transactions.ts';
import { AppError } from '#shared/errors.ts';
import type { transactionsProcedures } from '#shared/ipc/transactions.ts';
import type { TransactionType } from '#shared/ipc/vocabulary.ts';

type Procedure = (typeof transactionsProcedures)['transactions.get'];
type Details = z.input<Procedure['output']>;

const PARTS_MAX = 1_000;

/** One transaction on one snapshot: the grants that paid it or that it made, its reversals, and what could still be undone. */
export async function getTransaction(
  target: QueryTarget,
  { customerId, transactionId }: z.output<Procedure['input']>,
  signal?: AbortSignal,
): Promise<Details> {
  return readSnapshot(target, signal, async (run) => {
    const [row] = await readTransactions(
      run,
      sql`SELECT * FROM credits.credit_transactions WHERE customer_id = ${customerId} AND id = ${transactionId}`,
    );
    if (!row) {
      throw new AppError(
        'not_found',
        `There is no transaction ${transactionId} of this customer.`,
        {
          details: { entity: 'transaction', id: transactionId },
        },
      );
    }
    const transaction = withoutExactInstant(row);
    const grants = await listGrants(run, {
      customerId,
      where: sql`g.transaction_id = ${transactionId}`,
      orderBy: sql`g.id`,
      limit: PARTS_MAX,
    });
    return {
      transaction,
      metadata: await readMetadata(run, transaction),
      consumptions: await readConsumptions(run, transaction),
      grants: grants.map(({ id, granted, remaining, expiresAt }) => ({
        grantId: id,
        granted,
        remaining,
        expiresAt,
      })),
      reversals: await readReversals(run, transaction),
      reversible: await reversibleCredits(run, transaction),
    };
  });
}

async function readMetadata(run: RunQuery, { customerId, id }: TransactionData) {
  const [row] = await run(sql<{ metadata: Record<string, unknown> }>`
    SELECT metadata FROM credits.credit_transactions WHERE customer_id = ${customerId} AND id = ${id}`);
  return row?.metadata ?? {};
}

async function readConsumptions(
  run: RunQuery,
  { customerId, id }: TransactionData,
): Promise<Details['consumptions']> {
  type Row = {
    grant_id: string;
    source: TransactionType;
    description: string;
    amount: number;
    expires_at: Date | null;
  };
  const rows = await run(sql<Row>`
    SELECT u.grant_id::text, t.transaction_type AS source, t.description, u.amount, g.expires_at
    FROM credits.credit_consumptions u
    JOIN credits.credit_grants g ON g.customer_id = u.customer_id AND g.id = u.grant_id
    JOIN credits.credit_transactions t ON t.customer_id = g.customer_id AND t.id = g.transaction_id
    WHERE u.customer_id = ${customerId} AND u.transaction_id = ${id}
    ORDER BY u.position LIMIT ${PARTS_MAX}`);
  return rows.map((row) => ({
    grantId: row.grant_id,
    source: row.source,
    description: row.description,
    amount: row.amount,
    expiresAt: row.expires_at?.toISOString() ?? null,
  }));
}

async function readReversals(
  run: RunQuery,
  { customerId, id }: TransactionData,
): Promise<Details['reversals']> {
  type Row = { id: string; amount: number; description: string; actor: string; created_at: Date };
  const rows = await run(sql<Row>`
    SELECT id::text, amount, description, actor, created_at FROM credits.credit_transactions
    WHERE customer_id = ${customerId} AND reverses_id = ${id}
    ORDER BY id DESC LIMIT ${PARTS_MAX}`);
  return rows.map((row) => ({
    transactionId: row.id,
    amount: row.amount,
    description: row.description,
    actor: row.actor,
    createdAt: row.created_at.toISOString(),
  }));
}

/**
 * What credits.reverse_transaction would accept at most, by its rules: of a reversal nothing; what no reversal has undone
 * yet; of added credits no more than what is left of their grants after due ones are swept, and than is available.
 */
async function reversibleCredits(run: RunQuery, transaction: TransactionData): Promise<number> {
  if (transaction.type === 'reversal') return 0;
  const { customerId, id } = transaction;
  if (transaction.amount <= 0) {
    const [row] = await run(sql<{ reversible: number }>`
      SELECT abs(amount) - ${transaction.reversed}::bigint AS reversible
      FROM credits.credit_transactions WHERE customer_id = ${customerId} AND id = ${id}`);
    return row?.reversible ?? 0;
  }
  const { available } = await getBalance(run, customerId);
  const [row] = await run(sql<{ reversible: number }>`
    SELECT greatest(least(
      t.amount - ${transaction.reversed}::bigint,
      ${available}::bigint,
      (SELECT coalesce(sum(o.remaining - coalesce(d.due, 0)), 0)
        FROM credits.own_grants(t.customer_id, t.id) o
        LEFT JOIN credits.due_grants(t.customer_id, clock_timestamp()) d ON d.grant_id = o.grant_id)
    ), 0)::bigint AS reversible
    FROM credits.credit_transactions t WHERE t.customer_id = ${customerId} AND t.id = ${id}`);
  return row?.reversible ?? 0;
}
