import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { consoleQuery } from '#renderer/api/queries.ts';
import type { AppError } from '#shared/errors.ts';
import type { LedgerAct, LedgerPreview } from './ledger-act.ts';
import { meaningOfFailure } from './outcome.ts';

/** Long enough to type the next digit, short enough to feel live. */
const SETTLES_AFTER_MS = 200;

/**
 * `idle`: the fields do not make an act yet. `working`: the ledger is asked. `ready`: exactly what the fields say
 * now. `refused`: the ledger would refuse the act. `failed`: the ledger could not be asked.
 */
export type PreviewState =
  | { status: 'idle' }
  | { status: 'working' }
  | { status: 'ready'; preview: LedgerPreview }
  | { status: 'refused'; error: AppError; retry: () => void }
  | { status: 'failed'; error: AppError; retry: () => void };

/** Asks the ledger what an act would do, while it is being typed. A superseded question is cancelled in main. */
export function useLedgerPreview(act: LedgerAct | null): PreviewState {
  // Compared as text: the act is a new object on every render.
  const text = act === null ? null : JSON.stringify(act);
  const [settledText] = useDebouncedValue(text, SETTLES_AFTER_MS);
  const settled = settledText !== null && settledText === text ? act : null;
  const query = useQuery({
    ...consoleQuery('ledger.preview', settled ?? NOTHING_YET),
    enabled: settled !== null,
    // A balance can change at any time: an answer is never taken from the cache.
    staleTime: 0,
    gcTime: 0,
  });
  if (text === null) return { status: 'idle' };
  if (settled === null || query.isFetching) return { status: 'working' };
  if (query.isError) {
    const refused = meaningOfFailure(query.error.code) === 'refused';
    return {
      status: refused ? 'refused' : 'failed',
      error: query.error,
      retry: () => void query.refetch(),
    };
  }
  return query.isSuccess ? { status: 'ready', preview: query.data } : { status: 'working' };
}

/** Stands in the key of the disabled query; never sent. */
const NOTHING_YET: LedgerAct = { act: 'releaseHold', customerId: '', holdId: '' };
