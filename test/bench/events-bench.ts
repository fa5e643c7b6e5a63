import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type pg from 'pg';
import type { StripeEvent } from '#main/stripe/gateway/gateway.ts';
import { toStripeEvent } from '#main/stripe/gateway/read-webhook.ts';
import { receiveEvent, receiveEvents } from '#main/stripe/inbox/receive-event.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { provision } from '#main/stripe/sync/provision.ts';
import { type BenchAccount, openTarget } from './bench-target.ts';
import { connect } from './durable-server.ts';
import type { SimulatorReady, SimulatorTask } from './simulator-thread.ts';
import { median } from './statistics.ts';

export type EventsBenchOptions = {
  /** Paid checkouts that one worker handles over all rounds, and as many again that two do. */
  events: number;
  rounds: number;
  /** How long each case without events (bare grants, gateway alone) runs in each round. */
  seconds: number;
  onProgress: (message: string) => void;
};

/** What is measured, in the order of printing. */
const CASES = {
  'grant-1': 'bare grant, 1 connection: calls',
  'grant-8': 'bare grant, 8 connections: calls',
  'store-pages': 'store, pages of 100: events',
  'store-single': 'store, one each, 8 side by side: events',
  'work-1': 'work off, 1 worker: events',
  'work-2': 'work off, 2 workers: events',
  'again-pages': 'deliver again, pages of 100: events',
  'again-single': 'deliver again, one each, 8 side by side: events',
  'gateway-session': 'gateway alone, session, 4 side by side: calls',
  'gateway-event': 'gateway alone, all an event asks, 4 side by side: events',
} as const;
type CaseName = keyof typeof CASES;
const CASE_NAMES = Object.keys(CASES) as CaseName[];

export type EventsResult = {
  case: CaseName;
  label: string;
  /** Of the rounds. */
  medianPerSecond: number;
  minPerSecond: number;
  maxPerSecond: number;
  /** Median of the rounds' ratios to bare grants in the same round, over one connection and over eight. */
  ratioTo1: number;
  ratioTo8: number;
};

export type EventsReport = {
  /** Events handled, those of the warm-up included; each was delivered twice. */
  events: number;
  credits: { bought: number; granted: number };
  /** Ledger rows that grant; as many as events where each was granted once. */
  grants: number;
  /** Events whose state is not `handled`. */
  unhandled: number;
  brokenRules: string[];
  isRight: boolean;
  results: EventsResult[];
};

const CUSTOMERS = 200;
const CREDITS = 100;
const PAGE = 100;
const SINGLE_SIDE_BY_SIDE = 8;
// As many events as one worker has under way.
const GATEWAY_SIDE_BY_SIDE = 4;
const WARM_UP_EVENTS = 60;
const WARM_UP_SECONDS = 0.3;

/**
 * Measures the inbox beside the bare grant (one call of credits.provision_payment), in rounds: paid checkouts of the simulator are
 * stored, worked off over HTTP through the gateway by one worker and by two, and delivered again. Then checks that each was
 * granted once. Throws where the database is bound to a Stripe account.
 */
export async function runEventsBench(
  url: string,
  options: EventsBenchOptions,
): Promise<EventsReport> {
  const owner = await connect(url);
  const stops: (() => Promise<unknown>)[] = [() => owner.end()];
  try {
    const run = `inbox_${randomBytes(4).toString('hex')}`;
    await prepare(owner, run);
    const perRound = Math.ceil(options.events / options.rounds);
    const sizes = [
      Math.min(WARM_UP_EVENTS, perRound),
      ...Array.from({ length: options.rounds }, () => perRound),
    ];
    const total = 2 * sizes.reduce((sum, size) => sum + size, 0);
    options.onProgress(`Paying ${total} checkouts on the simulator.`);
    const task: SimulatorTask = { customers: buyersOf(run), checkouts: total, credits: CREDITS };
    const simulator = startThread('./simulator-thread.ts', task);
    stops.push(() => simulator.terminate());
    const { port, accountId, completed } = await answerOf<SimulatorReady>(simulator);
    const account: BenchAccount = { url, port, accountId, name: 'bench' };

    const target = openTarget(account);
    stops.push(() => target.database.pool.end());
    const workers: Worker[] = [];
    for (const name of ['first', 'second']) {
      const worker = startThread('./inbox-thread.ts', { ...account, name });
      stops.push(() => worker.terminate());
      await answerOf<number>(worker);
      workers.push(worker);
    }
    const clients: pg.Client[] = [];
    for (let index = 0; index < 8; index += 1) {
      const client = await connect(url, { 'credits.actor': 'bench', synchronous_commit: 'on' });
      stops.push(() => client.end());
      clients.push(client);
    }

    const events = completed.map((text) => toStripeEvent(JSON.parse(text)));
    if (events.length !== total)
      throw new Error(`The simulator made ${events.length} events of ${total}.`);
    const bench: Bench = { run, target, workers, clients };
    const rounds: Round[] = [];
    for (const [round, size] of sizes.entries()) {
      if (round > 0) {
        options.onProgress(`events: round ${round} of ${options.rounds}`);
        // A checkpoint that falls into one case would be held against it.
        await owner.query('CHECKPOINT');
      }
      const measured = await runRound(bench, round, {
        one: events.splice(0, size),
        two: events.splice(0, size),
        seconds: round === 0 ? Math.min(WARM_UP_SECONDS, options.seconds) : options.seconds,
      });
      if (round > 0) rounds.push(measured);
    }
    options.onProgress('Checking that each was granted once.');
    return { ...(await check(owner, run, accountId, total)), results: resultsOf(rounds) };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

type Bench = { run: string; target: StripeTarget; workers: Worker[]; clients: pg.Client[] };
/** Per second, by case. */
type Round = Record<CaseName, number>;

async function runRound(
  { run, target, workers, clients }: Bench,
  round: number,
  given: { one: StripeEvent[]; two: StripeEvent[]; seconds: number },
): Promise<Round> {
  const { one, two, seconds } = given;
  const grant = (lane: number) => grantOnce(clients[lane], run);
  const parts: (() => Promise<Partial<Round>>)[] = [
    async () => ({
      'grant-1': await callsPerSecond(1, seconds, grant),
      'grant-8': await callsPerSecond(8, seconds, grant),
    }),
    async () => ({
      'store-pages': await deliver(target, one, 'pages', one.length),
      'work-1': await workOff(workers.slice(0, 1), one.length),
      'again-pages': await deliver(target, one, 'pages', 0),
    }),
    async () => ({
      'store-single': await deliver(target, two, 'single', two.length),
      'work-2': await workOff(workers, two.length),
      'again-single': await deliver(target, two, 'single', 0),
    }),
    () => gatewayAlone(target, one, seconds),
  ];
  // Each round begins with another part, so that none always follows the checkpoint.
  const first = round % parts.length;
  const measured: Partial<Round> = {};
  for (const part of [...parts.slice(first), ...parts.slice(0, first)]) {
    Object.assign(measured, await part());
  }
  // What was delivered again must leave nothing to do.
  await workOff(workers, 0);
  return measured as Round;
}

/** The calls of a purchase's event: its session with payment and lines, then its Stripe customer. */
async function gatewayAlone({ gateway }: StripeTarget, events: StripeEvent[], seconds: number) {
  let next = 0;
  const session = async () => {
    const { objectId } = events[next % events.length] ?? {};
    next += 1;
    return gateway.getCheckoutSession(objectId ?? '');
  };
  const both = async () => gateway.findCustomer((await session()).customerId ?? '');
  return {
    'gateway-session': await callsPerSecond(GATEWAY_SIDE_BY_SIDE, seconds, session),
    'gateway-event': await callsPerSecond(GATEWAY_SIDE_BY_SIDE, seconds, both),
  };
}

let grantsMade = 0;

/** The same statement that the inbox grants with, in a transaction of its own. */
async function grantOnce(client: pg.Client | undefined, run: string): Promise<void> {
  if (client === undefined) throw new Error('There is no connection for this lane.');
  grantsMade += 1;
  const id = `${run}_${grantsMade}`;
  await provision(
    {
      call: async (call) => (await client.query(call)).rows[0],
      run: () => Promise.reject(new Error('A bare grant reads nothing.')),
    },
    {
      customerId: `${run}_bare_${1 + (grantsMade % CUSTOMERS)}`,
      stripePaymentId: `pi_${id}`,
      credits: CREDITS,
      type: 'purchase',
      description: `Purchase of ${CREDITS} credits`,
      idempotencyKey: `stripe:checkout:cs_${id}`,
      accountId: 'acct_bench',
      currency: 'usd',
      amountMinor: 999,
      paymentIntentId: `pi_${id}`,
      sessionId: `cs_${id}`,
      invoiceId: null,
      paidAt: new Date(),
      expiresAt: null,
      keepAtMost: null,
      metadata: { checkout_session: `cs_${id}`, kind: 'credit_purchase' },
    },
  );
}

/** Puts events into the inbox as polling does (pages) or as webhooks do (single). Throws where not so many were new. */
async function deliver(
  target: StripeTarget,
  events: readonly StripeEvent[],
  way: 'pages' | 'single',
  newOnes: number,
): Promise<number> {
  let stored = 0;
  const start = performance.now();
  if (way === 'pages') {
    for (let from = 0; from < events.length; from += PAGE) {
      stored += (await receiveEvents(target, events.slice(from, from + PAGE), 'poll')).size;
    }
  } else {
    let next = 0;
    await lanes(SINGLE_SIDE_BY_SIDE, async () => {
      for (let event = events[next]; event !== undefined; event = events[next]) {
        next += 1;
        if ((await receiveEvent(target, event, 'webhook')) === 'stored') stored += 1;
      }
    });
  }
  const seconds = (performance.now() - start) / 1_000;
  if (stored !== newOnes) throw new Error(`${stored} events were new instead of ${newOnes}.`);
  return events.length / seconds;
}

/** Until no worker finds any more to do. Throws where they did not handle so many. */
async function workOff(workers: readonly Worker[], events: number): Promise<number> {
  const start = performance.now();
  const handled = await Promise.all(
    workers.map((worker) => {
      const answer = answerOf<number>(worker);
      worker.postMessage('work');
      return answer;
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  const sum = handled.reduce((one, other) => one + other, 0);
  if (sum !== events) throw new Error(`The workers handled ${sum} events instead of ${events}.`);
  return events / seconds;
}

/** Every lane calls again as soon as its answer came, until the time is over. */
async function callsPerSecond(
  count: number,
  seconds: number,
  call: (lane: number) => Promise<unknown>,
): Promise<number> {
  let calls = 0;
  const start = performance.now();
  const end = start + seconds * 1_000;
  await lanes(count, async (lane) => {
    while (performance.now() < end) {
      await call(lane);
      calls += 1;
    }
  });
  return calls / ((performance.now() - start) / 1_000);
}

async function lanes(count: number, work: (lane: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, lane) => work(lane)));
}

function resultsOf(rounds: readonly Round[]): EventsResult[] {
  return CASE_NAMES.map((name) => {
    const own = rounds.map((round) => round[name]);
    const ratioTo = (bare: CaseName) => median(rounds.map((round) => round[name] / round[bare]));
    return {
      case: name,
      label: CASES[name],
      medianPerSecond: median(own),
      minPerSecond: Math.min(...own),
      maxPerSecond: Math.max(...own),
      ratioTo1: ratioTo('grant-1'),
      ratioTo8: ratioTo('grant-8'),
    };
  });
}

async function prepare(owner: pg.Client, run: string): Promise<void> {
  const { rows } = await owner.query<{ account_id: string | null }>(
    'SELECT account_id FROM credits_billing.stripe_settings',
  );
  const bound = rows[0]?.account_id ?? null;
  if (bound !== null) {
    throw new Error(`This database belongs to the Stripe account ${bound}. Give it a fresh one.`);
  }
  await owner.query(
    `SELECT count(c.id) FROM generate_series(1, $2::int) n, unnest(ARRAY['buyer', 'bare']) kind
     CROSS JOIN LATERAL credits.ensure_customer($1 || '_' || kind || '_' || n) c`,
    [run, CUSTOMERS],
  );
  await owner.query('VACUUM (ANALYZE)');
}

function buyersOf(run: string): string[] {
  return Array.from({ length: CUSTOMERS }, (_, index) => `${run}_buyer_${index + 1}`);
}

/** Whether the ledger has what was bought, once each, and all its rules hold. */
async function check(
  owner: pg.Client,
  run: string,
  accountId: string,
  events: number,
): Promise<Omit<EventsReport, 'results'>> {
  const { rows } = await owner.query<{ granted: string; grants: string; unhandled: string }>(
    `SELECT
       (SELECT sum(a.credits_balance) FROM credits.accounts a WHERE starts_with(a.customer_id, $1)) AS granted,
       (SELECT count(*) FROM credits.credit_transactions t WHERE starts_with(t.customer_id, $1)) AS grants,
       (SELECT count(*) FROM credits_billing.stripe_events e WHERE e.account_id = $2 AND e.state <> 'handled') AS unhandled`,
    [`${run}_buyer_`, accountId],
  );
  const broken = await owner.query<{ rule: string; customer_id: string; detail: string }>(
    'SELECT * FROM credits.check_integrity()',
  );
  const credits = { bought: events * CREDITS, granted: Number(rows[0]?.granted) };
  const grants = Number(rows[0]?.grants);
  const unhandled = Number(rows[0]?.unhandled);
  const brokenRules = broken.rows.map((row) => `${row.rule}: ${row.customer_id}, ${row.detail}`);
  return {
    events,
    credits,
    grants,
    unhandled,
    brokenRules,
    isRight:
      credits.granted === credits.bought &&
      grants === events &&
      unhandled === 0 &&
      brokenRules.length === 0,
  };
}

function startThread(file: string, data: SimulatorTask | BenchAccount): Worker {
  const thread = new Worker(new URL(file, import.meta.url), { workerData: data });
  // Told to whoever waits for its answer, too; unheard, it would end the process before an interrupted bench has cleaned up.
  thread.on('error', () => undefined);
  return thread;
}

/** The thread's next message. Rejects with the error that the thread ends with instead. */
async function answerOf<Answer>(thread: Worker): Promise<Answer> {
  const [answer] = await once(thread, 'message');
  return answer as Answer;
}
