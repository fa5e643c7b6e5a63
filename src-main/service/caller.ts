import type { FastifyRequest } from 'fastify';
import type { ApiKeyScope } from '#shared/ipc/api-keys.ts';

/** Who calls: a key that is in use. */
export type Caller = {
  keyId: string;
  name: string;
  /** What stands on every row that the call writes: the key's name and, as names need not be unique, its first letters. */
  actor: string;
  scopes: ReadonlySet<ApiKeyScope>;
  requestsPerSecond: number;
  /** Where customers buy more; {customer_id} stands for the customer. Null: the console names none. */
  purchaseUrl: string | null;
};

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the key is found; null before, and on routes that need none. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** What the key must be allowed to; routes without it need no key. */
    scope?: ApiKeyScope;
  }
}

/** The caller of a route behind a key. */
export function callerOf({ caller }: FastifyRequest): Caller {
  if (caller === null) throw new Error('this route is not behind a key');
  return caller;
}

/** Where this customer buys more credits, or null. */
export function purchaseUrlFor({ purchaseUrl }: Caller, customerId: string): string | null {
  return purchaseUrl?.replaceAll('{customer_id}', encodeURIComponent(customerId)) ?? null;
}
