import { useDebouncedValue } from '@mantine/hooks';
import { skipToken, useQuery } from '@tanstack/react-query';
import { call } from '#renderer/api/client.ts';
import type { AppError } from '#shared/errors.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Input, Output } from '#shared/ipc/procedure.ts';

type Use = Input<Contract['features.simulate']>;
export type Simulation = Output<Contract['features.simulate']>;

/** Long enough to type the next digit, short enough to feel live. */
const SETTLES_AFTER_MS = 200;

/**
 * `idle`: the fields do not make a use yet. `ready`: what the ledger says of exactly what the fields say now. `refused`: it
 * would refuse the use. `failed`: it could not be asked.
 */
export type SimulationState =
  | { status: 'idle' }
  | { status: 'working' }
  | { status: 'ready'; simulation: Simulation }
  | { status: 'refused'; error: AppError }
  | { status: 'failed'; error: AppError; retry: () => void };

/** Asks the ledger what a use would do, while it is being typed; again when the customer's credits or the prices change. */
export function useSimulation(use: Use | null): SimulationState {
  // Compared as text: the use is a new object on every render.
  const text = use === null ? null : JSON.stringify(use);
  const [settledText] = useDebouncedValue(text, SETTLES_AFTER_MS);
  const isSettled = use !== null && settledText === text;
  const query = useQuery<Simulation, AppError>({
    queryKey: ['features.simulate', use],
    queryFn: isSettled ? ({ signal }) => call('features.simulate', use, { signal }) : skipToken,
    // A balance can change at any time: an answer is never taken from the cache.
    staleTime: 0,
    gcTime: 0,
  });
  if (text === null) return { status: 'idle' };
  if (!isSettled || query.isFetching) return { status: 'working' };
  if (query.isError) {
    const { error } = query;
    return error.code === 'not_found' || error.code === 'invalid_argument'
      ? { status: 'refused', error }
      : { status: 'failed', error, retry: () => void query.refetch() };
  }
  return query.isSuccess ? { status: 'ready', simulation: query.data } : { status: 'working' };
}
