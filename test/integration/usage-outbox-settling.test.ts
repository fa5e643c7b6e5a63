import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSnapshot } from '#main/database/run-query.ts';
import { cancelUsage } from '#main/metering/outbox/cancel-usage.ts';
import { getMeterEvent } from '#main/metering/outbox/list-meter-events.ts';
import { readBacklog } from '#main/metering/outbox/read-backlog.ts';
import { readMeterErrors } from '#main/metering/outbox/read-meter-errors.ts';
import { sendUsage } from '#main/metering/outbox/send-usage.ts';
import { settleUsage } from '#main/metering/outbox/settle-usage.ts';
import { rejectMeterEvent } from '#main/stripe-simulator/billing-control.ts';
import { AppError } from '#shared/errors.ts';
import { openUsageWorld, type UsageWorld } from '#test/support/usage-world.ts';

let world: UsageWorld;
beforeEach(async () => {
  world = await openUsageWorld();
});
afterEach(() => world.dispose());

const minuteAgo = (minutes: number, seconds = 0) =>
  new Date(Math.floor(Date.now() / 60_000 - minutes) * 60_000 + seconds * 1_000);
const unavailable = () => new AppError('stripe_unavailable', 'Stripe did not answer.');
const away = () => world.through({ sendUsage: () => Promise.reject(unavailable()) });
/** Stripe takes what it is sent, and its answers are lost. */
const unheard = () =>
  world.through({
    sendUsage: async (usage) => {
      await world.target.gateway.sendUsage(usage);
      throw unavailable();
    },
  });
const values = async (customerId: string) =>
  (await world.counted(customerId)).map(({ value }) => Number(value));
const cancel = (id: string, through = world.target) =>
  cancelUsage(through, 'person', { id, reason: 'counted wrongly' });
const stateOf = async (customerId: string) => (await world.event(customerId)).state;

describe('an event that was sent more than 23 hours ago without an answer', () => {
  it('counts as sent where Stripe’s summary has it, also beside others of its minute', async () => {
    const customerId = await world.customer();
    const at = minuteAgo(3, 5);
    await world.report(customerId, 'calls', 1, { at });
    await world.send();
    await world.report(customerId, 'calls', 1, { at });
    await world.report(customerId, 'calls', 1, { at });
    await world.send('worker', unheard());
    await world.rows(
      `UPDATE credits_billing.meter_events SET next_attempt_at = next_attempt_at + interval '1 hour' WHERE attempts > 0`,
    );
    await sendUsage(unheard(), 'worker');
    await world.hoursPass(25);
    await world.send();
    expect((await world.events(customerId)).map(({ state }) => state)).toEqual([
      'sent',
      'sent',
      'sent',
    ]);
    expect(await values(customerId)).toEqual([1, 1, 1]);
    await world.expectTruth();
  });

  it('is sent under its identifier where the summary has it not', async () => {
    const customerId = await world.customer();
    const at = minuteAgo(3, 5);
    await world.report(customerId, 'tokens', 8, { at });
    await world.send();
    await world.report(customerId, 'tokens', 5, { at });
    await world.send('worker', away());
    const [, before] = await world.events(customerId);
    await world.hoursPass(25);
    await world.send();
    const [, after] = await world.events(customerId);
    expect(after).toMatchObject({ state: 'sent', identifier: before?.identifier });
    // Its day begins anew: it can be taken back, and a lost answer is found again.
    expect(Date.now() - (after?.first_attempt_at?.getTime() ?? 0)).toBeLessThan(3_600_000);
    expect(await values(customerId)).toEqual([8, 5]);
    await world.expectTruth();
  });

  it('is left to a person where the summary does not tell, who decides either way', async () => {
    const customerId = await world.customer();
    const at = minuteAgo(3, 5);
    for (let call = 0; call < 2; call += 1) await world.report(customerId, 'calls', 1, { at });
    let isFirst = true;
    const half = world.through({
      sendUsage: async (usage) => {
        if (isFirst) await world.target.gateway.sendUsage(usage);
        isFirst = false;
        throw unavailable();
      },
    });
    await world.send('worker', half);
    await world.send('worker', half);
    await world.rows(
      'UPDATE credits_billing.meter_events SET first_attempt_at = clock_timestamp() WHERE customer_id = $1',
      [customerId],
    );
    await world.hoursPass(25);
    await world.send(
      'worker',
      world.through({ sendUsage: () => Promise.reject(new Error('sent')) }),
    );
    const events = await world.events(customerId);
    expect(events).toMatchObject([
      { state: 'unclear', error: expect.stringContaining('does not tell') },
      { state: 'unclear' },
    ]);
    const [arrived, lost] = events;
    if (!arrived || !lost) throw new Error('there are no events');
    await expect(cancel(arrived.id)).rejects.toMatchObject({ code: 'invalid_argument' });
    await settleUsage(world.target.database, 'ann', { id: arrived.id, as: 'sent' });
    await settleUsage(world.target.database, 'ann', { id: lost.id, as: 'send_again' });
    expect((await world.events(customerId))[1]).toMatchObject({
      state: 'queued',
      identifier: `${lost.identifier}_2`,
      attempts: 0,
      first_attempt_at: null,
    });
    await world.send();
    expect(await values(customerId)).toEqual([1, 1]);
    await world.expectTruth();
  });

  it('waits while another event of its minute is on its way', async () => {
    const customerId = await world.customer();
    const at = minuteAgo(3, 5);
    await world.report(customerId, 'tokens', 5, { at });
    await world.send('worker', away());
    await world.hoursPass(25);
    await world.report(customerId, 'tokens', 5, { at });
    // The second one, of the same value, arrives and its answer is lost.
    await world.rows(
      `UPDATE credits_billing.meter_events SET next_attempt_at = clock_timestamp() + interval '1 hour' WHERE customer_id = $1`,
      [customerId],
    );
    await world.rows('SELECT credits.batch_usage($1, false, true)', [world.target.accountId]);
    await sendUsage(unheard(), 'worker');
    expect(await values(customerId)).toEqual([5]);
    await world.rows(
      `UPDATE credits_billing.meter_events SET next_attempt_at = CASE WHEN attempts = 1 AND first_attempt_at < clock_timestamp() - interval '1 day'
         THEN clock_timestamp() ELSE clock_timestamp() + interval '1 hour' END WHERE customer_id = $1`,
      [customerId],
    );
    await sendUsage(world.target, 'worker');
    const [first] = await world.events(customerId);
    expect(first).toMatchObject({
      state: 'queued',
      error: expect.stringContaining('looked for again'),
    });
    await world.rows(
      `UPDATE credits_billing.meter_events SET next_attempt_at = clock_timestamp() + CASE WHEN id = $2 THEN interval '1 hour' ELSE interval '0' END
       WHERE customer_id = $1`,
      [customerId, first?.id],
    );
    await sendUsage(world.target, 'worker');
    await world.rows(
      `UPDATE credits_billing.meter_events SET sent_at = sent_at - interval '2 hours' WHERE customer_id = $1`,
      [customerId],
    );
    await world.send();
    expect(await values(customerId)).toEqual([5, 5]);
    await world.expectTruth();
  });

  it('is simply sent where the newest value counts', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'seats', 4);
    await world.send('worker', unheard());
    await world.hoursPass(25);
    await world.send();
    expect(await stateOf(customerId)).toBe('sent');
    expect(await values(customerId)).toEqual([4, 4]);
    world.simulator.world.meterEvents.pop();
  });

  it.each([
    ['there', 'sent'],
    ['absent', 'too_old'],
  ] as const)('and of 35 days ago is looked for: %s, it is %s', async (place, state) => {
    const customerId = await world.customer();
    await world.report(customerId, 'tokens', 6, { at: minuteAgo(34 * 24 * 60) });
    await world.send('worker', place === 'there' ? unheard() : away());
    await world.hoursPass(25);
    await world.rows(
      `UPDATE credits_billing.meter_events SET occurred_at = occurred_at - interval '2 days' WHERE customer_id = $1`,
      [customerId],
    );
    const listUsage = world.through({
      listUsage: (query) => {
        const days = 2 * 86_400_000;
        return world.target.gateway.listUsage({
          ...query,
          start: new Date(query.start.getTime() + days),
          end: new Date(query.end.getTime() + days),
        });
      },
    });
    await world.send('worker', listUsage);
    expect(await stateOf(customerId)).toBe(state);
    if (state === 'too_old') await cancel((await world.event(customerId)).id);
    expect(await stateOf(customerId)).toBe(state === 'too_old' ? 'cancelled' : 'sent');
    await world.expectTruth();
  });
});

describe('taking usage back', () => {
  it('is done here where Stripe does not have it', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'tokens', 5, { at: minuteAgo(2) });
    await world.rows('SELECT credits.batch_usage($1, false, true)', [world.target.accountId]);
    const { id } = await world.event(customerId);
    await cancel(id);
    expect(await world.event(customerId)).toMatchObject({
      state: 'cancelled',
      cancel_reason: 'counted wrongly',
      cancelled_by: 'ann',
    });
    await world.send();
    expect(await values(customerId)).toEqual([]);
    await expect(cancel(id)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('taken back already'),
    });
  });

  it('asks Stripe where it was sent, within a day', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'tokens', 5);
    await world.send();
    const { id } = await world.event(customerId);
    expect(await getMeterEvent(world.target.database, id)).toMatchObject({ cancellable: true });
    await cancel(id);
    expect(await stateOf(customerId)).toBe('cancelled');
    expect(await values(customerId)).toEqual([]);
    await world.report(customerId, 'tokens', 6);
    await world.send();
    await world.hoursPass(25);
    const [, late] = await world.events(customerId);
    expect(await getMeterEvent(world.target.database, late?.id ?? '')).toMatchObject({
      cancellable: false,
      cancellableUntil: null,
    });
    await expect(cancel(late?.id ?? '')).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('24 hours'),
    });
    await world.expectTruth();
  });

  it('is not done while it is not known whether Stripe has it', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'tokens', 5);
    await world.send('worker', away());
    await expect(cancel((await world.event(customerId)).id)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('may have reached Stripe'),
    });
    await world.send();
    await world.expectTruth();
  });

  it('stays as it was where Stripe refuses, and says so', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'tokens', 5);
    await world.send();
    const refusing = world.through({
      cancelUsage: () => Promise.reject(new AppError('stripe_refused', 'Stripe refused this: no.')),
    });
    const { id } = await world.event(customerId);
    await expect(cancel(id, refusing)).rejects.toMatchObject({ code: 'stripe_refused' });
    expect(await world.event(customerId)).toMatchObject({
      state: 'sent',
      error: 'It could not be taken back. Stripe refused this: no.',
      cancel_reason: null,
    });
    await world.expectTruth();
  });

  it.each(['before', 'after'] as const)(
    'is taken up again where the answer is cut %s the work',
    async (when) => {
      const customerId = await world.customer();
      await world.report(customerId, 'tokens', 5);
      await world.send();
      const { id } = await world.event(customerId);
      world.simulator.faults.add({
        kind: when === 'before' ? 'cut_before' : 'cut_after',
        path: '/v1/billing/meter_event_adjustments',
        times: 3,
      });
      await expect(cancel(id)).rejects.toMatchObject({
        code: 'stripe_unavailable',
        message: expect.stringContaining('taken back by itself'),
      });
      expect(await world.event(customerId)).toMatchObject({
        state: 'cancelling',
        cancel_reason: 'counted wrongly',
        cancelled_by: 'ann',
      });
      await world.send();
      expect(await world.event(customerId)).toMatchObject({ state: 'cancelled', error: null });
      expect(await values(customerId)).toEqual([]);
    },
  );

  it.each([
    [true, 'cancelled'],
    [false, 'sent'],
  ] as const)(
    'once begun and too late then, ends as Stripe counts it (taken back: %s)',
    async (isBack, state) => {
      const customerId = await world.customer();
      await world.report(customerId, 'tokens', 5);
      await world.send();
      const { id } = await world.event(customerId);
      const lost = world.through({
        cancelUsage: async (event) => {
          if (isBack) await world.target.gateway.cancelUsage(event);
          throw unavailable();
        },
      });
      await expect(cancel(id, lost)).rejects.toMatchObject({ code: 'stripe_unavailable' });
      await world.hoursPass(25);
      await world.send();
      expect(await stateOf(customerId)).toBe(state);
      await world.expectTruth();
    },
  );

  it('refuses usage of another account, and what is not there', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'tokens', 5);
    await world.send();
    const { id } = await world.event(customerId);
    await expect(cancel(id, { ...world.target, accountId: 'acct_other' })).rejects.toMatchObject({
      code: 'stripe_other_account',
    });
    expect(await stateOf(customerId)).toBe('sent');
    await expect(cancel('00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

describe('what Stripe rejects later', () => {
  it('is found by its identifier, can be sent again under another one, and is found there too', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'tokens', 5);
    await world.send();
    const { id, identifier } = await world.event(customerId);
    rejectMeterEvent(world.simulator.world, identifier, 'archived_meter');
    expect(await readMeterErrors(world.target)).toEqual(new Set([customerId]));
    expect(await world.event(customerId)).toMatchObject({
      state: 'rejected',
      error_code: 'archived_meter',
      error: expect.stringContaining('inactive'),
    });
    await expect(
      settleUsage(world.target.database, 'ann', { id, as: 'sent' }),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
    for (const suffix of ['_2', '_3']) {
      await settleUsage(world.target.database, 'ann', { id, as: 'send_again' });
      // An older report of the identifier before says nothing of this one.
      expect(await readMeterErrors(world.target)).toEqual(new Set());
      await world.send();
      expect(await world.event(customerId)).toMatchObject({
        state: 'sent',
        identifier: `${identifier}${suffix}`,
      });
      if (suffix === '_3') break;
      rejectMeterEvent(world.simulator.world, `${identifier}_2`, 'no_meter');
      expect(await readMeterErrors(world.target)).toEqual(new Set([customerId]));
    }
    await expect(
      settleUsage(world.target.database, 'ann', { id, as: 'send_again' }),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(await values(customerId)).toEqual([5]);
    await world.expectTruth();
  });

  it('for its Stripe customer, which is gone, is sent again for the one that is linked by then', async () => {
    const customerId = await world.customer();
    const [before] = await world.rows<{ id: string }>(
      'SELECT stripe_customer_id AS id FROM credits.customers WHERE id = $1',
      [customerId],
    );
    await world.report(customerId, 'tokens', 5);
    await world.rows('SELECT credits.link_stripe_customer($1, $2)', [customerId, 'cus_gone']);
    await world.send();
    await readMeterErrors(world.target);
    const { id, state } = await world.event(customerId);
    expect(state).toBe('rejected');
    await world.rows('SELECT credits.link_stripe_customer($1, NULL)', [customerId]);
    await settleUsage(world.target.database, 'ann', { id, as: 'send_again' });
    await world.send();
    await readMeterErrors(world.target);
    expect(await world.event(customerId)).toMatchObject({ state: 'rejected' });
    await world.rows('SELECT credits.link_stripe_customer($1, $2)', [customerId, before?.id]);
    await settleUsage(world.target.database, 'ann', { id, as: 'send_again' });
    await world.send();
    await readMeterErrors(world.target);
    expect(await world.event(customerId)).toMatchObject({ state: 'sent' });
    expect(await values(customerId)).toEqual([5]);
    await world.expectTruth();
  });

  it('settles what was taken without an answer, and what is being taken back; what is cancelled stays', async () => {
    const [queued, cancelling, cancelled] = [
      await world.customer(),
      await world.customer(),
      await world.customer(),
    ];
    for (const customerId of [cancelling, cancelled]) await world.report(customerId, 'tokens', 5);
    await world.send();
    await cancel((await world.event(cancelled)).id);
    const lost = world.through({ cancelUsage: () => Promise.reject(unavailable()) });
    await expect(cancel((await world.event(cancelling)).id, lost)).rejects.toThrow();
    await world.report(queued, 'tokens', 5);
    await world.rows('SELECT credits.batch_usage($1, false, true)', [world.target.accountId]);
    await sendUsage(unheard(), 'worker');
    for (const customerId of [queued, cancelling, cancelled]) {
      rejectMeterEvent(
        world.simulator.world,
        (await world.event(customerId)).identifier,
        'meter_event_customer_not_found',
      );
    }
    expect(await readMeterErrors(world.target)).toEqual(new Set([queued, cancelling]));
    expect(await stateOf(queued)).toBe('rejected');
    expect(await stateOf(cancelling)).toBe('cancelled');
    expect(await stateOf(cancelled)).toBe('cancelled');
    await cancel((await world.event(queued)).id);
    await world.expectTruth();
  });

  it('of usage older than 35 days cannot be sent again', async () => {
    const customerId = await world.customer();
    await world.report(customerId, 'tokens', 5);
    await world.send();
    const { id, identifier } = await world.event(customerId);
    rejectMeterEvent(world.simulator.world, identifier, 'archived_meter');
    await readMeterErrors(world.target);
    await world.rows(
      `UPDATE credits_billing.meter_events SET occurred_at = occurred_at - interval '36 days' WHERE id = $1`,
      [id],
    );
    await expect(
      settleUsage(world.target.database, 'ann', { id, as: 'send_again' }),
    ).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('35 days'),
    });
    await cancel(id);
    await world.expectTruth();
  });

  it('and is not named is told with the backlog, for a week; a failure to ask only until it works', async () => {
    const error = async () =>
      (await readSnapshot(world.target.database, undefined, readBacklog)).error;
    const failing = world.through({ listMeterErrors: () => Promise.reject(unavailable()) });
    await expect(readMeterErrors(failing)).rejects.toMatchObject({ code: 'stripe_unavailable' });
    expect(await error()).toBe('Stripe did not answer.');
    await readMeterErrors(world.target);
    expect(await error()).toBeNull();
    const without = world.through({
      listMeterErrors: () => Promise.reject(new AppError('stripe_not_found', 'No API v2.')),
    });
    expect(await readMeterErrors(without)).toEqual(new Set());
    const partly = world.through({
      listMeterErrors: async () => [
        { id: 'evt_1', createdAt: new Date(), meterId: null, errorCount: 7, named: [] },
      ],
    });
    await readMeterErrors(partly);
    await readMeterErrors(world.target);
    await expect(readMeterErrors(failing)).rejects.toThrow();
    expect(await error()).toContain('rejected 7 events and named 0');
    await world.rows(
      `UPDATE credits_billing.meter_error_polls SET error_at = error_at - interval '8 days'`,
    );
    await readMeterErrors(world.target);
    expect(await error()).toBeNull();
  });

  it('is read from where it was read last, with an hour’s overlap', async () => {
    const asked: Date[] = [];
    const newest = new Date('2031-05-05T10:00:00Z');
    const watched = world.through({
      listMeterErrors: async ({ since }) => {
        asked.push(since);
        return [{ id: 'evt_2', createdAt: newest, meterId: null, errorCount: 0, named: [] }];
      },
    });
    await readMeterErrors(watched);
    await readMeterErrors(watched);
    expect(asked[1]).toEqual(new Date('2031-05-05T09:00:00Z'));
    expect(asked[0]?.getTime()).toBeLessThan(newest.getTime() - 3_600_000);
  });
});
