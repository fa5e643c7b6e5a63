import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  type UseMutationOptions,
  useInfiniteQuery,
  useMutation,
} from '@tanstack/react-query';
import { useMemo } from 'react';
import type { AppError } from '#shared/errors.ts';
import type { Contract, ProcedureName } from '#shared/ipc/contract.ts';
import type { Input, Output, Procedure } from '#shared/ipc/procedure.ts';
import { call } from './client.ts';

type NamesOfKind<Kind extends Procedure['kind']> = {
  [Name in ProcedureName]: Contract[Name]['kind'] extends Kind ? Name : never;
}[ProcedureName];

/** Procedures that change nothing. */
type QueryName = NamesOfKind<'query'>;
/** Procedures that change something. */
type CommandName = NamesOfKind<'command'>;
/** Queries that give one page after a cursor. */
type PagedQueryName = {
  [Name in QueryName]: Input<Contract[Name]> extends { cursor: string | null }
    ? Output<Contract[Name]> extends { rows: unknown[]; nextCursor: string | null }
      ? Name
      : never
    : never;
}[QueryName];

type RowOf<Name extends PagedQueryName> =
  Output<Contract[Name]> extends { rows: Array<infer Row> } ? Row : never;

/** Options for useQuery: `useQuery(consoleQuery('customers.get', { customerId }))`. Its key is `[name, input]`. */
export function consoleQuery<Name extends QueryName>(name: Name, input: Input<Contract[Name]>) {
  return queryOptions<Output<Contract[Name]>, AppError>({
    queryKey: [name, input],
    queryFn: ({ signal }) => call(name, input, { signal }),
  });
}

/** Options for useInfiniteQuery over a keyset-paged list; `input` is given without its cursor. */
function consolePages<Name extends PagedQueryName>(
  name: Name,
  input: Omit<Input<Contract[Name]>, 'cursor'>,
) {
  type Page = Output<Contract[Name]>;
  return infiniteQueryOptions<
    Page,
    AppError,
    InfiniteData<Page>,
    readonly [Name, Omit<Input<Contract[Name]>, 'cursor'>],
    string | null
  >({
    queryKey: [name, input],
    initialPageParam: null,
    queryFn: ({ pageParam, signal }) =>
      call(name, { ...input, cursor: pageParam } as Input<Contract[Name]>, { signal }),
    getNextPageParam: (page) => (page as { nextCursor: string | null }).nextCursor,
  });
}

/**
 * A keyset-paged list as the rows of all pages that were loaded. With `keepRows`, the rows of the input before stay
 * until those of the new one are there (`pages.isPlaceholderData`).
 */
export function useConsolePages<Name extends PagedQueryName>(
  name: Name,
  input: Omit<Input<Contract[Name]>, 'cursor'>,
  { keepRows = false }: { keepRows?: boolean } = {},
) {
  const pages = useInfiniteQuery({
    ...consolePages(name, input),
    ...(keepRows && { placeholderData: keepPreviousData }),
  });
  const rows = useMemo(
    () => pages.data?.pages.flatMap((page) => page.rows as RowOf<Name>[]) ?? [],
    [pages.data],
  );
  /** Asks for the next page, where there is one and it was not asked for yet. */
  function loadMore() {
    if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
  }
  return { pages, rows, loadMore };
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
