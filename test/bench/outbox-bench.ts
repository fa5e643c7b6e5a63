import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { batchUsage } from '#main/metering/outbox/claim-usage.ts';
import { sendUsage } from '#main/metering/outbox/send-usage.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { openTarget } from './bench-target.ts';
import { connect } from './durable-server.ts';
import type { SimulatorReady, SimulatorTask } from './simulator-thread.ts';
import { median } from './statistics.ts';
import { answerOf, startThread } from './threads.ts';

export type OutboxBenchOptions = {
  rounds: number;
  /** How long reports and bare inserts run, each over one connection and over eight, in each round. */
  seconds: number;
  /** Reports that are made events of, and events that are sent, in each round. */
  reports: number;
  onProgress: (message: string) => void;
};

const CASES = {
  'insert-1': 'bare insert of the row, 1 connection',
  'report-1': 'report_usage, 1 connection',
  'insert-8': 'bare insert of the row, 8 connections',
  'report-8': 'report_usage, 8 connections',
  'batch-sum': 'reports made events of, by customer and minute',
  'batch-count': 'reports made events of, one each',
  send: 'events sent to the simulator and marked, 1 worker',
} as const;
type CaseName = keyof typeof CASES;
const CASE_NAMES = Object.keys(CASES) as CaseName[];
type Round = Record<CaseName, number>;

export type OutboxReport = {
  results: {
    case: CaseName;
    label: string;
    /** Of the rounds. */
    medianPerSecond: number;
    minPerSecond: number;
    maxPerSecond: number;
    /** Median of the rounds' ratios to bare inserts in the same round, over one connection and over eight. */
    ratioTo1: number;
    ratioTo8: number;
  }[];
  /** Units that were reported, and those that the simulator counts. */
  reported: number;
  counted: number;
  /** Events that are neither sent nor a duplicate. */
  unsent: number;
  isRight: boolean;
};

const CUSTOMERS = 50;

type Bench = {
  run: string;
  owner: pg.Client;
  clients: pg.Client[];
  target: StripeTarget;
  stripeCustomers: string[];
  meters: { sum: string; count: string };
};

/**
 * Measures the usage outbox beside bare inserts of the same row, in rounds: reports of usage over one connection and eight, events
 * made of them, events sent to the simulator over HTTP. Then compares what it counts with what was reported. Throws where
 * the database is bound to a Stripe account.
 */
export async function runOutboxBench(
  url: string,
  options: OutboxBenchOptions,
): Promise<OutboxReport> {
  const owner = await connect(url);
  const stops: (() => Promise<unknown>)[] = [() => owner.end()];
  try {
    const run = `outbox_${randomBytes(4).toString('hex')}`;
    const task: SimulatorTask = { customers: [], checkouts: 0, credits: 0 };
    const simulator = startThread('./simulator-thread.ts', task);
    stops.push(() => simulator.terminate());
    const { port, accountId } = await answerOf<SimulatorReady>(simulator);
    const target = openTarget({ url, port, accountId, name: 'bench' });
    stops.push(() => target.database.pool.end());
    const clients: pg.Client[] = [];
    for (let index = 0; index < 8; index += 1) {
      const client = await connect(url, { 'credits.actor': 'bench', synchronous_commit: 'on' });
      stops.push(() => client.end());
      clients.push(client);
    }
    const bench = await prepare({ run, owner, clients, target });
    const rounds: Round[] = [];
    for (let round = 0; round <= options.rounds; round += 1) {
      if (round > 0) {
        options.onProgress(`outbox: round ${round} of ${options.rounds}`);
        await owner.query('CHECKPOINT');
      }
      // The first one only warms up.
      const share = round === 0 ? 0.2 : 1;
      const measured = await runRound(bench, {
        seconds: options.seconds * share,
        reports: Math.ceil(options.reports * share),
      });
      if (round > 0) rounds.push(measured);
    }
    options.onProgress('Comparing the simulator’s summaries with what was reported.');
    return { ...(await check(bench)), results: resultsOf(rounds) };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function prepare(parts: Pick<Bench, 'run' | 'owner' | 'clients' | 'target'>): Promise<Bench> {
  const { run, owner, target } = parts;
  const { rows } = await owner.query<{ account_id: string | null }>(
    'SELECT account_id FROM credits_billing.stripe_settings',
  );
  if (rows[0]?.account_id) throw new Error('The database is bound to a Stripe account.');
  const meters = { sum: `${run}_tokens`, count: `${run}_calls` };
  for (const [formula, eventName] of Object.entries(meters)) {
    await target.gateway.createMeter(
      { eventName, name: eventName, formula: formula as 'sum' | 'count' },
      eventName,
    );
    await owner.query(
      'INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ($1, $1, $2)',
      [eventName, formula],
    );
  }
  const stripeCustomers: string[] = [];
  for (let index = 1; index <= CUSTOMERS; index += 1) {
    const customerId = `${run}_${index}`;
    const { id } = await target.gateway.createCustomer(
      { userId: customerId, email: null, name: null },
      customerId,
    );
    await owner.query('SELECT credits.ensure_customer($1)', [customerId]);
    await owner.query('SELECT credits.link_stripe_customer($1, $2)', [customerId, id]);
    stripeCustomers.push(id);
  }
  await owner.query('VACUUM (ANALYZE)');
  return { ...parts, meters, stripeCustomers };
}

let keys = 0;

async function runRound(
  bench: Bench,
  { seconds, reports }: { seconds: number; reports: number },
): Promise<Round> {
  const { owner, clients, run, meters, target } = bench;
  const measured: Partial<Round> = {};
  for (const count of [1, 8] as const) {
    for (const name of ['insert', 'report'] as const) {
      measured[`${name}-${count}`] = await callsPerSecond(count, seconds, (lane) => {
        const client = clients[lane];
        if (client === undefined) throw new Error('There is no connection for this lane.');
        keys += 1;
        return client.query({
          name,
          text: STATEMENTS[name],
          values: [`${run}_${1 + (keys % CUSTOMERS)}`, meters.sum, `${run}_${keys}_${name}`],
        });
      });
      // Bare rows are no reports: nothing makes events of them.
      if (name === 'insert') {
        await owner.query(`DELETE FROM credits.usage_reports WHERE idempotency_key LIKE $1`, [
          `${run}_%_insert`,
        ]);
      }
    }
  }
  await reportMany(bench, meters.sum, reports);
  measured['batch-sum'] = await batched(bench);
  await reportMany(bench, meters.count, reports);
  measured['batch-count'] = await batched(bench);
  const start = performance.now();
  const { events, problem } = await sendUsage(target, 'bench');
  if (problem !== undefined) throw problem;
  measured.send = events / ((performance.now() - start) / 1_000);
  return measured as Round;
}

const STATEMENTS = {
  insert: `INSERT INTO credits.usage_reports (customer_id, event_name, quantity, occurred_at, idempotency_key, fingerprint, actor, metadata)
    VALUES ($1, $2, 3, clock_timestamp(), $3, md5($3)::uuid, 'bench', '{}') RETURNING *`,
  report: 'SELECT * FROM credits.report_usage($1, $2, 3, $3)',
};

async function reportMany({ owner, run }: Bench, eventName: string, count: number): Promise<void> {
  keys += 1;
  await owner.query(
    `SELECT count(r.id) FROM generate_series(1, $3::int) n
     CROSS JOIN LATERAL credits.report_usage($1 || '_' || (1 + n % ${CUSTOMERS}), $2, 1, $1 || '_' || $4::text || '_' || n) r`,
    [run, eventName, count, String(keys)],
  );
}

/** Reports a second. */
async function batched({ owner, target }: Bench): Promise<number> {
  const waiting =
    'SELECT count(*)::int AS count FROM credits.usage_reports WHERE meter_event_id IS NULL';
  const { rows } = await owner.query<{ count: number }>(waiting);
  const start = performance.now();
  await batchUsage(target, { atOnce: true });
  return (rows[0]?.count ?? 0) / ((performance.now() - start) / 1_000);
}

async function callsPerSecond(
  count: number,
  seconds: number,
  call: (lane: number) => Promise<unknown>,
): Promise<number> {
  let calls = 0;
  const start = performance.now();
  const end = start + seconds * 1_000;
  const lane = async (_: unknown, index: number) => {
    while (performance.now() < end) {
      await call(index);
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: count }).map(lane));
  return calls / ((performance.now() - start) / 1_000);
}

async function check({
  owner,
  run,
  target,
  meters,
  stripeCustomers,
}: Bench): Promise<Omit<OutboxReport, 'results'>> {
  const { rows } = await owner.query<{ reported: string; unsent: string }>(
    `SELECT (SELECT sum(r.quantity) FROM credits.usage_reports r WHERE starts_with(r.customer_id, $1)) AS reported,
       (SELECT count(*) FROM credits_billing.meter_events e
        WHERE starts_with(e.customer_id, $1) AND e.state NOT IN ('sent', 'duplicate')) AS unsent`,
    [`${run}_`],
  );
  const minute = 60_000;
  const now = Math.floor(Date.now() / minute) * minute;
  const period = { start: new Date(now - 1_440 * minute), end: new Date(now + 10 * minute) };
  let counted = 0;
  for (const eventName of Object.values(meters)) {
    const meter = await target.gateway.findMeter(eventName);
    if (meter === undefined) throw new Error(`The meter ${eventName} is gone.`);
    for (const stripeCustomerId of stripeCustomers) {
      const usage = await target.gateway.listUsage({
        meterId: meter.id,
        stripeCustomerId,
        ...period,
      });
      counted += usage.reduce((sum, { value }) => sum + value, 0);
    }
  }
  const reported = Number(rows[0]?.reported);
  const unsent = Number(rows[0]?.unsent);
  return { reported, counted, unsent, isRight: counted === reported && unsent === 0 };
}

function resultsOf(rounds: readonly Round[]): OutboxReport['results'] {
  return CASE_NAMES.map((name) => {
    const own = rounds.map((round) => round[name]);
    const ratioTo = (bare: CaseName) => median(rounds.map((round) => round[name] / round[bare]));
    return {
      case: name,
      label: CASES[name],
      medianPerSecond: median(own),
      minPerSecond: Math.min(...own),
      maxPerSecond: Math.max(...own),
      ratioTo1: ratioTo('insert-1'),
      ratioTo8: ratioTo('insert-8'),
    };
  });
}
