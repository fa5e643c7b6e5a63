import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import type { Log } from '../logging/log.ts';
import type { StripeTarget } from '../stripe/stripe-target.ts';
import { stripeWebhookRoutes } from './stripe-webhook-routes.ts';

export type WebhookServer = {
  /** Such as http://127.0.0.1:4242. */
  url: string;
  port: number;
  /** Takes nothing more; answers what is under way first. */
  close: () => Promise<void>;
};

/** So long the end waits for senders; Stripe sends again what was not answered. */
const CLOSE_MS_MAX = 2_000;
/** Whoever sends more slowly than this is not Stripe. */
const REQUEST_MS_MAX = 10_000;

/**
 * The console's own receiver of Stripe's webhooks: POST /stripe/webhook, and GET /healthz, which answers while the server
 * runs. `port` 0 takes a free one. Errors: the port is taken (EADDRINUSE).
 */
export async function startWebhookServer(options: {
  /** Of the webhook's endpoint, whsec_…; never logged. */
  secret: string;
  target: StripeTarget;
  host: string;
  port: number;
  log: Log;
  /** An event was stored that the inbox did not have. */
  onReceived: () => void;
}): Promise<WebhookServer> {
  const { secret, onReceived } = options;
  const server = fastify({
    logger: false,
    requestTimeout: REQUEST_MS_MAX,
    connectionTimeout: 2 * REQUEST_MS_MAX,
    // A sender that keeps its connection does not hold the end up.
    forceCloseConnections: 'idle',
  });
  server.get('/healthz', async () => ({ ok: true }));
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({
      error: {
        code: 'not_found',
        message: 'There is nothing here. Events go to POST /stripe/webhook.',
      },
    }),
  );
  const target = { ...options.target, log: options.log };
  await server.register(async (routes) =>
    stripeWebhookRoutes(routes, { secret, target, onReceived }),
  );

  await server.listen({ host: options.host, port: options.port });
  const { port, address, family } = server.server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    port,
    async close() {
      const cut = setTimeout(() => server.server.closeAllConnections(), CLOSE_MS_MAX);
      await server.close().finally(() => clearTimeout(cut));
    },
  };
}
