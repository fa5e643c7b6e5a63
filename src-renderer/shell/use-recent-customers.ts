import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { useSession } from '#renderer/api/session.tsx';
import { decodeSegment } from '#renderer/navigation/paths.ts';

const MOST_KEPT = 6;

export type RecentCustomer = { customerId: string; name: string | null };

/**
 * The customers looked at since the window opened, newest first, of the present connection only. They are kept in
 * memory: names of customers have no business in this window's storage.
 */
export function useRecentCustomers(): RecentCustomer[] {
  const [path] = useLocation();
  const { connection } = useSession();
  const queryClient = useQueryClient();
  const [visited, setVisited] = useState<{ connectionId: string; ids: string[] }>({
    connectionId: connection.id,
    ids: [],
  });

  const match = /^\/customers\/([^/]+)$/.exec(path);
  const current = match?.[1] === undefined ? null : decodeSegment(match[1]);
  useEffect(() => {
    setVisited((before) => {
      const ids = before.connectionId === connection.id ? before.ids : [];
      const kept =
        current === null
          ? ids
          : [current, ...ids.filter((id) => id !== current)].slice(0, MOST_KEPT);
      return { connectionId: connection.id, ids: kept };
    });
  }, [current, connection.id]);

  return visited.ids
    .filter((id) => id !== current)
    .map((customerId) => {
      const known = queryClient.getQueryData<{ name: string | null }>([
        'customers.get',
        { customerId },
      ]);
      return { customerId, name: known?.name ?? null };
    });
}
