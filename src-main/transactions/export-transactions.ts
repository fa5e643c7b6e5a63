import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { type RawBuilder, sql } from 'kysely';
import { isUtc } from '#main/database/calendar.ts';
import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';
import { exactInstant } from '#main/ledger/read-transactions.ts';
import { AppError } from '#shared/errors.ts';
import type { TransactionFilter } from '#shared/ipc/transactions.ts';
import { conditionOf } from './transaction-filter.ts';

export type CsvOptions = {
  filter: TransactionFilter;
  /** The zone of the second column of times; the first is UTC. */
  timeZone: string;
  signal?: AbortSignal | undefined;
  /** Told the number of rows written so far, after each part; the next part waits for it. */
  onProgress?: ((rows: number) => void | Promise<void>) | undefined;
};

// Rows in memory at once: the file may have millions.
const PART_ROWS = 2_000;

/**
 * Writes the transactions of a filter to a CSV file, newest first, as they stood when it began; returns how many. What is
 * at the place is replaced when the export is complete, not before; cancelled or failed, nothing is left of it.
 * Errors: cancelled, file_error, disk_full.
 */
export async function exportTransactions(
  target: QueryTarget,
  { file, ...options }: CsvOptions & { file: string },
): Promise<number> {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}.part`;
  const output = await open(unfinished, 'wx').catch((error: unknown) => {
    throw fileError(file, error);
  });
  const asFileWork = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      throw fileError(file, error);
    });
  try {
    const rows = await writeTransactionsCsv(target, {
      ...options,
      write: (text) => asFileWork(output.appendFile(text)),
    });
    await asFileWork(output.sync());
    await asFileWork(output.close());
    await asFileWork(rename(unfinished, file));
    return rows;
  } catch (error) {
    await output.close().catch(() => undefined);
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** As exportTransactions, to wherever `write` puts the text; each part waits for the one before. Errors: cancelled. */
export async function writeTransactionsCsv(
  target: QueryTarget,
  options: CsvOptions & { write: (text: string) => Promise<void> },
): Promise<number> {
  const { filter, timeZone, signal, onProgress, write } = options;
  // Loaded when first used: nothing of it is needed to open the window.
  const { stringify } = await import('csv-stringify/sync');
  const columns = columnsOf(timeZone);
  const csv = (rows: unknown[][], first: boolean) =>
    stringify(
      rows.map((cells) => cells.map(withoutFormula)),
      { bom: first, record_delimiter: 'windows' },
    );
  try {
    return await readSnapshot(
      target,
      signal,
      async (run) => {
        await run(sql`DECLARE exported NO SCROLL CURSOR FOR ${rowsOf(filter, columns)}`);
        await write(csv([columns.map(({ heading }) => heading)], true));
        let written = 0;
        for (;;) {
          const rows = await run(
            sql<Record<string, unknown>>`FETCH ${sql.lit(PART_ROWS)} FROM exported`,
          );
          if (rows.length === 0) return written;
          const cells = rows.map((row) => columns.map((_, index) => row[`column_${index}`]));
          await write(csv(cells, false));
          written += rows.length;
          await onProgress?.(written);
        }
      },
      // As long as it takes.
      { statement_timeout: '0' },
    );
  } catch (error) {
    throw signal?.aborted ? cancelled(signal.reason) : error;
  }
}

/**
 * A text that a spreadsheet would run as a formula, behind an apostrophe. Only texts: a number that begins with a minus
 * stays a number, which the library's own `escape_formulas` would not leave it.
 */
function withoutFormula(cell: unknown): unknown {
  return typeof cell === 'string' && /^[=+\-@\t\r\n＝＋－＠]/.test(cell) ? `'${cell}` : cell;
}

type Column = { heading: string; value: RawBuilder<unknown> };

function columnsOf(timeZone: string): Column[] {
  return [
    { heading: 'Created (UTC)', value: exactInstant(sql`t.created_at`) },
    ...(isUtc(timeZone)
      ? []
      : [
          {
            heading: `Created (${timeZone})`,
            value: sql`to_char(t.created_at AT TIME ZONE ${timeZone}, 'YYYY-MM-DD HH24:MI:SS')`,
          },
        ]),
    { heading: 'Transaction', value: sql`t.id::text` },
    { heading: 'Customer', value: sql`t.customer_id` },
    { heading: 'Name', value: sql`c.name` },
    { heading: 'E-mail', value: sql`c.email` },
    { heading: 'Type', value: sql`t.transaction_type` },
    { heading: 'Credits', value: sql`t.amount` },
    { heading: 'Balance after', value: sql`t.balance_after` },
    { heading: 'Description', value: sql`t.description` },
    { heading: 'Feature', value: sql`t.feature` },
    { heading: 'Stripe payment', value: sql`t.stripe_payment_id` },
    { heading: 'Reverses', value: sql`t.reverses_id::text` },
    { heading: 'Actor', value: sql`t.actor` },
    { heading: 'Reason', value: sql`t.metadata ->> 'reason_code'` },
    { heading: 'Case', value: sql`t.metadata ->> 'case_link'` },
    { heading: 'Idempotency key', value: sql`t.idempotency_key` },
  ];
}

function rowsOf(filter: TransactionFilter, columns: Column[]): RawBuilder<unknown> {
  const values = columns.map(({ value }, index) => sql`${value} AS ${sql.ref(`column_${index}`)}`);
  return sql`SELECT ${sql.join(values)}
    FROM credits.credit_transactions t LEFT JOIN credits.customers c ON c.id = t.customer_id
    WHERE ${conditionOf(filter)}
    ORDER BY t.created_at DESC, t.id DESC`;
}

function fileError(file: string, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError(
      'disk_full',
      'The disk is full, so the export stopped; its unfinished file was removed. Free some space, then export again.',
      { cause },
    );
  }
  const why =
    {
      ENOENT: 'there is no such folder',
      EACCES: 'you may not write there',
      EROFS: 'it is read-only',
    }[code] ??
    (code || 'the system refused it');
  return new AppError(
    'file_error',
    `The file ${file} could not be written: ${why}. Nothing was exported. Choose another place.`,
    { cause, details: { file } },
  );
}

function cancelled(cause: unknown): AppError {
  return new AppError('cancelled', 'The export was cancelled, and its unfinished file removed.', {
    cause,
  });
}
