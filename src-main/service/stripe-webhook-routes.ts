import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import { AppError } from '#shared/errors.ts';
import { readWebhook } from '../stripe/gateway/read-webhook.ts';
import { receiveEvent } from '../stripe/inbox/receive-event.ts';
import type { StripeTarget } from '../stripe/stripe-target.ts';

/** What a receiver of Stripe's webhooks needs. */
export type StripeWebhook = {
  /** Of the webhook's endpoint, whsec_…; never logged. */
  secret: string;
  target: StripeTarget;
  /** An event was stored that the inbox did not have. */
  onReceived: () => void;
};

/** Stripe's events are some kilobytes. */
const BODY_BYTES_MAX = 1_048_576;

/**
 * POST /stripe/webhook: takes an event into the inbox and answers once it is stored, before it is handled. What is not signed
 * with the secret, or not for this workspace, is answered with 400. It reads bodies as bytes, so it is registered as a
 * plugin of its own, whose body parsers and errors the other routes do not share.
 */
export function stripeWebhookRoutes(server: FastifyInstance, options: StripeWebhook): void {
  const { secret, target, onReceived } = options;
  const { log } = target;
  // The signature is over the bytes as they came, whatever they say they are.
  server.addHook('onRequest', async ({ raw }) => {
    raw.headers['content-type'] = 'application/octet-stream';
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX },
    (_request, body, done) => done(null, body),
  );

  server.post(
    '/stripe/webhook',
    {
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        operationId: 'receiveStripeEvent',
        tags: ['Running it'],
        summary: 'Stripe’s events',
        description: 'For Stripe alone: signed with the endpoint’s secret. Needs no key.',
        security: [],
      },
    },
    async (request, reply) => {
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
        if (outcome === 'stored') onReceived();
        log.info('Received an event.', { event: event.id, type: event.type, outcome });
        return { received: true };
      } catch (error) {
        if (!(error instanceof AppError) || !isSendersFault(error)) throw error;
        log.warn(`Refused a webhook: ${error.message}`, { code: error.code, bytes: body.length });
        return refuse(reply, 400, error.code, error.message);
      }
    },
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
