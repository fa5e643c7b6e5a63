import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../logging/log.ts';
import type { Metrics } from './metrics.ts';

/** Where a client went away before its answer; a number of nobody's standard that proxies use too. */
const CLIENT_GONE = 499;

/** Counts a request and tells the log about it, once its answer is out or its client gone. */
export function observe(
  request: FastifyRequest,
  reply: FastifyReply,
  { metrics, log }: { metrics: Metrics; log: Log },
): void {
  const beganAt = performance.now();
  metrics.begun();
  reply.header('x-request-id', request.id);
  reply.raw.once('close', () => {
    const milliseconds = performance.now() - beganAt;
    const { method } = request;
    // The route's pattern, never the address: that names customers.
    const route = request.routeOptions.url ?? 'none';
    const status = reply.raw.writableFinished ? reply.raw.statusCode : CLIENT_GONE;
    metrics.ended({ method, route, status, seconds: milliseconds / 1_000 });
    log.info('Answered.', {
      method,
      route,
      status,
      ms: Math.round(milliseconds * 10) / 10,
      key: request.caller?.name ?? null,
      request: request.id,
    });
  });
}
