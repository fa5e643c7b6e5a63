import { useQueryClient } from '@tanstack/react-query';
import { consoleQuery } from '#renderer/api/queries.ts';
import type { NotificationSettings, notificationsProcedures } from '#shared/ipc/notifications.ts';
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

/** The settings' names as main has them in its errors, by the names of a form's fields. */
export function settingsFields<Name extends string>(
  ...names: readonly Name[]
): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [`settings.${name}`, name]));
}

/**
 * The settings that a form changed, by what it was opened with: only those are saved, so that what somebody else saved meanwhile
 * stays, on the same form too.
 */
export function changedSettings(
  before: NotificationSettings,
  after: Partial<NotificationSettings>,
): Partial<NotificationSettings> {
  const names = Object.keys(after) as (keyof NotificationSettings)[];
  return Object.fromEntries(
    names.filter((name) => after[name] !== before[name]).map((name) => [name, after[name]]),
  );
}

/** Text as a setting: null where there is none. */
export function textOrNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}
