import { createHmac, randomBytes } from 'node:crypto';

// As the Standard Webhooks specification has it: https://github.com/standard-webhooks/standard-webhooks
const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const BYTES_MIN = 24;
const BYTES_MAX = 64;

/** A new secret to sign webhooks with: 32 random bytes, as whsec_ and base64. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** The key that a secret stands for; undefined where it is none: whsec_ and the base64 of 24 to 64 bytes. */
export function webhookKeyOf(secret: string): Buffer | undefined {
  const [, base64] = SECRET.exec(secret.trim()) ?? [];
  if (base64 === undefined) return undefined;
  const key = Buffer.from(base64, 'base64');
  return key.length >= BYTES_MIN && key.length <= BYTES_MAX ? key : undefined;
}

/** The headers that prove who sent a webhook, and when. `id` is the same for every attempt of one delivery. */
export function signWebhook(
  key: Buffer,
  { id, sentAt, body }: { id: string; sentAt: Date; body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(sentAt.getTime() / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}
