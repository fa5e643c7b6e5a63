import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ConsoleDoor } from '#test/support/console-door.ts';
import { openStripeDoor, type StripeDoor } from '#test/support/stripe-door.ts';
import { stripeFor } from '#test/support/stripe-simulator.ts';

let shop: StripeDoor;
let door: ConsoleDoor;
let reader: ConsoleDoor;
let support: ConsoleDoor;

beforeAll(async () => {
  shop = await openStripeDoor();
  door = shop.door;
  reader = await shop.openAs('test_reader');
  support = await shop.openAs('test_support');
  const stripe = stripeFor(shop.simulator);
  const { pool } = shop.database;
  for (const id of ['ann', 'bob', 'unlinked']) {
    await pool.query('SELECT credits.ensure_customer($1)', [id]);
    if (id === 'unlinked') continue;
    const customer = await stripe.customers.create({ name: id });
    await pool.query('SELECT credits.link_stripe_customer($1, $2)', [id, customer.id]);
  }
  for (const [eventName, formula] of [
    ['tokens', 'sum'],
    ['calls', 'count'],
  ] as const) {
    await stripe.billing.meters.create({
      event_name: eventName,
      display_name: eventName,
      default_aggregation: { formula },
    });
    await pool.query(
      'INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ($1, $1, $2)',
      [eventName, formula],
    );
  }
});
afterAll(() => shop.close());

const reason = { reasonCode: 'correction', note: 'missed', confirmedProduction: false } as const;
const usage = (change: object = {}) =>
  ({
    customerId: 'ann',
    eventName: 'tokens',
    quantity: 5,
    occurredAt: null,
    idempotencyKey: randomUUID(),
    ...reason,
    ...change,
  }) as never;
const add = (change: object = {}, through = door) =>
  through.call('metering.addUsage', usage(change));
const list = (filter: object = { show: 'all' }, cursor: string | null = null, limit = 200) =>
  door.call('metering.events', { filter, cursor, limit } as never);

describe('adding usage', () => {
  it('reports it once for a key, with the reason', async () => {
    const idempotencyKey = randomUUID();
    const first = await add({ idempotencyKey });
    expect(await add({ idempotencyKey })).toEqual(first);
    await expect(add({ idempotencyKey, quantity: 6 })).rejects.toMatchObject({
      code: 'idempotency_conflict',
    });
    const { rows } = await shop.database.pool.query(
      'SELECT quantity, actor, metadata FROM credits.usage_reports WHERE idempotency_key = $1',
      [idempotencyKey],
    );
    expect(rows).toMatchObject([
      { quantity: 5, actor: 'test_admin', metadata: { reason_code: 'correction', note: 'missed' } },
    ]);
    expect(door.events).toContainEqual({ type: 'metering.changed', customerId: 'ann' });
  });

  it.each([
    ['an unknown customer', { customerId: 'nobody' }, 'not_found', 'customer nobody'],
    ['an unknown meter', { eventName: 'nothing' }, 'not_found', 'meter nothing'],
    [
      'a customer without a Stripe customer',
      { customerId: 'unlinked' },
      'invalid_argument',
      'no Stripe customer',
    ],
    ['a count of two', { eventName: 'calls', quantity: 2 }, 'invalid_argument', 'must be 1'],
    ['no units', { quantity: 0 }, 'invalid_argument', 'at least 1'],
    ['negative units', { quantity: -1 }, 'invalid_argument', ''],
    ['a fraction', { quantity: 1.5 }, 'invalid_argument', ''],
    ['16 digits', { quantity: 1_000_000_000_000_000 }, 'invalid_argument', ''],
    [
      'a time to come',
      { occurredAt: new Date(Date.now() + 360_000).toISOString() },
      'invalid_argument',
      '5 minutes',
    ],
    ['no time at all', { occurredAt: 'soon' }, 'invalid_argument', ''],
    ['a name that is none', { eventName: 'to kens' }, 'invalid_argument', ''],
    ['no reason', { note: '  ' }, 'invalid_argument', ''],
    ['an unknown field', { extra: 1 }, 'invalid_argument', ''],
  ])('refuses %s before anything is kept', async (_, change, code, said) => {
    const count = 'SELECT count(*)::integer AS count FROM credits.usage_reports';
    const before = (await shop.database.pool.query(count)).rows;
    await expect(add(change)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(said),
    });
    expect((await shop.database.pool.query(count)).rows).toEqual(before);
  });

  it('needs the right, as does everything that is sent or decided', async () => {
    const id = randomUUID();
    for (const through of [reader, support]) {
      for (const attempt of [
        add({}, through),
        through.call('metering.sendNow', {}),
        through.call('metering.cancelEvent', { id, reason: 'x', confirmedProduction: false }),
        through.call('metering.settleEvent', { id, as: 'sent', confirmedProduction: false }),
      ]) {
        await expect(attempt).rejects.toMatchObject({ code: 'not_permitted' });
      }
    }
  });
});

describe('the outbox', () => {
  it('is worked off by the console itself, which tells the window', async () => {
    await add({ eventName: 'calls', quantity: 1 });
    door.events.splice(0);
    await vi.waitFor(async () => {
      const { rows } = await list({ show: 'all', eventName: 'calls' });
      expect(rows.map(({ state }) => state)).toEqual(['sent']);
      expect(door.events).toContainEqual({ type: 'metering.changed', customerId: 'ann' });
    }, 10_000);
  });

  it('sends at once what is asked for, says how far it is, and lists it over pages', async () => {
    for (let call = 0; call < 5; call += 1)
      await add({ customerId: 'bob', eventName: 'calls', quantity: 1 });
    // The console's own work may send some of it at the same time.
    await vi.waitFor(async () => {
      const backlog = await door.call('metering.sendNow', {});
      expect(backlog).toMatchObject({ waitingReports: 0, queued: 0, oldestAt: null, error: null });
      expect(backlog.lastSentAt).not.toBeNull();
    }, 10_000);
    const all = await list();
    expect(all.nextCursor).toBeNull();
    const paged: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof list>> = await list({ show: 'all' }, cursor, 2);
      paged.push(...page.rows.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(paged).toEqual(all.rows.map(({ id }) => id));
    const bobs = await list({ show: 'all', customerId: 'bob', eventName: 'calls' });
    expect(bobs.rows).toHaveLength(5);
    expect(bobs.rows[0]).toMatchObject({
      customerId: 'bob',
      eventName: 'calls',
      value: 1,
      reports: 1,
      state: 'sent',
      cancellable: true,
      nextAttemptAt: null,
      error: null,
    });
    expect((await list({ show: 'waiting' })).rows).toEqual([]);
    expect((await list({ show: 'problems' })).rows).toEqual([]);
    await expect(list({ show: 'all' }, 'nonsense')).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    await expect(list({ show: 'some' })).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(
      (await reader.call('metering.events', { filter: { show: 'all' }, cursor: null, limit: 1 }))
        .rows,
    ).toHaveLength(1);
  });

  it('takes an event back, and settles one that was rejected', async () => {
    const [first, second] = (await list({ show: 'all', customerId: 'bob' })).rows;
    if (!first || !second) throw new Error('there are no events');
    const { event } = await door.call('metering.cancelEvent', {
      id: first.id,
      reason: 'counted wrongly',
      confirmedProduction: false,
    });
    expect(event).toMatchObject({
      state: 'cancelled',
      cancelReason: 'counted wrongly',
      cancelledBy: 'test_admin',
      cancellable: false,
      cancellableUntil: null,
    });
    const settle = (id: string, as: 'sent' | 'send_again') =>
      door.call('metering.settleEvent', { id, as, confirmedProduction: false });
    await expect(settle(first.id, 'send_again')).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    await expect(settle(randomUUID(), 'sent')).rejects.toMatchObject({ code: 'not_found' });
    await shop.database.pool.query(
      `UPDATE credits_billing.meter_events SET state = 'rejected', error = 'No such customer' WHERE id = $1`,
      [second.id],
    );
    expect((await list({ show: 'problems' })).backlog).toMatchObject({
      rejected: 1,
      tooOld: 0,
      unclear: 0,
    });
    const again = await settle(second.id, 'send_again');
    expect(again.event).toMatchObject({ identifier: `${second.identifier}_2`, error: null });
    await expect(
      door.call('metering.cancelEvent', {
        id: randomUUID(),
        reason: 'x',
        confirmedProduction: false,
      }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await expect(
      door.call('metering.cancelEvent', {
        id: 'x',
        reason: 'x',
        confirmedProduction: false,
      } as never),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(
      door.call('metering.cancelEvent', { id: first.id, reason: ' ', confirmedProduction: false }),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('says what is wrong where Stripe does not answer', async () => {
    await add({ eventName: 'calls', quantity: 1 });
    shop.simulator.faults.add({ kind: 'cut_before', path: '/v1/billing/meter_events' });
    // Whichever of the two meets it first: the console's own work or the person.
    await vi.waitFor(async () => {
      await door.call('metering.sendNow', {}).catch(() => undefined);
      const { backlog } = await list();
      expect(backlog).toMatchObject({
        error: expect.stringContaining('Stripe did not answer'),
        oldestAt: expect.any(String),
      });
      expect(backlog.queued).toBeGreaterThan(0);
    }, 15_000);
    shop.simulator.faults.clear();
  });
});
