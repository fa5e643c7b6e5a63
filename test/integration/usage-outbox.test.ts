import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLog } from '#main/logging/log.ts';
import { claimUsage } from '#main/metering/outbox/claim-usage.ts';
import { markDelivered, markUndelivered } from '#main/metering/outbox/mark-usage.ts';
import { sendUsage } from '#main/metering/outbox/send-usage.ts';
import { settleUsage } from '#main/metering/outbox/settle-usage.ts';
import { startUsageWork } from '#main/metering/outbox/usage-work.ts';
import type { SentUsage } from '#main/stripe/gateway/gateway.ts';
import { rejectMeterEvent } from '#main/stripe-simulator/billing-control.ts';
import { AppError } from '#shared/errors.ts';
import { openUsageWorld, type UsageWorld } from '#test/support/usage-world.ts';

let world: UsageWorld;
beforeAll(async () => {
  world = await openUsageWorld();
});
afterAll(() => world.dispose());

const path = '/v1/billing/meter_events';
const minuteAgo = (minutes: number, seconds = 0) =>
  new Date(Math.floor(Date.now() / 60_000 - minutes) * 60_000 + seconds * 1_000);
const unavailable = () => new AppError('stripe_unavailable', 'Stripe did not answer.');
const states = async (customerId: string) =>
  (await world.events(customerId)).map(({ state }) => state);

describe('meter events', () => {
  it('carry the reports of one customer and minute together, where the meter sums', async () => {
    const [ann, bob] = [await world.customer(), await world.customer()];
    for (const customerId of [ann, bob]) {
      for (const minutes of [5, 6]) {
        for (const seconds of [1, 30, 59]) {
          const at = minuteAgo(minutes, seconds);
          await world.report(customerId, 'tokens', seconds, { at });
        }
      }
    }
    await world.send();
    for (const customerId of [ann, bob]) {
      expect(await world.events(customerId)).toMatchObject([
        { state: 'sent', value: 90, reports: 3 },
        { state: 'sent', value: 90, reports: 3 },
      ]);
    }
    await world.expectTruth();
  });

  it('carry one report each, where the meter counts or takes the newest value', async () => {
    const customerId = await world.customer();
    const at = minuteAgo(3, 7);
    for (const seats of [4, 0, 9]) await world.report(customerId, 'seats', seats, { at });
    for (let call = 0; call < 3; call += 1) await world.report(customerId, 'calls', 1, { at });
    await world.send();
    expect((await world.events(customerId, 'seats')).map(({ value }) => value)).toEqual([4, 0, 9]);
    expect((await world.events(customerId, 'calls')).map(({ value }) => value)).toEqual([1, 1, 1]);
    const sent = (await world.counted(customerId)).filter(({ eventName }) => eventName === 'seats');
    expect(sent.map(({ value }) => value)).toEqual(['4', '0', '9']);
  });

  it('wait for the end of their minute, unless they are asked for at once', async () => {
    const customerId = await world.customer();
    // Reported a minute ahead, so that the minute is certainly not over.
    await world.report(customerId, 'tokens', 5, { at: new Date(Date.now() + 1_000) });
    await vi.waitFor(async () => {
      const [clock] = await world.rows<{ over: boolean }>(
        'SELECT bool_and(occurred_at < clock_timestamp()) AS over FROM credits.usage_reports WHERE customer_id = $1',
        [customerId],
      );
      expect(clock?.over).toBe(true);
    }, 5_000);
    const [before] = await world.rows<{ minute: Date }>(
      `SELECT date_trunc('minute', max(greatest(created_at, occurred_at))) AS minute FROM credits.usage_reports WHERE customer_id = $1`,
      [customerId],
    );
    await sendUsage(world.target, 'worker');
    const [after] = await world.rows<{ minute: Date }>(
      `SELECT date_trunc('minute', clock_timestamp()) AS minute`,
    );
    const isOver = after?.minute.getTime() !== before?.minute.getTime();
    expect((await world.events(customerId)).length).toBe(isOver ? 1 : 0);
    await world.send();
    expect(await world.event(customerId)).toMatchObject({ state: 'sent', value: 5 });
  });

  it('stand alone where they would have more than 15 digits together', async () => {
    const customerId = await world.customer();
    const at = minuteAgo(2, 3);
    await world.report(customerId, 'tokens', 999_999_999_999_999, { at });
    await world.report(customerId, 'tokens', 1, { at });
    await world.send();
    expect((await world.events(customerId)).map(({ value }) => value)).toEqual([
      999_999_999_999_999, 1,
    ]);
    await world.expectTruth();
  });

  it('are two for a minute in which a period ends', async () => {
    const customerId = await world.customer();
    await world.rows(
      `WITH s AS (INSERT INTO credits_billing.subscriptions (id, account_id, customer_id, status) VALUES ('sub_1', $1, $2, 'active'))
       INSERT INTO credits_billing.subscription_items (id, subscription_id, account_id, customer_id, price_id, event_name,
         current_period_start, current_period_end) VALUES ('si_1', 'sub_1', $1, $2, 'price_1', 'tokens', $3, $4)`,
      [world.target.accountId, customerId, minuteAgo(60 * 24), minuteAgo(4, 30)],
    );
    await world.report(customerId, 'tokens', 3, { at: minuteAgo(4, 29) });
    await world.report(customerId, 'tokens', 4, { at: minuteAgo(4, 30) });
    await world.report(customerId, 'tokens', 5, { at: minuteAgo(4, 45) });
    await world.send();
    expect((await world.events(customerId)).map(({ value }) => value)).toEqual([3, 9]);
  });

  it('are not made, and not sent, while the workspace belongs to another account', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'calls', 1);
    await world.report(customerId, 'tokens', 1, { at: minuteAgo(5) });
    const away = world.through({ sendUsage: () => Promise.reject(unavailable()) });
    await world.send('worker', away);
    await world.report(customerId, 'calls', 1);
    const [before] = await world.rows<Record<string, unknown>>(
      'SELECT account_id, simulated FROM credits_billing.stripe_settings',
    );
    await world.rows(
      `UPDATE credits_billing.stripe_settings SET account_id = 'acct_other', simulated = false`,
    );
    await world.claimsRunOut();
    expect(await world.send()).toMatchObject({ events: 0 });
    expect(await states(customerId)).toEqual(['queued', 'queued']);
    await world.rows('UPDATE credits_billing.stripe_settings SET account_id = $1, simulated = $2', [
      before?.account_id,
      before?.simulated,
    ]);
    await world.send();
    expect(await states(customerId)).toEqual(['sent', 'sent', 'sent']);
  });
});

describe('what goes wrong', () => {
  it.each([
    ['cut_before', 3, 'sent'],
    ['cut_after', 3, 'duplicate'],
    ['429', 4, 'sent'],
    ['500', 3, 'sent'],
    ['503', 3, 'sent'],
  ] as const)('with %s is sent again, and counts once', async (kind, times, state) => {
    const customerId = await world.customer();
    await world.report(customerId, 'tokens', 11);
    world.simulator.faults.add({ kind, path, times });
    const { problem } = await world.send();
    world.simulator.faults.clear();
    expect(problem?.code).toBe(kind === '429' ? 'stripe_rate_limited' : 'stripe_unavailable');
    expect(await world.event(customerId)).toMatchObject({
      state: 'queued',
      attempts: 1,
      error: expect.stringContaining('Stripe'),
      claimed_by: null,
    });
    await world.send();
    expect(await world.event(customerId)).toMatchObject({ state, attempts: 2, error: null });
    await world.expectTruth();
  });

  it.each([
    ['401', 'stripe_key_invalid'],
    ['403', 'stripe_permission'],
  ] as const)('with %s ends the round with an error, and loses nothing', async (kind, code) => {
    const customerId = await world.customer();
    for (let call = 0; call < 6; call += 1) await world.report(customerId, 'calls', 1);
    world.simulator.faults.add({ kind, path, times: 1 });
    await expect(world.send()).rejects.toMatchObject({ code });
    const events = await world.events(customerId);
    expect(events.filter(({ attempts }) => attempts > 0)).toHaveLength(1);
    expect(events.filter(({ first_attempt_at: at }) => at !== null)).toHaveLength(1);
    await world.send();
    expect(new Set(await states(customerId))).toEqual(new Set(['sent']));
    await world.expectTruth();
  });

  it('for an hour leaves everything queued, and what was not begun as it was', async () => {
    const customers = [];
    for (let index = 0; index < 12; index += 1) customers.push(await world.customer());
    for (const customerId of customers) await world.report(customerId, 'tokens', 7);
    const asked: string[] = [];
    const away = world.through({
      sendUsage: ({ identifier }) => {
        asked.push(identifier);
        return Promise.reject(unavailable());
      },
    });
    for (let round = 0; round < 30; round += 1) {
      expect((await sendUsage(away, 'worker', { atOnce: round === 0 })).events).toBe(0);
      await world.rows(
        `UPDATE credits_billing.meter_events SET next_attempt_at = next_attempt_at - interval '2 minutes' WHERE state = 'queued'`,
      );
    }
    const attempts = await world.rows<{ total: number; waiting: number }>(
      `SELECT sum(attempts)::integer AS total, count(*) FILTER (WHERE state = 'queued' AND claimed_by IS NULL)::integer AS waiting
       FROM credits_billing.meter_events WHERE state = 'queued'`,
    );
    expect(attempts).toEqual([{ total: asked.length, waiting: 12 }]);
    await world.send();
    await world.expectTruth();
  });

  it('waits longer after each attempt, and as long as Stripe asks for', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'tokens', 1);
    const waits: number[] = [];
    const fail = async (error: AppError) => {
      await world.send('worker', world.through({ sendUsage: () => Promise.reject(error) }));
      const [row] = await world.rows<{ seconds: number }>(
        `SELECT extract(epoch FROM next_attempt_at - changed_at)::float8 AS seconds FROM credits_billing.meter_events WHERE customer_id = $1`,
        [customerId],
      );
      waits.push(Math.round(row?.seconds ?? Number.NaN));
    };
    for (let attempt = 0; attempt < 8; attempt += 1) await fail(unavailable());
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300]);
    await fail(
      new AppError('stripe_rate_limited', 'Fewer.', { details: { retryAfterSeconds: 900 } }),
    );
    expect(waits.at(-1)).toBe(900);
    expect(await sendUsage(world.target, 'worker')).toMatchObject({ events: 0 });
    await world.send();
    expect(await states(customerId)).toEqual(['sent']);
  });

  it('is rejected where Stripe refuses it, and does not keep others waiting', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'calls', 1);
    await world.report(customerId, 'calls', 1);
    let isFirst = true;
    const refusing = world.through({
      sendUsage: (usage) => {
        if (!isFirst) return world.target.gateway.sendUsage(usage);
        isFirst = false;
        return Promise.reject(new AppError('stripe_refused', 'Stripe refused this: no.'));
      },
    });
    await world.send('worker', refusing);
    expect(await world.events(customerId)).toMatchObject([
      { state: 'rejected', error_code: 'stripe_refused', error: 'Stripe refused this: no.' },
      { state: 'sent' },
    ]);
    await world.rows(
      `UPDATE credits_billing.meter_events SET state = 'queued' WHERE state = 'rejected'`,
    );
    await world.send();
  });

  it('is unclear where Stripe refuses what it may have taken before, unless its summary shows it', async () => {
    const [ann, bob] = [await world.customer(), await world.customer()];
    const at = minuteAgo(10);
    for (const customerId of [ann, bob]) await world.report(customerId, 'tokens', 5, { at });
    // Ann's arrives and its answer is lost, Bob's never arrives.
    await world.send('worker', world.through({ sendUsage: () => Promise.reject(unavailable()) }));
    const [annsEvent] = await world.events(ann);
    await world.target.gateway.sendUsage({
      identifier: annsEvent?.identifier ?? '',
      eventName: 'tokens',
      stripeCustomerId:
        (
          await world.rows<{ id: string }>(
            'SELECT stripe_customer_id AS id FROM credits.customers WHERE id = $1',
            [ann],
          )
        )[0]?.id ?? '',
      value: 5,
      occurredAt: at,
    });
    await world.send(
      'worker',
      world.through({
        sendUsage: () => Promise.reject(new AppError('stripe_refused', 'Stripe refused this: no.')),
      }),
    );
    expect(await states(ann)).toEqual(['sent']);
    expect(await world.event(bob)).toMatchObject({
      state: 'unclear',
      error: expect.stringContaining('may have it all the same'),
    });
    await world.rows(
      `UPDATE credits_billing.meter_events SET state = 'queued' WHERE state = 'unclear'`,
    );
    await world.send();
    await world.expectTruth();
  });

  it('is too old after 35 days, and is not sent', async () => {
    const customerId = await world.customer();
    const sent = world.simulator.world.meterEvents.length;
    await world.report(customerId, 'tokens', 5, { at: minuteAgo(35 * 24 * 60 + 1) });
    await world.report(customerId, 'tokens', 6, { at: minuteAgo(34 * 24 * 60) });
    const away = world.through({ sendUsage: async () => 'too_old' });
    await world.send('worker', away);
    expect(await world.events(customerId)).toMatchObject([
      { state: 'too_old', value: 5, first_attempt_at: null },
      { state: 'too_old', value: 6, first_attempt_at: null },
    ]);
    await world.rows(
      `UPDATE credits_billing.meter_events SET state = 'queued', occurred_at = occurred_at - interval '2 days' WHERE customer_id = $1`,
      [customerId],
    );
    await world.send();
    expect(await states(customerId)).toEqual(['too_old', 'too_old']);
    expect(world.simulator.world.meterEvents).toHaveLength(sent);
    await world.rows(
      `UPDATE credits_billing.meter_events SET state = 'cancelled' WHERE state = 'too_old'`,
    );
  });
});

describe('two senders', () => {
  it('never send one customer’s usage of one meter side by side, nor the newest value out of order', async () => {
    const customers = [await world.customer(), await world.customer(), await world.customer()];
    // More than one worker takes at once.
    for (let value = 1; value <= 150; value += 1) {
      for (const customerId of customers) await world.report(customerId, 'seats', value);
    }
    const running = new Set<string>();
    const order = new Map<string, number[]>();
    const watched = world.through({
      sendUsage: async (usage: SentUsage) => {
        const { stripeCustomerId, value } = usage;
        expect(running.has(stripeCustomerId)).toBe(false);
        running.add(stripeCustomerId);
        order.set(stripeCustomerId, [...(order.get(stripeCustomerId) ?? []), value]);
        try {
          return await world.target.gateway.sendUsage(usage);
        } finally {
          running.delete(stripeCustomerId);
        }
      },
    });
    await Promise.all(['a', 'b', 'c', 'd'].map((worker) => world.send(worker, watched)));
    await world.send('e', watched);
    const expected = Array.from({ length: 150 }, (_, index) => index + 1);
    expect([...order.values()]).toEqual(customers.map(() => expected));
  });

  it('hold back later values of a meter that takes the newest, while an earlier one waits', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'seats', 1);
    await world.send('worker', world.through({ sendUsage: () => Promise.reject(unavailable()) }));
    await world.report(customerId, 'seats', 2);
    expect(await sendUsage(world.target, 'worker')).toMatchObject({ events: 0 });
    expect(await states(customerId)).toEqual(['queued', 'queued']);
    await world.send();
    expect((await world.counted(customerId)).map(({ value }) => value)).toEqual(['1', '2']);
  });

  it('meet an event that another one holds only after its claim ran out, and no mark overwrites a better one', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'tokens', 3, { at: minuteAgo(5) });
    const away = world.through({ sendUsage: () => Promise.reject(unavailable()) });
    await world.send('slow', away);
    await world.claimsRunOut();
    const [slow] = await claimUsage(world.target, 'slow', 10);
    if (slow === undefined) throw new Error('nothing was claimed');
    expect(await world.send('other')).toMatchObject({ events: 0 });
    await world.claimsRunOut();
    await world.send('other');
    expect(await states(customerId)).toEqual(['sent']);
    await markUndelivered(world.target, slow, 'rejected', { code: null, message: 'late' });
    expect(await states(customerId)).toEqual(['sent']);
    await markDelivered(world.target, slow, 'duplicate');
    expect(await states(customerId)).toEqual(['sent']);
    // The other way round: what Stripe took is delivered, whatever another one was told of it.
    await world.rows(
      `UPDATE credits_billing.meter_events SET state = 'rejected', sent_at = NULL WHERE id = $1`,
      [slow.id],
    );
    await markDelivered(world.target, { ...slow, identifier: 'another' }, 'sent');
    expect(await states(customerId)).toEqual(['rejected']);
    await markDelivered(world.target, slow, 'sent');
    expect(await states(customerId)).toEqual(['sent']);
  });

  it('stop beginning once their claims are old, as after the computer slept', async () => {
    const customerId = await world.customer();
    for (let call = 0; call < 5; call += 1) await world.report(customerId, 'calls', 1);
    let time = Date.now();
    let calls = 0;
    const sleepy = {
      ...world.through({
        sendUsage: async (usage) => {
          calls += 1;
          if (calls === 2) {
            time += 25 * 3_600_000;
            await world.claimsRunOut();
            await claimUsage(world.target, 'other', 10);
          }
          return world.target.gateway.sendUsage(usage);
        },
      }),
      now: () => new Date(time),
    };
    await sendUsage(sleepy, 'sleepy', { atOnce: true });
    expect(calls).toBe(2);
    expect((await world.events(customerId)).map(({ claimed_by: worker }) => worker)).toEqual([
      null,
      null,
      'other',
      'other',
      'other',
    ]);
    await world.claimsRunOut();
    await world.send();
    await world.expectTruth();
  });
});

describe('the work on usage', () => {
  it('sends what is reported, tells whose it is, and logs an error once', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'calls', 1);
    const lines: string[] = [];
    const told: (string | null)[] = [];
    let isAway = true;
    const through = world.through({
      sendUsage: (usage) =>
        isAway ? Promise.reject(unavailable()) : world.target.gateway.sendUsage(usage),
    });
    const work = startUsageWork(
      { ...through, log: createLog((line) => lines.push(line)) },
      { readErrorsEveryMs: 60_000, onChange: (id) => told.push(id) },
    );
    await vi.waitFor(() => expect(lines).toHaveLength(1), 5_000);
    expect(told).toEqual([customerId, null]);
    expect(lines[0]).toContain('it is tried again');
    isAway = false;
    await world.claimsRunOut();
    await vi.waitFor(async () => expect(await states(customerId)).toEqual(['sent']), 10_000);
    await work.stop();
    expect(lines).toHaveLength(1);
    expect(
      await world.rows(`SELECT FROM credits_billing.job_leases WHERE name LIKE 'meter-errors:%'`),
    ).toEqual([]);
    await world.expectTruth();
  });

  it('reads what Stripe rejected, one of several at a time', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'calls', 1);
    await world.send();
    const { id, identifier } = await world.event(customerId);
    rejectMeterEvent(world.simulator.world, identifier, 'archived_meter');
    const told: (string | null)[] = [];
    let readings = 0;
    const through = world.through({
      listMeterErrors: (query) => {
        readings += 1;
        return world.target.gateway.listMeterErrors(query);
      },
    });
    const options = { readErrorsEveryMs: 60_000, onChange: (who: string | null) => told.push(who) };
    const works = [startUsageWork(through, options), startUsageWork(through, options)];
    await vi.waitFor(async () => expect(await states(customerId)).toEqual(['rejected']), 5_000);
    await vi.waitFor(() => expect(told).toEqual([customerId]));
    await Promise.all(works.map((work) => work.stop()));
    expect(readings).toBe(1);
    await settleUsage(world.target.database, 'ann', { id, as: 'send_again' });
    await world.send();
    await world.expectTruth();
  });
});
