import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { makeKey } from '#main/api-keys/make-key.ts';
import type { QueryTarget } from '#main/database/run-query.ts';
import { API_CONNECTIONS } from '#main/service/api-pool.ts';
import { type HttpClient, httpClient } from '#test/support/http-lanes.ts';
import { startServedProcess } from '#test/support/served-process.ts';
import { openPool } from './bench-target.ts';
import { connect } from './durable-server.ts';
import { median, percentile } from './statistics.ts';

export type ServiceBenchOptions = {
  accounts: number;
  rounds: number;
  /** How long each case runs in each round. */
  seconds: number;
  onProgress: (message: string) => void;
};

const CASES = {
  ledger: 'use_feature over pg',
  'select-1': 'bare Fastify route, select 1',
  use: 'POST /usage of the service',
} as const;
type CaseName = keyof typeof CASES;
const CASE_NAMES = Object.keys(CASES) as CaseName[];
const CONNECTIONS = [8, 64] as const;

export type ServiceResult = {
  connections: number;
  case: CaseName;
  label: string;
  /** Medians of the rounds. */
  requestsPerSecond: number;
  medianMilliseconds: number;
  p99Milliseconds: number;
  /** Medians of the rounds' ratios in requests a second, of the same round and number of connections. */
  ratioToLedger: number;
  ratioToSelect1: number;
};

const PLENTY = 1_000_000_000;
const FEATURE = 'basic_search';

/**
 * Measures uses of a feature over HTTP beside the bare call of the ledger and beside a bare Fastify route, in interleaved
 * rounds, over 8 and 64 connections. Service, route and PostgreSQL are processes of their own on this machine, as is the client.
 */
export async function runServiceBench(
  url: string,
  options: ServiceBenchOptions,
): Promise<ServiceResult[]> {
  const stops: (() => unknown)[] = [];
  try {
    const owner = await connect(url);
    stops.push(() => owner.end());
    await prepare(owner, options.accounts);
    // As many connections as the service has, for as many callers.
    const target = openPool(url, API_CONNECTIONS);
    stops.push(() => target.pool.end());
    const { key } = await makeKey(target, 'bench', {
      name: 'bench',
      scopes: ['use'],
      requestsPerSecond: 100_000,
    });
    const service = await startServedProcess({ databaseUrl: url });
    stops.push(() => service.end('SIGTERM'));
    const route = await startServedProcess({
      databaseUrl: url,
      script: ['test/bench/bare-route.ts'],
    });
    stops.push(() => route.end('SIGTERM'));
    const results: ServiceResult[] = [];
    for (const connections of CONNECTIONS) {
      const https = {
        use: httpClient({ url: service.url, key, lanes: connections }),
        'select-1': httpClient({ url: route.url, lanes: connections }),
      };
      const calls = callsOf(target.pool, https, options.accounts);
      const rounds: Record<CaseName, Measured>[] = [];
      for (let round = 0; round <= options.rounds; round += 1) {
        if (round > 0) {
          options.onProgress(
            `service, ${connections} connections: round ${round} of ${options.rounds}`,
          );
          await owner.query('CHECKPOINT');
        }
        const measured: Partial<Record<CaseName, Measured>> = {};
        // Each round begins with another case; the first one only warms up.
        for (let step = 0; step < CASE_NAMES.length; step += 1) {
          const name = CASE_NAMES[(step + round) % CASE_NAMES.length] ?? 'use';
          measured[name] = await measure(
            connections,
            round === 0 ? 0.5 : options.seconds,
            calls[name],
          );
        }
        if (round > 0) rounds.push(measured as Record<CaseName, Measured>);
      }
      for (const http of Object.values(https)) http.close();
      results.push(...CASE_NAMES.map((name) => resultOf(connections, name, rounds)));
    }
    return results;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function prepare(owner: pg.Client, accounts: number): Promise<void> {
  await owner.query(
    `SELECT count(c.id) FROM generate_series(1, $1::integer) i
     CROSS JOIN LATERAL credits.ensure_customer('served_' || i) c`,
    [accounts],
  );
  await owner.query(
    `SELECT count(t.id) FROM credits.customers c
     CROSS JOIN LATERAL credits.add_credits(c.id, ${PLENTY}, 'bonus', 'Plenty') t
     WHERE starts_with(c.id, 'served_')`,
  );
  await owner.query('VACUUM (ANALYZE)');
}

type Call = () => Promise<unknown>;

function callsOf(
  pool: QueryTarget['pool'],
  https: Record<'use' | 'select-1', HttpClient>,
  accounts: number,
): Record<CaseName, Call> {
  const prefix = randomBytes(5).toString('hex');
  let made = 0;
  const next = () => {
    made += 1;
    return { customerId: `served_${1 + (made % accounts)}`, key: `${prefix}-${made}` };
  };
  return {
    ledger() {
      const { customerId, key } = next();
      return pool.query({
        name: 'use',
        text: `SELECT f.id::text, -f.amount AS cost, credits.available_now(f.customer_id) AS available
          FROM credits.use_feature($1, $2, idempotency_key => $3) f`,
        values: [customerId, FEATURE, key],
      });
    },
    'select-1': () => expectOk(https['select-1'].post('/select-1', {})),
    use() {
      const { customerId, key } = next();
      const body = { feature: FEATURE, idempotency_key: key };
      return expectOk(https.use.post(`/v1/customers/${customerId}/usage`, body));
    },
  };
}

async function expectOk(answer: ReturnType<HttpClient['post']>): Promise<void> {
  const { status, body } = await answer;
  if (status !== 200) throw new Error(`The service answered ${status}: ${JSON.stringify(body)}`);
}

type Measured = { perSecond: number; took: number[] };

async function measure(connections: number, seconds: number, call: Call): Promise<Measured> {
  const took: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1_000;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let sent = performance.now(); sent < end; ) {
        await call();
        const answered = performance.now();
        took.push(answered - sent);
        sent = answered;
      }
    }),
  );
  return { perSecond: took.length / ((performance.now() - start) / 1_000), took };
}

function resultOf(
  connections: number,
  name: CaseName,
  rounds: readonly Record<CaseName, Measured>[],
): ServiceResult {
  const ratioTo = (other: CaseName) =>
    median(rounds.map((round) => round[name].perSecond / round[other].perSecond));
  return {
    connections,
    case: name,
    label: CASES[name],
    requestsPerSecond: median(rounds.map((round) => round[name].perSecond)),
    medianMilliseconds: median(rounds.map((round) => median(round[name].took))),
    p99Milliseconds: median(rounds.map((round) => percentile(round[name].took, 0.99))),
    ratioToLedger: ratioTo('ledger'),
    ratioToSelect1: ratioTo('select-1'),
  };
}
