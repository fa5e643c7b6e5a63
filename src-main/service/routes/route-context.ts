import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { SpendingTarget } from '#main/spending/call-ledger.ts';
import type { ApiKeyScope } from '#shared/ipc/api-keys.ts';

/** What the routes behind a key stand on: the database as credits_service sees it. */
export type RouteContext = { database: SpendingTarget };

/** A server whose routes are typed by their zod schemas. */
export type ApiServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** For a route's schema: the document then says that it needs a key, and with which scope. */
export function keyWith(scope: ApiKeyScope): { security: Record<string, string[]>[] } {
  return { security: [{ key: [scope] }] };
}

/** For a route's schema: no key. */
export const NO_KEY: { security: Record<string, string[]>[] } = { security: [] };
