import { useQueryClient } from '@tanstack/react-query';
import { consoleQuery } from '#renderer/api/queries.ts';
import type { notificationsProcedures } from '#shared/ipc/notifications.ts';
import type { Output } from '#shared/ipc/procedure.ts';

/** What main answers of a workspace's notifications: settings, words, and where this computer's secrets are. */
export type NotificationAnswer = Output<(typeof notificationsProcedures)['notifications.settings']>;

export const NOTIFICATION_SETTINGS_KEY = consoleQuery('notifications.settings', {}).queryKey;

/** Puts what a command answered in the place of what was known, and has what depends on it read again. */
export function useKeepNotifications(): (answer: NotificationAnswer) => void {
  const queryClient = useQueryClient();
  return (answer) => {
    queryClient.setQueryData(NOTIFICATION_SETTINGS_KEY, answer);
    void queryClient.invalidateQueries({
      // Who counts as low, and what a mail says.
      predicate: ({ queryKey }) => /^(alerts\.|notifications\.preview$)/.test(String(queryKey[0])),
    });
  };
}
