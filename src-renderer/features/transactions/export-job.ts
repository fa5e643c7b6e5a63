import { type QueryClient, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { call, onConsoleEvent, toAppError } from '#renderer/api/client.ts';
import type { AppError } from '#shared/errors.ts';
import type { TransactionFilter } from '#shared/ipc/transactions.ts';

type ExportJob =
  | { status: 'none' }
  | { status: 'running'; exportId: string; rows: number; cancelling: boolean }
  | { status: 'written'; exportId: string; rows: number; path: string }
  | { status: 'cancelled' }
  | { status: 'failed'; error: AppError };

// The job lies in the cache rather than in the page: it runs on in main while the person looks at something else,
// and the page shows it again when they come back.
const job = queryOptions<ExportJob>({
  queryKey: ['export'],
  queryFn: (): ExportJob => ({ status: 'none' }),
  enabled: false,
  initialData: { status: 'none' },
  staleTime: Infinity,
  gcTime: Infinity,
});

/** The export of the log to a CSV file: at most one at a time. */
export function useExportJob() {
  const client = useQueryClient();
  const { data: current } = useQuery(job);
  return {
    current,
    /** Asks where to write, then writes every row of the filter. */
    start: (filter: TransactionFilter, timeZone: string) => run(client, filter, timeZone),
    /** Stops the running export; the unfinished file is removed. */
    cancel: () => cancel(client),
    /** Puts the notice of an ended export away. */
    dismiss: () => change(client, () => ({ status: 'none' })),
  };
}

async function run(
  client: QueryClient,
  filter: TransactionFilter,
  timeZone: string,
): Promise<void> {
  if (read(client).status === 'running') return;
  const exportId = crypto.randomUUID();
  change(client, () => ({ status: 'running', exportId, rows: 0, cancelling: false }));
  const stopListening = onConsoleEvent((event) => {
    if (event.type !== 'export.progress' || event.exportId !== exportId) return;
    change(client, (now) => (now.status === 'running' ? { ...now, rows: event.rows } : now));
  });
  try {
    const end = await call('transactions.export', { exportId, filter, timeZone });
    change(client, () =>
      end.outcome === 'dismissed'
        ? { status: 'none' }
        : { status: 'written', exportId, rows: end.rows, path: end.path },
    );
  } catch (thrown) {
    const error = toAppError(thrown);
    change(client, () =>
      error.code === 'cancelled' ? { status: 'cancelled' } : { status: 'failed', error },
    );
  } finally {
    stopListening();
  }
}

async function cancel(client: QueryClient): Promise<void> {
  const now = read(client);
  if (now.status !== 'running') return;
  change(client, () => ({ ...now, cancelling: true }));
  try {
    await call('transactions.cancelExport', { exportId: now.exportId });
  } catch {
    // The export goes on and can be cancelled again.
    change(client, (later) =>
      later.status === 'running' ? { ...later, cancelling: false } : later,
    );
  }
}

function read(client: QueryClient): ExportJob {
  return client.getQueryData<ExportJob>(job.queryKey) ?? { status: 'none' };
}

function change(client: QueryClient, next: (now: ExportJob) => ExportJob): void {
  client.setQueryData<ExportJob>(job.queryKey, next(read(client)));
}
