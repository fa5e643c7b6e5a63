import type { SecretPlace, SecretStore } from '#main/settings/secret-store.ts';

/** What this process needs to speak to the mail server and to sign webhooks; undefined where it has none. */
export type NotificationSecrets = {
  readonly smtpPassword: () => Promise<string | undefined>;
  /** As makers of webhooks write it: whsec_ and base64. */
  readonly webhookSecret: () => Promise<string | undefined>;
};

type NotificationSecretName = 'smtp' | 'webhook';

/** The secrets of a connection on this computer, in the same store as its password, under ids of their own. */
export function connectionSecrets(store: SecretStore, connectionId: string): NotificationSecrets {
  return {
    smtpPassword: () => store.get(idOf('smtp', connectionId)),
    webhookSecret: () => store.get(idOf('webhook', connectionId)),
  };
}

/** The secrets of a service: SMTP_PASSWORD and NOTIFICATION_WEBHOOK_SECRET; empty is none. */
export function environmentSecrets(
  environment: Readonly<Record<string, string | undefined>>,
): NotificationSecrets {
  return {
    smtpPassword: async () => environment.SMTP_PASSWORD || undefined,
    webhookSecret: async () => environment.NOTIFICATION_WEBHOOK_SECRET || undefined,
  };
}

/** Keeps a secret of a connection, on disk only where the key store encrypts it; undefined forgets it. */
export async function setNotificationSecret(
  store: SecretStore,
  connectionId: string,
  which: NotificationSecretName,
  secret: string | undefined,
): Promise<void> {
  const id = idOf(which, connectionId);
  if (secret === undefined) await store.remove(id);
  else await store.set(id, secret);
}

/** Where a secret of a connection is kept on this computer. */
export async function notificationSecretPlace(
  store: SecretStore,
  connectionId: string,
  which: NotificationSecretName,
): Promise<SecretPlace> {
  return store.place(idOf(which, connectionId));
}

/** Forgets both, for a connection that is removed. */
export async function forgetNotificationSecrets(
  store: SecretStore,
  connectionId: string,
): Promise<void> {
  await store.remove(idOf('smtp', connectionId));
  await store.remove(idOf('webhook', connectionId));
}

function idOf(which: NotificationSecretName, connectionId: string): string {
  return which === 'smtp' ? `smtp:${connectionId}` : `notification-webhook:${connectionId}`;
}
