import { randomBytes } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import type pg from 'pg';
import { toStripeEvent } from '#main/stripe/gateway/read-webhook.ts';
import { type BenchAccount, openTarget } from './bench-target.ts';
import { connect } from './durable-server.ts';
import {
  type Bench,
  CASE_NAMES,
  CASES,
  type CaseName,
  type Round,
  runRound,
} from './events-cases.ts';
import {
  buyersOf,
  CREDITS,
  checkGrants,
  type EventsVerdict,
  prepareCustomers,
} from './events-check.ts';
import type { SimulatorReady, SimulatorTask } from './simulator-thread.ts';
import { median } from './statistics.ts';
import { answerOf, startThread } from './threads.ts';

export type EventsBenchOptions = {
  /** Paid checkouts that one worker handles over all rounds, and as many again that two do. */
  events: number;
  rounds: number;
  /** How long each case without events (bare grants, gateway alone) runs in each round. */
  seconds: number;
  onProgress: (message: string) => void;
};

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

export type EventsReport = EventsVerdict & {
  results: EventsResult[];
};

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
    await prepareCustomers(owner, run);
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
    return { ...(await checkGrants(owner, run, accountId, total)), results: resultsOf(rounds) };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
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
