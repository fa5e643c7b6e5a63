import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext } from 'react';
import type { AppError } from '#shared/errors.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { consoleQuery } from './queries.ts';
import type { Session } from './query-client.ts';

const SessionContext = createContext<Session | null>(null);

/** Loads the session once and keeps it current; what stands below it can rely on useSession(). */
export function SessionProvider(props: {
  children: ReactNode;
  /** Shown until the first answer. */
  loading: ReactNode;
  failed: (error: AppError, retry: () => void) => ReactNode;
}) {
  const session = useQuery({ ...consoleQuery('settings.session', {}), staleTime: Infinity });
  if (session.data !== undefined) {
    return <SessionContext value={session.data}>{props.children}</SessionContext>;
  }
  if (session.isError) return props.failed(session.error, () => void session.refetch());
  return props.loading;
}

/** Who acts, on which connection, in which state; always loaded below the shell. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('useSession() needs a SessionProvider above it.');
  return session;
}

/** Whether the connected role may do this. What it may not do is hidden; the database refuses it all the same. */
export function useAbility(ability: Ability): boolean {
  const { database } = useSession();
  return database.status === 'ready' && database.report.abilities.includes(ability);
}
