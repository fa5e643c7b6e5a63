import { countTransactions } from '#main/transactions/count-transactions.ts';
import { exportTransactions } from '#main/transactions/export-transactions.ts';
import { getTransaction } from '#main/transactions/get-transaction.ts';
import { listFacets } from '#main/transactions/list-facets.ts';
import { listTransactions } from '#main/transactions/list-transactions.ts';
import { AppError } from '#shared/errors.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { transactionsProcedures } from '#shared/ipc/transactions.ts';
import { dayOf } from '#shared/time.ts';
import type { HandlerDependencies } from './dependencies.ts';

// The window shows a number that moves; more events than this would only keep it busy.
const PROGRESS_EVERY_MS = 200;

/** The log over all customers, and its export. */
export function transactionsHandlers(
  console: HandlerDependencies,
): Pick<Handlers<Contract>, keyof typeof transactionsProcedures> {
  const running = new Map<string, AbortController>();

  return {
    'transactions.list': (input, { signal }) => listTransactions(console.database(), input, signal),
    'transactions.count': ({ filter }, { signal }) =>
      countTransactions(console.database(), filter, signal),
    'transactions.get': (input, { signal }) => getTransaction(console.database(), input, signal),
    'transactions.facets': (_, { signal }) => listFacets(console.database(), signal),

    'transactions.export': async ({ exportId, filter, timeZone }, { signal }) => {
      if (running.has(exportId)) {
        throw new AppError(
          'invalid_argument',
          'This export is running already; nothing was changed.',
          { fields: { exportId: 'is in use' } },
        );
      }
      const { desktop } = console;
      if (!desktop) {
        throw new AppError(
          'file_error',
          'There is no desktop to ask where to save. Nothing was written.',
        );
      }
      const database = console.databaseFor('export');
      const stop = new AbortController();
      running.set(exportId, stop);
      try {
        const day = dayOf(console.now(), timeZone);
        const file = await desktop.chooseSaveFile(`transactions-${day}.csv`);
        if (file === undefined) return { outcome: 'dismissed' };
        const progress = throttled(PROGRESS_EVERY_MS, (rows) =>
          console.events.emit({ type: 'export.progress', exportId, rows }),
        );
        const rows = await exportTransactions(database, {
          filter,
          timeZone,
          file,
          signal: AbortSignal.any([signal, stop.signal]),
          onProgress: progress,
        });
        console.events.emit({ type: 'export.progress', exportId, rows });
        console.exportedFiles.set(exportId, file);
        return { outcome: 'written', path: file, rows };
      } finally {
        running.delete(exportId);
      }
    },
    'transactions.cancelExport': async ({ exportId }) => {
      running.get(exportId)?.abort(new AppError('cancelled', 'The export was cancelled.'));
      return {};
    },
  };
}

function throttled(everyMs: number, tell: (rows: number) => void): (rows: number) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (rows) => {
    const now = performance.now();
    if (now - toldAt < everyMs) return;
    toldAt = now;
    tell(rows);
  };
}
