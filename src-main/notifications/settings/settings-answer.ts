import type { z } from 'zod';
import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';
import type { SecretStore } from '#main/settings/secret-store.ts';
import type { notificationsProcedures } from '#shared/ipc/notifications.ts';
import { notificationSecretPlace } from '../secrets.ts';
import { readSettings } from './read-settings.ts';
import { readTemplates } from './read-templates.ts';

export type SettingsAnswer = z.input<
  (typeof notificationsProcedures)['notifications.settings']['output']
>;

/** All that the notification settings show: what is saved, and where the secrets of this connection are on this computer. */
export async function settingsAnswer(
  target: QueryTarget,
  { store, connectionId }: { store: SecretStore; connectionId: string },
  signal?: AbortSignal,
): Promise<SettingsAnswer> {
  const saved = await readSnapshot(target, signal, async (run) => ({
    ...(await readSettings(run)),
    templates: await readTemplates(run),
  }));
  return {
    ...saved,
    changedAt: saved.changedAt.toISOString(),
    smtpPassword: await notificationSecretPlace(store, connectionId, 'smtp'),
    webhookSecret: await notificationSecretPlace(store, connectionId, 'webhook'),
  };
}
