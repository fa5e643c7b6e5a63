import type { IncomingMessage, ServerResponse } from 'node:http';
import { BODY_HEADERS, settleAtEnd } from './answer-end.ts';
import type { CreditsClient } from './credits-client.ts';
import type { HeldWork } from './held-work.ts';
import { attachCredits } from './request-credits.ts';
import { admit, type Refusal, type RequireCreditsOptions, settle } from './require-credits.ts';

/** As much of Fastify's request and reply as is needed: its package is not imported here. */
type FastifyRequestLike = { raw: IncomingMessage };
type FastifyReplyLike = {
  raw: ServerResponse;
  statusCode: number;
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
  send(payload: unknown): unknown;
};

/** To be spread into the options of a route, or added by `addHook` for all routes of a plugin. */
export type FastifyCreditsHooks<Request> = {
  preHandler: (request: Request, reply: FastifyReplyLike) => Promise<unknown>;
  onSend: (request: Request, reply: FastifyReplyLike, payload: unknown) => Promise<unknown>;
};

/**
 * Hooks of a Fastify route that costs credits: `app.post('/reports', { ...fastifyRequireCredits(client, …) }, handler)`.
 * Credits are held before the handler, and captured when it answers with a status below 400. Any other status, a thrown error,
 * or a caller who hangs up before the answer releases them. Too few credits: 402 with the service's own answer, and
 * the handler is not called.
 *
 * When the capture comes, why before the answer, what of streams, and what a dying process leaves behind: as with
 * `expressRequireCredits`. What the service refuses for another reason than the customer's is thrown, to the error handler.
 */
export function fastifyRequireCredits<Request extends FastifyRequestLike = FastifyRequestLike>(
  client: CreditsClient,
  options: RequireCreditsOptions<Request>,
): FastifyCreditsHooks<Request> {
  const works = new WeakMap<Request, HeldWork>();
  const answered = new WeakSet<Request>();

  return {
    async preHandler(request, reply) {
      let isGone = false;
      reply.raw.once('close', () => {
        isGone = true;
      });
      const admitted = await admit(client, options, request);
      if ('status' in admitted) return reply.send(refuse(reply, admitted));
      if (isGone) {
        await admitted.fail();
        return reply;
      }
      const gone = new AbortController();
      works.set(request, admitted);
      attachCredits(request, Object.assign(admitted, { signal: gone.signal }));
      // A stream and whatever a handler writes by itself are settled at their end.
      settleAtEnd(
        reply.raw,
        admitted,
        (status) => settle(admitted, status, options),
        () => gone.abort(),
      );
      return undefined;
    },

    async onSend(request, reply, payload) {
      const work = works.get(request);
      if (!work || isStream(payload)) return payload;
      const { statusCode } = reply;
      const isFirst = !answered.has(request);
      answered.add(request);
      const refusal = await settle(work, statusCode, options);
      if (refusal) return refuse(reply, refusal);
      // For a handler that fails while its answer waits, Fastify sets the status of that failure: the answer goes out by its own.
      if (isFirst) reply.code(statusCode);
      return payload;
    },
  };
}

/** Sets status and headers of a refusal, and returns its body as JSON. */
function refuse(reply: FastifyReplyLike, { status, body, retryAfterSeconds }: Refusal): string {
  for (const name of BODY_HEADERS) reply.removeHeader(name);
  reply.code(status);
  reply.header('content-type', 'application/json; charset=utf-8');
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  return JSON.stringify(body);
}

/** Node's streams, the web's, and its Response. */
function isStream(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && !Buffer.isBuffer(payload);
}
