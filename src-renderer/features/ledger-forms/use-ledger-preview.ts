import { useDebouncedValue } from '@mantine/hooks';
import { type QueryKey, skipToken, type UseQueryOptions, useQuery } from '@tanstack/react-query';
import type { AppError } from '#shared/errors.ts';
import type { LedgerPreview } from './ledger-act.ts';
import { meaningOfFailure } from './outcome.ts';

/** Long enough to type the next digit, short enough to feel live. */
const SETTLES_AFTER_MS = 200;

/**
 * `idle`: the fields do not make an act yet. `working`: the ledger is asked. `ready`: exactly what the fields say
 * now. `refused`: the ledger would refuse the act. `failed`: the ledger could not be asked.
 */
export type PreviewState<Preview = LedgerPreview> =
  | { status: 'idle' }
  | { status: 'working' }
  | { status: 'ready'; preview: Preview }
  | { status: 'refused'; error: AppError; retry: () => void }
  | { status: 'failed'; error: AppError; retry: () => void };

/** The question for a preview of an act, as options of useQuery. */
export type PreviewQuestion<Act, Preview> = (act: Act) => UseQueryOptions<Preview, AppError>;

/** Asks the ledger what an act would do, while it is being typed. A superseded question is cancelled in main. */
export function useLedgerPreview<Act, Preview>(
  act: Act | null,
  question: PreviewQuestion<Act, Preview>,
): PreviewState<Preview> {
  // Compared as text: the act is a new object on every render.
  const text = act === null ? null : JSON.stringify(act);
  const [settledText] = useDebouncedValue(text, SETTLES_AFTER_MS);
  const settled = settledText !== null && settledText === text ? act : null;
  const query = useQuery<Preview, AppError>({
    ...(settled === null ? NOTHING_YET : question(settled)),
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

/** As long as the fields do not make an act, nothing is asked. */
const NOTHING_YET = {
  queryKey: ['no preview'] satisfies QueryKey,
  queryFn: skipToken,
} as const;
