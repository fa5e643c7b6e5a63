import { createHash } from 'node:crypto';
import type { SecretPlace, SecretStore } from '#main/settings/secret-store.ts';

/** The secrets of a connection that are Stripe's, in the same store as its password, under ids of their own. */
export type StripeSecrets = {
  key: (connectionId: string) => Promise<string | undefined>;
  keyPlace: (connectionId: string) => Promise<SecretPlace>;
  keepKey: (connectionId: string, key: string) => Promise<void>;
  webhookSecret: (connectionId: string) => Promise<string | undefined>;
  webhookPlace: (connectionId: string) => Promise<SecretPlace>;
  keepWebhookSecret: (connectionId: string, secret: string) => Promise<void>;
  forgetWebhookSecret: (connectionId: string) => Promise<void>;
  /** Removes the key and the webhook's secret. */
  forget: (connectionId: string) => Promise<void>;
};

export function createStripeSecrets(store: SecretStore): StripeSecrets {
  const keyId = (connectionId: string) => `stripe:${connectionId}`;
  const webhookId = (connectionId: string) => `stripe-webhook:${connectionId}`;
  return {
    key: (connectionId) => store.get(keyId(connectionId)),
    keyPlace: (connectionId) => store.place(keyId(connectionId)),
    keepKey: async (connectionId, key) => void (await store.set(keyId(connectionId), key)),
    webhookSecret: (connectionId) => store.get(webhookId(connectionId)),
    webhookPlace: (connectionId) => store.place(webhookId(connectionId)),
    keepWebhookSecret: async (connectionId, secret) =>
      void (await store.set(webhookId(connectionId), secret)),
    forgetWebhookSecret: (connectionId) => store.remove(webhookId(connectionId)),
    async forget(connectionId) {
      await store.remove(keyId(connectionId));
      await store.remove(webhookId(connectionId));
    },
  };
}

/** Tells one key from another without saying anything of either: keys are long and random. */
export function fingerprintOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

/** What an account goes by whose key may not read it: the same for the console and the service. */
export function accountIdOfKey(key: string): string {
  return `key:${fingerprintOf(key)}`;
}
