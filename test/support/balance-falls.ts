import type pg from 'pg';

type LogRow = {
  customer_id: string;
  id: string;
  amount: string;
  balance_after: string;
  /** The database transaction that wrote it. */
  recorded_in: string;
};

/**
 * The falls of balances below a threshold, or to nothing, by a plain reading of the log: for each customer and database
 * transaction the balance before and after. As "customer transaction kind", sorted.
 */
export async function fallsInLog(
  database: { query: pg.Pool['query'] },
  { customers, threshold }: { customers: readonly string[]; threshold: number },
): Promise<string[]> {
  const { rows } = await database.query<LogRow>(
    `SELECT customer_id, id::text, amount::text, balance_after::text, recorded_in::text FROM credits.credit_transactions
     WHERE customer_id = ANY ($1) ORDER BY customer_id, id`,
    [customers],
  );
  const levelOf = (balance: number) => (balance <= 0 ? 2 : balance < threshold ? 1 : 0);
  const falls: string[] = [];
  for (let index = 0; index < rows.length; ) {
    const first = rows[index] as LogRow;
    let lastDebit: LogRow | undefined;
    let last = first;
    for (; index < rows.length; index += 1) {
      const row = rows[index] as LogRow;
      if (row.customer_id !== first.customer_id || row.recorded_in !== first.recorded_in) break;
      if (Number(row.amount) < 0) lastDebit = row;
      last = row;
    }
    const before = levelOf(Number(first.balance_after) - Number(first.amount));
    const after = levelOf(Number(last.balance_after));
    if (lastDebit && after > before) {
      falls.push(`${first.customer_id} ${lastDebit.id} ${after === 2 ? 'empty' : 'low'}`);
    }
  }
  return falls.sort();
}

/** The notifications that were raised for these customers, in the same words. */
export async function notificationsOf(
  database: { query: pg.Pool['query'] },
  customers: readonly string[],
): Promise<string[]> {
  const { rows } = await database.query<{ words: string }>(
    `SELECT customer_id || ' ' || transaction_id || ' ' || kind AS words FROM credits_billing.notifications
     WHERE customer_id = ANY ($1)`,
    [customers],
  );
  return rows.map(({ words }) => words).sort();
}
