import type { Worker } from 'node:worker_threads';
import type pg from 'pg';
import type { StripeEvent } from '#main/stripe/gateway/gateway.ts';
import { receiveEvent, receiveEvents } from '#main/stripe/inbox/receive-event.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { provision } from '#main/stripe/sync/provision.ts';
import { CREDITS, CUSTOMERS } from './events-check.ts';
import { answerOf } from './threads.ts';

/** What is measured, in the order of printing. */
export const CASES = {
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
export type CaseName = keyof typeof CASES;
export const CASE_NAMES = Object.keys(CASES) as CaseName[];

const PAGE = 100;
const SINGLE_SIDE_BY_SIDE = 8;
// As many events as one worker has under way.
const GATEWAY_SIDE_BY_SIDE = 4;

/** What a run works with: its name, the workspace, threads that handle events, and connections for bare grants. */
export type Bench = { run: string; target: StripeTarget; workers: Worker[]; clients: pg.Client[] };
/** Per second, by case. */
export type Round = Record<CaseName, number>;

/** Measures every case once. Throws where events were not stored or handled as often as they should. */
export async function runRound(
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
