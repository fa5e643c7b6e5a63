import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import { HANDLED_EVENT_TYPES } from '#main/stripe/inbox/event-types.ts';
import { receiveEvents } from '#main/stripe/inbox/receive-event.ts';
import { workInbox } from '#main/stripe/inbox/work-inbox.ts';
import { type ConsoleDoor, openConsoleDoor } from '#test/support/console-door.ts';
import { createWorkbench, type Workbench } from '#test/support/stripe-workbench.ts';

let bench: Workbench;
let door: ConsoleDoor;
let reader: ConsoleDoor;
/** Of a paid session whose customer is there, and of one whose customer is not. */
let granted: string;
let waiting: string;

beforeAll(async () => {
  bench = await createWorkbench();
  // A key speaks to the simulator in Stripe's place, so the workspace is that account's in test mode.
  await bench.rows('UPDATE credits_billing.stripe_settings SET simulated = false');
  door = await openConsoleDoor({
    url: bench.database.urlFor('test_admin'),
    createStripeGateway: ({ key, log }) =>
      createStripeGateway({ key, log, base: { host: '127.0.0.1', port: bench.simulator.port } }),
  });
  reader = await openConsoleDoor({ url: bench.database.urlFor('test_reader') });
  await bench.customer('ann');
  const paid = await bench.buy({ customerId: 'ann', credits: 9, amountMinor: 100 });
  const early = await bench.buy({ customerId: 'not_there', credits: 9, amountMinor: 100 });
  await receiveEvents(bench.target, bench.events(), 'poll');
  await workInbox(bench.target, 'worker');
  const completed = (objectId: string) =>
    bench.events().find((event) => event.objectId === objectId && event.type.endsWith('completed'))
      ?.id ?? '';
  granted = completed(paid.sessionId);
  waiting = completed(early.sessionId);
});
afterAll(async () => {
  await door.close();
  await reader.close();
  await bench.dispose();
});

const list = (
  filter: Parameters<typeof door.call<'stripe.events'>>[1]['filter'] = {},
  cursor: string | null = null,
  limit = 200,
) => reader.call('stripe.events', { filter, cursor, limit });

describe('the inbox', () => {
  it('lists every event once over its pages, newest first', async () => {
    const all = await list();
    expect(all.count).toEqual({ count: bench.events().length, capped: false });
    expect(all.rows).toHaveLength(bench.events().length);
    const paged: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof list>> = await list({}, cursor, 3);
      paged.push(...page.rows.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(paged).toEqual(all.rows.map(({ id }) => id));
    const received = all.rows.map(({ receivedAt }) => receivedAt);
    expect(received).toEqual([...received].sort().reverse());
  });

  it('is filtered by state, type, and search', async () => {
    const failed = await list({ states: ['failed'] });
    expect(failed.rows.map(({ id }) => id)).toEqual([waiting]);
    expect(failed.rows[0]).toMatchObject({
      errorCode: 'not_found',
      attempts: 1,
      nextAttemptAt: expect.any(String),
      handledAt: null,
    });
    const completed = await list({ types: ['checkout.session.completed'] });
    expect(completed.rows.map(({ id }) => id).sort()).toEqual([granted, waiting].sort());
    expect((await list({ search: ` ${granted} ` })).rows.map(({ id }) => id)).toEqual([granted]);
    const object = (await list({ search: granted })).rows[0]?.objectId ?? '';
    expect((await list({ search: object })).rows.map(({ id }) => id)).toContain(granted);
    expect((await list({ search: 'SESSION.comp' })).rows).toHaveLength(2);
    expect((await list({ search: '%' })).rows).toEqual([]);
    expect((await list({ states: [] })).rows).toEqual([]);
  });

  it('refuses a cursor of another list', async () => {
    await expect(list({}, 'nonsense')).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('tells the types there are, and those the console handles', async () => {
    const { types } = await reader.call('stripe.eventTypes', {});
    expect(types).toEqual([...types].sort());
    expect(types).toEqual(expect.arrayContaining([...HANDLED_EVENT_TYPES, 'price.created']));
  });

  it('shows one event with its payload and the rows it caused', async () => {
    const { event, payload, transactions } = await reader.call('stripe.event', { id: granted });
    expect(event).toMatchObject({
      id: granted,
      state: 'handled',
      receivedBy: 'poll',
      nextAttemptAt: null,
      outcome: expect.stringContaining('Granted 9 credits to ann'),
    });
    expect(JSON.parse(payload)).toMatchObject({ id: granted, object: 'event' });
    expect(payload).toContain('\n  "');
    expect(transactions).toMatchObject([{ customerId: 'ann', amount: 9, type: 'purchase' }]);
    await expect(reader.call('stripe.event', { id: 'evt_none' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

describe('replaying', () => {
  it('needs the right, and a connected account', async () => {
    await expect(
      reader.call('stripe.replayEvent', { id: granted, confirmedProduction: false }),
    ).rejects.toMatchObject({ code: 'not_permitted' });
    await expect(
      door.call('stripe.replayEvent', { id: granted, confirmedProduction: false }),
    ).rejects.toMatchObject({ code: 'stripe_not_connected' });
  });

  it('handles an event again, posts only what the ledger lacks, and tells the window', async () => {
    await door.call('stripe.connect', {
      key: `sk_test_${'a'.repeat(30)}`,
      rebind: false,
      confirmedProduction: false,
    });
    await bench.customer('not_there');
    const mended = await door.call('stripe.replayEvent', {
      id: waiting,
      confirmedProduction: false,
    });
    expect(mended.event).toMatchObject({ id: waiting, state: 'handled', error: null });
    expect(await bench.balance('not_there')).toBe(9);
    expect(door.events).toEqual(
      expect.arrayContaining([
        { type: 'stripe.changed' },
        { type: 'billing.changed', customerId: 'not_there' },
        { type: 'ledger.changed', customerId: 'not_there' },
      ]),
    );
    await door.call('stripe.replayEvent', { id: granted, confirmedProduction: false });
    expect(await bench.balance('ann')).toBe(9);
    await expect(
      door.call('stripe.replayEvent', { id: 'evt_none', confirmedProduction: false }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });
});
