import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { QueryTarget } from '#main/database/run-query.ts';

/** What one answered request is counted by: nothing that names a customer or a key. */
export type Answered = { method: string; route: string; status: number; seconds: number };

export type Metrics = {
  begun: () => void;
  ended: (answered: Answered) => void;
  /** In Prometheus’ text format. */
  text: () => Promise<string>;
  contentType: string;
};

/** Seconds. A use takes some milliseconds; what waits for a busy customer's account takes longer. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What the service counts of itself, its connections, and (where asked for) its process. */
export function createMetrics(options: { pool: QueryTarget['pool']; ofProcess: boolean }): Metrics {
  const { pool } = options;
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'credits_http_requests_total',
    help: 'Requests that were answered; status 499: the client had gone.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'credits_http_request_duration_seconds',
    help: 'From a request’s head to the end of its answer, in seconds.',
    labelNames: ['method', 'route'],
    buckets: BUCKETS,
    registers,
  });
  const underWay = new Gauge({
    name: 'credits_http_requests_in_flight',
    help: 'Requests that are being answered now.',
    registers,
  });
  new Gauge({
    name: 'credits_database_connections',
    help: 'Connections to the database: all, idle, and requests that wait for one.',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'open' }, pool.totalCount);
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'waiting' }, pool.waitingCount);
    },
  });
  if (options.ofProcess) collectDefaultMetrics({ register: registry });
  return {
    begun: () => underWay.inc(),
    ended({ method, route, status, seconds }) {
      underWay.dec();
      requests.inc({ method, route, status });
      duration.observe({ method, route }, seconds);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
