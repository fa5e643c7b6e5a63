import { createHash } from 'node:crypto';

/** A digest of content in a fixed order. */
export function digestOf(content: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** What a call that makes something is told by in Stripe: the same for the same content, so that a repeat makes nothing twice. */
export function keyOf(what: 'meter' | 'product' | 'price', content: readonly unknown[]): string {
  return `metering:${what}:${digestOf(content)}`;
}
