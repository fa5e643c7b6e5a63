import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { fastifyRateLimit } from '@fastify/rate-limit';
import { fastify } from 'fastify';
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { QueryTarget } from '#main/database/run-query.ts';
import type { Log } from '../logging/log.ts';
import { createCustomerLanes } from '../spending/customer-lanes.ts';
import { requireKey } from './authorise.ts';
import { HttpError } from './http-errors.ts';
import { takeJsonOnly } from './json-body.ts';
import { createKeyCache } from './key-cache.ts';
import { createMetrics } from './metrics.ts';
import { observe } from './observe.ts';
import { describeApi } from './open-api.ts';
import { withOtherMethods } from './other-methods.ts';
import { RateStore } from './rate-store.ts';
import { createReadiness, type Readiness } from './readiness.ts';
import { refuse } from './refuse.ts';
import { createSocketRefusals } from './refuse-socket.ts';
import { customerRoutes } from './routes/customers.ts';
import { healthRoutes } from './routes/health.ts';
import { holdRoutes } from './routes/holds.ts';
import { meteredUsageRoutes } from './routes/metered-usage.ts';
import { usageRoutes } from './routes/usage.ts';
import { type StripeWebhook, stripeWebhookRoutes } from './stripe-webhook-routes.ts';

export type HttpService = {
  /** Such as http://127.0.0.1:4242. */
  url: string;
  port: number;
  /** Takes nothing more; answers what is under way first, for some seconds at most. The database is the caller's to end. */
  close: () => Promise<void>;
};

export type HttpServiceOptions = {
  /** Connections that act as credits_service: see openApiPool. */
  database: Pick<QueryTarget, 'pool'>;
  /** Null: no webhooks are taken. */
  stripe: StripeWebhook | null;
  host: string;
  /** 0: a free one. */
  port: number;
  log: Log;
  /** How long the answer about a key is remembered: for so long a revoked one may be taken. Default 5 seconds. */
  rememberKeysMs?: number;
  /** From one address, before it is told to wait. Default 60. */
  failuresPerMinute?: number;
  /** Whether /metrics tells of the process too. Default true. */
  processMetrics?: boolean;
};

const REMEMBER_KEYS_MS = 5_000;
const FAILURES_PER_MINUTE = 60;
const CLOSE_MS_MAX = 7_500;
const BODY_BYTES_MAX = 65_536;
/** Whoever sends a request more slowly than this is no back end. */
const REQUEST_MS_MAX = 10_000;
/** Longer than the wait for a connection and a statement together. */
const SOCKET_MS_MAX = 30_000;
/** 200 characters of four bytes, each byte percent-encoded. */
const PARAMETER_LENGTH_MAX = 2_400;

/**
 * The service for product back ends, and the receiver of Stripe's webhooks where it is given: routes under /v1 behind keys,
 * /healthz, /readyz, /metrics and /openapi.json without. Errors: EADDRINUSE and the like, as listening raises them.
 */
export async function startHttpService(options: HttpServiceOptions): Promise<HttpService> {
  const { database, log } = options;
  const metrics = createMetrics({
    pool: database.pool,
    ofProcess: options.processMetrics ?? true,
  });
  const watched = { metrics, log };
  const spending = { pool: database.pool, lanes: createCustomerLanes() };
  const socketRefusals = createSocketRefusals();
  let isStopping = false;
  const server = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    connectionTimeout: SOCKET_MS_MAX,
    // A client that keeps its connection does not hold the end up; what it still sends on it is answered.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    // Node would answer for it without a code; the hook below does it with one.
    http: { requireHostHeader: false },
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAX },
    frameworkErrors(error, request, reply) {
      observe(request, reply, watched);
      refuse(error, request, reply, log);
    },
    clientErrorHandler: socketRefusals.refuse,
  }).withTypeProvider<ZodTypeProvider>();
  socketRefusals.watch(server.server);
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.decorateRequest('caller', null);
  server.setErrorHandler((error, request, reply) => refuse(error, request, reply, log));
  server.setNotFoundHandler((request, reply) =>
    refuse(
      new HttpError('no_such_route', 'There is nothing at this address. See /openapi.json.'),
      request,
      reply,
      log,
    ),
  );
  server.addHook('onRequest', async (request, reply) => observe(request, reply, watched));
  server.addHook('onRequest', async ({ raw }) => {
    if (raw.headers.host === undefined && raw.httpVersion === '1.1') {
      throw new HttpError('malformed_request', 'The request names no host.');
    }
  });
  server.addHook('onSend', (_request, reply, payload, done) => {
    // Its connection would be kept for another request, and hold up the end for as long.
    if (isStopping) reply.header('connection', 'close');
    done(null, payload);
  });
  takeJsonOnly(server);
  await server.register(fastifyRateLimit, { global: false, store: RateStore });
  await describeApi(server);

  const keys = createKeyCache({
    database,
    rememberMs: options.rememberKeysMs ?? REMEMBER_KEYS_MS,
    log,
  });
  await server.register(async (open) => {
    const canAnswer = createReadiness(database.pool);
    const readiness = async (): Promise<Readiness> =>
      isStopping ? { ready: false, why: 'The service is stopping.' } : canAnswer();
    withOtherMethods(open, () => healthRoutes(open, { readiness, metrics }));
  });
  await server.register(
    async (api) => {
      requireKey(api, {
        keys,
        failuresPerMinute: options.failuresPerMinute ?? FAILURES_PER_MINUTE,
      });
      withOtherMethods(api, () => {
        for (const routes of [customerRoutes, usageRoutes, holdRoutes, meteredUsageRoutes]) {
          routes(api, { database: spending });
        }
      });
    },
    { prefix: '/v1' },
  );
  const { stripe } = options;
  if (stripe) await server.register(async (webhooks) => stripeWebhookRoutes(webhooks, stripe));

  await server.listen({ host: options.host, port: options.port });
  const { port, address, family } = server.server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    port,
    async close() {
      isStopping = true;
      const cut = setTimeout(() => server.server.closeAllConnections(), CLOSE_MS_MAX);
      await server.close().finally(() => clearTimeout(cut));
      await keys.close();
    },
  };
}
