import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StripeEvent } from '#main/stripe/gateway/gateway.ts';
import { claimEvents, releaseEvents } from '#main/stripe/inbox/claim-event.ts';
import { afterFailure } from '#main/stripe/inbox/event-failure.ts';
import { HANDLED_EVENT_TYPES } from '#main/stripe/inbox/event-types.ts';
import { startEventWork } from '#main/stripe/inbox/event-work.ts';
import { receiveEvent, receiveEvents } from '#main/stripe/inbox/receive-event.ts';
import { replayEvent } from '#main/stripe/inbox/replay-event.ts';
import { workInbox } from '#main/stripe/inbox/work-inbox.ts';
import { completeBankDebit, refundCharge } from '#main/stripe-simulator/control.ts';
import { AppError } from '#shared/errors.ts';
import { createWorkbench, type Workbench } from '#test/support/stripe-workbench.ts';

let bench: Workbench;

beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.dispose());
beforeEach(async () => {
  await bench.rows('DELETE FROM credits_billing.stripe_event_effects');
  await bench.rows('DELETE FROM credits_billing.stripe_events');
  bench.simulator.faults.clear();
});

let count = 0;
function newCustomer() {
  count += 1;
  return bench.customer(`user_${count}`);
}

function anEvent(changes: Partial<StripeEvent> = {}): StripeEvent {
  count += 1;
  return {
    id: `evt_${count}`,
    type: 'checkout.session.completed',
    livemode: false,
    account: null,
    apiVersion: '2026-10-28.endive',
    objectId: 'cs_test_none',
    objectKind: 'checkout.session',
    createdAt: new Date('2026-11-22T08:00:00Z'),
    payload: { id: `evt_${count}`, object: 'event' },
    ...changes,
  };
}

type Row = {
  state: string;
  attempts: number;
  error_code: string | null;
  error: string | null;
  outcome: string | null;
  claimed_by: string | null;
  account_id: string;
  due_in: number;
};

async function rowOf(id: string) {
  const [row] = await bench.rows<Row>(
    `SELECT *, extract(epoch FROM next_attempt_at - clock_timestamp())::float8 AS due_in
     FROM credits_billing.stripe_events WHERE id = $1`,
    [id],
  );
  if (!row) throw new Error(`no event ${id}`);
  return row;
}

/** The event of a new paid session, stored and not handled. */
async function paidEvent(customerId: string, credits = 10) {
  const bought = await bench.buy({ customerId, credits, amountMinor: 100 });
  const event = bench
    .events()
    .find((each) => each.objectId === bought.sessionId && each.type.endsWith('completed'));
  if (!event) throw new Error('the simulator told nothing of the session');
  await receiveEvent(bench.target, event, 'webhook');
  return { ...bought, event };
}

const makeDue = () =>
  bench.rows('UPDATE credits_billing.stripe_events SET next_attempt_at = clock_timestamp()');

describe('what is stored of an event', () => {
  it('holds no client secret, wherever it stands in it', async () => {
    const event = anEvent({ type: 'payment_intent.succeeded' });
    await receiveEvent(
      bench.target,
      {
        ...event,
        payload: {
          id: event.id,
          data: { object: { id: 'pi_1', client_secret: 'pi_1_secret_abc' } },
        },
      },
      'webhook',
    );
    const [stored] = await bench.rows<{ payload: string }>(
      'SELECT payload::text FROM credits_billing.stripe_events WHERE id = $1',
      [event.id],
    );
    expect(stored?.payload).toContain('pi_1');
    expect(stored?.payload).not.toContain('secret_abc');
  });
});

describe('receiving', () => {
  it('stores an event once, by whichever way and however often it comes', async () => {
    const event = anEvent();
    const outcomes = await Promise.all([
      receiveEvent(bench.target, event, 'webhook'),
      receiveEvent(bench.target, event, 'webhook'),
      receiveEvents(bench.target, [event, event], 'poll'),
    ]);
    const stored = await bench.rows('SELECT id FROM credits_billing.stripe_events');
    expect(stored).toEqual([{ id: event.id }]);
    expect(outcomes.slice(0, 2).filter((outcome) => outcome === 'stored').length).toBeLessThan(2);
    expect(await receiveEvent(bench.target, event, 'poll')).toBe('known');
  });

  it('keeps what the console does nothing with, and leaves it alone', async () => {
    const event = anEvent({ type: 'payout.paid' });
    await receiveEvent(bench.target, event, 'poll');
    expect(await workInbox(bench.target, 'worker')).toMatchObject({ events: 0 });
    expect(await rowOf(event.id)).toMatchObject({ state: 'ignored', attempts: 0 });
  });

  it.each([
    ['the other mode', { livemode: true }, 'stripe_other_mode'],
    ['another account', { account: 'acct_other' }, 'stripe_other_account'],
  ])('refuses an event of %s, keeps it, and never handles it', async (_, changes, code) => {
    const event = anEvent(changes);
    for (let time = 0; time < 2; time += 1) {
      await expect(receiveEvent(bench.target, event, 'webhook')).rejects.toMatchObject({ code });
    }
    expect(await workInbox(bench.target, 'worker')).toMatchObject({ events: 0 });
    expect(await rowOf(event.id)).toMatchObject({ state: 'refused', error_code: code });
    await expect(replayEvent(bench.target, event.id, 'worker')).rejects.toMatchObject({ code });
  });

  it('stores text that a database cannot hold without what it cannot hold', async () => {
    const event = anEvent({
      objectId: 'cs_\0none',
      payload: { name: 'a\0b', half: '\ud83d', 'key\0': ['\0'], whole: '😀' },
    });
    await receiveEvent(bench.target, event, 'webhook');
    const [row] = await bench.rows('SELECT object_id, payload FROM credits_billing.stripe_events');
    expect(row).toEqual({
      object_id: 'cs_none',
      payload: { name: 'ab', half: '\ufffd', key: [''], whole: '😀' },
    });
  });

  it('stores instants and ids that no event of Stripe has', async () => {
    await receiveEvent(bench.target, anEvent({ createdAt: new Date(-8.64e15) }), 'webhook');
    await receiveEvent(bench.target, anEvent({ createdAt: new Date(8.64e15) }), 'webhook');
    await receiveEvent(bench.target, anEvent({ objectId: 'x'.repeat(100_000) }), 'webhook');
    expect(await bench.rows('SELECT FROM credits_billing.stripe_events')).toHaveLength(3);
  });
});

describe('handling', () => {
  it('marks the event in the same transaction as its effect, and keeps which rows it caused', async () => {
    const customerId = await newCustomer();
    const { event } = await paidEvent(customerId);
    const round = await workInbox(bench.target, 'worker');
    expect(round).toEqual({ events: 1, customerIds: new Set([customerId]) });
    expect(await rowOf(event.id)).toMatchObject({
      state: 'handled',
      attempts: 1,
      claimed_by: null,
      error: null,
      outcome: expect.stringContaining('Granted 10 credits'),
    });
    expect(
      await bench.rows(
        `SELECT t.amount, t.actor FROM credits_billing.stripe_event_effects f
         JOIN credits.credit_transactions t ON t.customer_id = f.customer_id AND t.id = f.transaction_id
         WHERE f.event_id = $1`,
        [event.id],
      ),
    ).toEqual([{ amount: 10, actor: 'stripe events (test_admin)' }]);
  });

  it('of two hundred events of one session by four workers at once grants once', async () => {
    const customerId = await newCustomer();
    const { event } = await paidEvent(customerId);
    const copies = Array.from({ length: 200 }, () => anEvent({ objectId: event.objectId }));
    await receiveEvents(bench.target, copies, 'poll');
    const rounds = await Promise.all(
      ['a', 'b', 'c', 'd'].map((worker) => workInbox(bench.target, worker)),
    );
    const handled = rounds.reduce((sum, { events }) => sum + events, 0);
    expect(handled).toBeGreaterThanOrEqual(201);
    expect(await bench.balance(customerId)).toBe(10);
    await makeDue();
    await workInbox(bench.target, 'last');
    expect(await bench.rows('SELECT DISTINCT state FROM credits_billing.stripe_events')).toEqual([
      { state: 'handled' },
    ]);
  });

  it.each(HANDLED_EVENT_TYPES)('knows what to do with %s', async (type) => {
    const event = anEvent({ type, objectId: 'none_1' });
    await receiveEvent(bench.target, event, 'poll');
    await workInbox(bench.target, 'worker');
    const row = await rowOf(event.id);
    // An object that Stripe does not have: a customer who is linked to nobody is ignored, the others are tried again.
    expect(row.state).toBe(
      type.startsWith('customer.') && !type.includes('sub') ? 'ignored' : 'failed',
    );
    if (row.state === 'failed') expect(row.error_code).toBe('stripe_not_found');
  });

  it('refuses an event that names no object, or objects that cannot be trusted, for a person to look at', async () => {
    const none = anEvent({ objectId: null });
    const { sessionId } = await bench.buy({
      customerId: await newCustomer(),
      credits: 5,
      amountMinor: 100,
      metadata: { type: 'credit_purchase' },
    });
    const bad = anEvent({ objectId: sessionId });
    await receiveEvents(bench.target, [none, bad], 'poll');
    await workInbox(bench.target, 'worker');
    for (const { id } of [none, bad]) {
      expect(await rowOf(id)).toMatchObject({ state: 'refused', error_code: 'stripe_metadata' });
    }
    await makeDue();
    expect(await workInbox(bench.target, 'worker')).toMatchObject({ events: 0 });
  });

  it('of an event whose customer is not there waits, and grants once there is one', async () => {
    const { event } = await paidEvent('not_yet');
    await workInbox(bench.target, 'worker');
    const row = await rowOf(event.id);
    expect(row).toMatchObject({ state: 'failed', error_code: 'not_found', attempts: 1 });
    expect(row.due_in).toBeGreaterThan(20);
    expect(row.due_in).toBeLessThan(31);
    expect(await workInbox(bench.target, 'worker')).toMatchObject({ events: 0 });
    await bench.customer('not_yet');
    await makeDue();
    await workInbox(bench.target, 'worker');
    expect(await rowOf(event.id)).toMatchObject({ state: 'handled', error: null, attempts: 2 });
    expect(await bench.balance('not_yet')).toBe(10);
  });

  it('backs off twice as long each time, and leaves it to a person after twelve attempts', () => {
    expect(afterFailure('not_found', 1)).toEqual({ state: 'failed', delaySeconds: 30 });
    expect(afterFailure('not_found', 5)).toEqual({ state: 'failed', delaySeconds: 480 });
    expect(afterFailure('not_found', 11)).toEqual({ state: 'failed', delaySeconds: 21_600 });
    expect(afterFailure('not_found', 12)).toEqual({ state: 'refused', delaySeconds: 0 });
    expect(afterFailure('stripe_metadata', 1)).toEqual({ state: 'refused', delaySeconds: 0 });
    // However long Stripe is away, the event waits and is not given up.
    expect(afterFailure('stripe_unavailable', 500)).toEqual({ state: 'failed', delaySeconds: 300 });
  });

  it('goes on after Stripe failed, without a double grant', async () => {
    const customerId = await newCustomer();
    const { event } = await paidEvent(customerId);
    bench.simulator.faults.add({ kind: '503', path: '/v1/checkout' });
    await workInbox(bench.target, 'worker');
    expect(await rowOf(event.id)).toMatchObject({
      state: 'failed',
      error_code: 'stripe_unavailable',
    });
    bench.simulator.faults.clear();
    await makeDue();
    await workInbox(bench.target, 'worker');
    expect(await rowOf(event.id)).toMatchObject({ state: 'handled' });
    expect(await bench.balance(customerId)).toBe(10);
  });

  it('takes over the events of a worker that died, once its claim is over', async () => {
    const customerId = await newCustomer();
    const { event } = await paidEvent(customerId);
    expect(await claimEvents(bench.target, 'dead', 10)).toHaveLength(1);
    expect(await workInbox(bench.target, 'worker')).toMatchObject({ events: 0 });
    await bench.rows(
      "UPDATE credits_billing.stripe_events SET claimed_until = clock_timestamp() - interval '1 second'",
    );
    expect(await workInbox(bench.target, 'worker')).toMatchObject({ events: 1 });
    expect(await rowOf(event.id)).toMatchObject({ state: 'handled', attempts: 2 });
  });

  it('gives back what was taken and not begun', async () => {
    const { event } = await paidEvent(await newCustomer());
    const claimed = await claimEvents(bench.target, 'leaving', 10);
    await releaseEvents(bench.target, claimed);
    expect(await rowOf(event.id)).toMatchObject({ attempts: 0, claimed_by: null });
    const stopped = AbortSignal.abort(new AppError('cancelled', 'Stopped.'));
    expect(await workInbox(bench.target, 'worker', stopped)).toMatchObject({ events: 0 });
  });

  it('leaves events of an account that the workspace belonged to before', async () => {
    const { event } = await paidEvent(await newCustomer());
    const other = { ...bench.target, accountId: 'acct_later' };
    expect(await workInbox(other, 'worker')).toMatchObject({ events: 0 });
    expect(await rowOf(event.id)).toMatchObject({ state: 'received' });
  });

  it('follows a bank debit from completed to paid', async () => {
    const customerId = await newCustomer();
    const bought = await bench.buy(
      { customerId, credits: 25, amountMinor: 500 },
      { method: 'bank_debit' },
    );
    await receiveEvents(bench.target, bench.events(), 'poll');
    await workInbox(bench.target, 'worker');
    expect(await bench.balance(customerId)).toBe(0);
    completeBankDebit(bench.simulator.world, bought.sessionId, 'succeeded');
    await receiveEvents(bench.target, bench.events(), 'poll');
    await workInbox(bench.target, 'worker');
    expect(await bench.balance(customerId)).toBe(25);
  });
});

describe('replaying by hand', () => {
  it('fetches the object again and posts only what the ledger lacks', async () => {
    const customerId = await newCustomer();
    const { event, chargeId, paymentIntentId } = await paidEvent(customerId);
    await workInbox(bench.target, 'worker');
    refundCharge(bench.simulator.world, chargeId, { amount: 50 });
    expect(await replayEvent(bench.target, event.id, 'person')).toMatchObject({ state: 'handled' });
    expect(await bench.balance(customerId)).toBe(10);
    const refund = anEvent({ type: 'charge.refunded', objectId: chargeId });
    await receiveEvent(bench.target, refund, 'poll');
    expect(await replayEvent(bench.target, refund.id, 'person')).toMatchObject({
      state: 'handled',
      customerIds: [customerId],
    });
    expect(await bench.balance(customerId)).toBe(5);
    expect(paymentIntentId).toMatch(/^pi_/);
  });

  it('mends a refused event once the cause is mended', async () => {
    const customerId = await newCustomer();
    const { sessionId } = await bench.buy({
      customerId,
      credits: 5,
      amountMinor: 100,
      metadata: { type: 'credit_purchase', credits: '5' },
    });
    const event = anEvent({ objectId: sessionId });
    await receiveEvent(bench.target, event, 'poll');
    await workInbox(bench.target, 'worker');
    await bench.stripe.checkout.sessions.update(sessionId, {
      metadata: { user_id: customerId },
    });
    expect(await replayEvent(bench.target, event.id, 'person')).toMatchObject({ state: 'handled' });
    expect(await bench.balance(customerId)).toBe(5);
  });

  it('of an event that is not there says so', async () => {
    await expect(replayEvent(bench.target, 'evt_none', 'person')).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

describe('the work on events', () => {
  it('reads, handles and tells whose credits changed; receiving wakes it', async () => {
    const told: (string | null)[] = [];
    const work = startEventWork(bench.target, {
      poll: true,
      pollEveryMs: 3_600_000,
      onChange: () => undefined,
      onBillingChange: (customerId) => told.push(customerId),
    });
    try {
      const polled = await newCustomer();
      await bench.buy({ customerId: polled, credits: 3, amountMinor: 100 });
      await work.pollNow();
      expect(await bench.balance(polled)).toBe(3);
      expect(told).toContain(polled);
      expect(work.state()).toMatchObject({ polling: 'on', error: null, lastAt: expect.any(Date) });
      const pushed = await newCustomer();
      await paidEvent(pushed);
      await expect.poll(() => bench.balance(pushed), { interval: 20, timeout: 1_500 }).toBe(10);
    } finally {
      await work.stop();
    }
    expect(await bench.rows('SELECT FROM credits_billing.job_leases')).toEqual([]);
  });

  it('outlives what goes wrong, and says what it was', async () => {
    const work = startEventWork(
      {
        ...bench.target,
        gateway: {
          ...bench.target.gateway,
          listEvents: async function* () {
            yield [];
            throw new AppError('stripe_not_found', 'There is no list of events.');
          },
        },
      },
      {
        poll: true,
        pollEveryMs: 10,
        onChange: () => undefined,
        onBillingChange: () => undefined,
      },
    );
    try {
      await expect(work.pollNow()).rejects.toMatchObject({ code: 'stripe_not_found' });
      expect(work.state().error).toBe('There is no list of events.');
      const customerId = await newCustomer();
      await paidEvent(customerId);
      await expect.poll(() => bench.balance(customerId), { interval: 20, timeout: 1_500 }).toBe(10);
    } finally {
      await work.stop();
    }
    const lines = bench.logLines.filter((line) => line.includes('could not be read'));
    expect(lines).toHaveLength(1);
  });
});

it('every rule of the ledger holds after all of this', async () => {
  expect(await bench.broken()).toEqual([]);
});
