import {
  infiniteQueryOptions,
  queryOptions,
  type UseMutationOptions,
  useMutation,
} from '@tanstack/react-query';
import type { AppError } from '#shared/errors.ts';
import type { Contract, ProcedureName } from '#shared/ipc/contract.ts';
import type { Input, Output, Procedure } from '#shared/ipc/procedure.ts';
import { call } from './client.ts';

type NamesOfKind<Kind extends Procedure['kind']> = {
  [Name in ProcedureName]: Contract[Name]['kind'] extends Kind ? Name : never;
}[ProcedureName];

/** Procedures that change nothing. */
export type QueryName = NamesOfKind<'query'>;
/** Procedures that change something. */
export type CommandName = NamesOfKind<'command'>;
/** Queries that give one page after a cursor. */
export type PagedQueryName = {
  [Name in QueryName]: Input<Contract[Name]> extends { cursor: string | null }
    ? Output<Contract[Name]> extends { nextCursor: string | null }
      ? Name
      : never
    : never;
}[QueryName];

/** Options for useQuery: `useQuery(consoleQuery('customers.get', { customerId }))`. Its key is `[name, input]`. */
export function consoleQuery<Name extends QueryName>(name: Name, input: Input<Contract[Name]>) {
  return queryOptions<Output<Contract[Name]>, AppError>({
    queryKey: [name, input],
    queryFn: ({ signal }) => call(name, input, { signal }),
  });
}

/** Options for useInfiniteQuery over a keyset-paged list; `input` is given without its cursor. */
export function consolePages<Name extends PagedQueryName>(
  name: Name,
  input: Omit<Input<Contract[Name]>, 'cursor'>,
) {
  return infiniteQueryOptions({
    queryKey: [name, input] as const,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }): Promise<Output<Contract[Name]>> =>
      call(name, { ...input, cursor: pageParam } as Input<Contract[Name]>, { signal }),
    getNextPageParam: (page) => (page as { nextCursor: string | null }).nextCursor,
  });
}

/** A command as a mutation. It is never retried by itself: only the person, with the same idempotency key, may. */
export function useCommand<Name extends CommandName>(
  name: Name,
  options: Omit<
    UseMutationOptions<Output<Contract[Name]>, AppError, Input<Contract[Name]>>,
    'mutationFn' | 'retry'
  > = {},
) {
  return useMutation<Output<Contract[Name]>, AppError, Input<Contract[Name]>>({
    ...options,
    retry: false,
    mutationFn: (input) => call(name, input),
  });
}
