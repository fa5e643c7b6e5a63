import { z } from 'zod';
import type { Metrics } from '../metrics.ts';
import type { Readiness } from '../readiness.ts';
import { type ApiServer, NO_KEY } from './route-context.ts';

/** For whoever runs the service: does it live, can it work, what does it count, and what can it do. None needs a key. */
export function healthRoutes(
  server: ApiServer,
  options: { readiness: () => Promise<Readiness>; metrics: Metrics },
): void {
  const { readiness, metrics } = options;
  const tags = ['Running it'];

  server.get(
    '/healthz',
    {
      schema: {
        operationId: 'isAlive',
        tags,
        summary: 'Whether the process lives',
        description: 'Asks nothing of the database. Needs no key.',
        ...NO_KEY,
        response: { 200: z.object({ ok: z.literal(true) }).describe('It lives.') },
      },
    },
    async () => ({ ok: true as const }),
  );

  server.get(
    '/readyz',
    {
      schema: {
        operationId: 'isReady',
        tags,
        summary: 'Whether requests can be answered',
        description:
          'The database answers and its ledger is of the service’s version. Needs no key.',
        ...NO_KEY,
        response: {
          200: z.object({ ready: z.literal(true) }).describe('They can.'),
          503: z
            .object({ ready: z.literal(false), why: z.string() })
            .describe('They cannot, at this moment.'),
        },
      },
    },
    async (_, reply) => {
      const answer = await readiness();
      return answer.ready ? reply.code(200).send(answer) : reply.code(503).send(answer);
    },
  );

  server.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags,
        summary: 'What the service counts, for Prometheus',
        description: 'Names no customer and no key. Needs no key.',
        ...NO_KEY,
        response: {
          200: {
            description: 'Prometheus’ text format.',
            content: { 'text/plain': { schema: z.string() } },
          },
        },
      },
      // Text as it is: the schema is for the document.
      serializerCompiler: () => (data) => data,
    },
    async (_, reply) => {
      const text = await metrics.text();
      return reply.type(metrics.contentType).send(text);
    },
  );

  server.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'getDocument',
        tags,
        summary: 'This document',
        description: 'Needs no key.',
        ...NO_KEY,
        response: {
          200: z.looseObject({ openapi: z.string() }).describe('An OpenAPI 3.1 document.'),
        },
      },
    },
    async () => server.swagger() as { openapi: string },
  );
}
