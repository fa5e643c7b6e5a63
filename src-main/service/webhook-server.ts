import type { AddressInfo } from 'node:net';
import { type FastifyError, type FastifyReply, fastify } from 'fastify';
import { AppError } from '#shared/errors.ts';
import type { Log } from '../logging/log.ts';
import { readWebhook } from '../stripe/gateway/read-webhook.ts';
import { receiveEvent } from '../stripe/inbox/receive-event.ts';
import type { StripeTarget } from '../stripe/stripe-target.ts';

export type WebhookServer = {
  /** Such as http://127.0.0.1:4242. */
  url: string;
  port: number;
  /** Takes nothing more; answers what is under way first. */
  close: () => Promise<void>;
};

/** So long the end waits for senders; Stripe sends again what was not answered. */
const CLOSE_MS_MAX = 2_000;
/** Stripe's events are some kilobytes. */
const BODY_BYTES_MAX = 1_048_576;
/** Whoever sends more slowly than this is not Stripe. */
const REQUEST_MS_MAX = 10_000;

/**
 * The receiver of Stripe's webhooks: POST /stripe/webhook takes an event into the inbox and answers once it is stored, before
 * it is handled; GET /healthz answers while the server runs. What is not signed with the secret, or not for this
 * workspace, is answered with 400. `port` 0 takes a free one. Errors: the port is taken (EADDRINUSE).
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
  const { secret, target, log } = options;
  const server = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    connectionTimeout: 2 * REQUEST_MS_MAX,
    // A sender that keeps its connection does not hold the end up.
    forceCloseConnections: 'idle',
  });
  // The signature is over the bytes as they came, whatever they say they are.
  server.addHook('onRequest', async ({ raw }) => {
    raw.headers['content-type'] = 'application/octet-stream';
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer' },
    (_request, body, done) => done(null, body),
  );

  server.get('/healthz', async () => ({ ok: true }));

  server.post('/stripe/webhook', async (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const signature = request.headers['stripe-signature'];
    try {
      const event = readWebhook(
        body,
        Array.isArray(signature) ? signature.join(',') : signature,
        secret,
        target.now(),
      );
      const outcome = await receiveEvent(target, event, 'webhook');
      if (outcome === 'stored') options.onReceived();
      log.info('Received an event.', { event: event.id, type: event.type, outcome });
      return { received: true };
    } catch (error) {
      if (!(error instanceof AppError) || !isSendersFault(error)) throw error;
      log.warn(`Refused a webhook: ${error.message}`, { code: error.code, bytes: body.length });
      return refuse(reply, 400, error.code, error.message);
    }
  });

  server.setNotFoundHandler((_request, reply) =>
    refuse(reply, 404, 'not_found', 'There is nothing here. Events go to POST /stripe/webhook.'),
  );
  server.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status === 413) {
      return refuse(
        reply,
        413,
        'limit_exceeded',
        'The body is larger than an event can be (1 MB).',
      );
    }
    if (status >= 400 && status < 500) {
      return refuse(reply, status, 'invalid_argument', 'The request cannot be read.');
    }
    log.error('A webhook could not be stored; Stripe sends it again.', error);
    return refuse(reply, 500, 'internal', 'The event could not be stored. Send it again later.');
  });

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

/** What stays the same however often it is sent. Everything else is ours, and is to be sent again. */
function isSendersFault({ code }: AppError): boolean {
  return (
    code === 'webhook_signature' ||
    code === 'invalid_argument' ||
    code === 'stripe_other_mode' ||
    code === 'stripe_other_account'
  );
}

function refuse(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply.code(status).send({ error: { code, message } });
}
