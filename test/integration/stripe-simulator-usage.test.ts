import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { advance, rejectMeterEvent } from '#main/stripe-simulator/billing-control.ts';
import { idOf } from '#main/stripe-simulator/fields.ts';
import {
  at,
  billingForEachTest,
  day,
  february,
  hour,
  start,
  startBilling,
} from '#test/support/billing-simulator.ts';

const billing = billingForEachTest();

describe('usage', () => {
  test('is billed after the period by tiers, with a grace of an hour for what arrives late', async () => {
    const { price } = await billing.meteredPrice();
    const subscription = await billing.subscribe(price);
    await billing.use('e1', '100000');
    advance(billing.simulator.world, start + day);
    await billing.use('e2', '50');
    advance(billing.simulator.world, february + 60);
    await billing.use('late', '25', february - 10);
    await billing.use('next', '7', february + 10);
    const draft = (await billing.stripe.invoices.list({ subscription: subscription.id })).data[0];
    expect(draft).toMatchObject({ status: 'draft', billing_reason: 'subscription_cycle' });
    advance(billing.simulator.world, february + 2 * hour);
    const billed = await billing.stripe.invoices.retrieve(idOf(draft));
    expect(billed).toMatchObject({ status: 'paid', amount_paid: 2 });
    expect(
      billed.lines.data.map((line) => [line.quantity, line.amount, line.description, line.period]),
    ).toEqual([
      [100_000, 0, '100000 × LLM usage (Tier 1 at $0.00 / month)', { start, end: february }],
      [75, 2, '75 × LLM usage (Tier 2 at $0.0002 / month)', { start, end: february }],
    ]);
  });

  test('shows in a preview, with the coming period of what is paid in advance', async () => {
    const { price } = await billing.meteredPrice();
    const base = await billing.plan('Base', 900);
    const subscription = await billing.stripe.subscriptions.create({
      customer: billing.customer,
      items: [{ price }, { price: base }],
    });
    await billing.use('e1', '100100');
    const preview = await billing.stripe.invoices.createPreview({ subscription: subscription.id });
    expect(preview).toMatchObject({
      billing_reason: 'upcoming',
      status: 'draft',
      total: 902,
      period_end: february,
    });
    expect(preview.lines.data.map((line) => line.amount)).toEqual([0, 2, 900]);
    const change = await billing.stripe.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: {
        items: [{ id: idOf(subscription.items.data[1]), quantity: 3 }],
        proration_behavior: 'always_invoice',
      },
    });
    expect(change.total).toBe(1_800);
    const fresh = await billing.stripe.invoices.createPreview({
      customer: billing.customer,
      subscription_details: { items: [{ price: base, quantity: 2 }, { price }] },
    });
    expect(fresh.lines.data.map((line) => [line.amount, line.quantity])).toEqual([
      [1_800, 2],
      [0, 100_100 - 100],
      [2, 100],
    ]);
    expect((await billing.stripe.invoices.list({ customer: billing.customer })).data).toHaveLength(
      1,
    );
  });

  test('of a subscription that ends is billed once more', async () => {
    const { price } = await billing.meteredPrice();
    const subscription = await billing.subscribe(price);
    await billing.use('e1', '200000');
    await billing.stripe.subscriptions.cancel(subscription.id, { invoice_now: true });
    const [last] = (await billing.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(last).toMatchObject({ status: 'paid', amount_paid: 2_000 });
  });

  test('is refused as Stripe refuses it', async () => {
    await billing.meteredPrice();
    await billing.use('e1', '5');
    const wrong: [Partial<Stripe.Billing.MeterEventCreateParams>, RegExp][] = [
      [{ identifier: 'e1' }, /An event already exists with identifier e1/],
      [{ event_name: 'unknown' }, /No active meter found for event name "unknown"/],
      [{ timestamp: start - 36 * day }, /within the past 35 calendar days/],
      [{ timestamp: start + 6 * 60 }, /5 minutes in the future/],
      [{ payload: { stripe_customer_id: billing.customer, value: '1.5' } }, /whole number/],
      [
        { payload: { stripe_customer_id: billing.customer, value: '1234567890123456' } },
        /at most 15 digits/,
      ],
      [
        { payload: { stripe_customer_id: billing.customer } },
        /Missing required param: payload\[value\]/,
      ],
      [{ identifier: 'x'.repeat(101) }, /identifier/],
    ];
    for (const [change, message] of wrong) {
      const event = {
        event_name: 'llm_tokens',
        payload: { stripe_customer_id: billing.customer, value: '1' },
        ...change,
      };
      await expect(billing.stripe.billing.meterEvents.create(event)).rejects.toThrow(message);
      await expect(billing.stripe.billing.meterEvents.create(event)).rejects.toMatchObject({
        statusCode: 400,
      });
    }
    expect(billing.simulator.world.meterEvents).toHaveLength(1);
    advance(billing.simulator.world, start + day);
    await billing.use('e1', '5');
    expect(billing.simulator.world.meterEvents).toHaveLength(2);
  });

  test('is taken back within 24 hours, and not after', async () => {
    const { meter } = await billing.meteredPrice();
    await billing.use('e1', '5');
    await billing.use('e2', '7');
    const cancel = (identifier: string) =>
      billing.stripe.billing.meterEventAdjustments.create({
        event_name: 'llm_tokens',
        type: 'cancel',
        cancel: { identifier },
      });
    expect(await cancel('e1')).toMatchObject({ status: 'complete', cancel: { identifier: 'e1' } });
    expect(await billing.used(meter)).toBe(7);
    await expect(cancel('none')).rejects.toThrow('No meter event found');
    advance(billing.simulator.world, start + day + 1);
    await expect(cancel('e2')).rejects.toThrow('within 24 hours');
  });

  test('is summed by hour, by day or as a whole, on aligned boundaries only', async () => {
    const { meter } = await billing.meteredPrice();
    await billing.use('e1', '5', start);
    await billing.use('e2', '7', start - hour);
    await billing.use('e3', '11', start - day);
    const from = at('2026-01-30T00:00:00Z');
    const range = { customer: billing.customer, start_time: from, end_time: from + 2 * day };
    const rows = async (value_grouping_window: 'hour' | 'day') =>
      (
        await billing.stripe.billing.meters.listEventSummaries(meter, {
          ...range,
          value_grouping_window,
        })
      ).data.map((row) => [row.start_time - from, row.aggregated_value]);
    expect(await billing.used(meter)).toBe(23);
    expect(await rows('day')).toEqual([
      [day, 12],
      [0, 11],
    ]);
    expect(await rows('hour')).toEqual([
      [day + 10 * hour, 5],
      [day + 9 * hour, 7],
      [10 * hour, 11],
    ]);
    const pages = billing.stripe.billing.meters.listEventSummaries(meter, {
      ...range,
      value_grouping_window: 'hour',
      limit: 1,
    });
    expect(await pages.autoPagingToArray({ limit: 10 })).toHaveLength(3);
    const list = (parameters: object) =>
      billing.stripe.billing.meters.listEventSummaries(meter, { ...range, ...parameters });
    await expect(list({ start_time: from + 1 })).rejects.toThrow('aligned with minute boundaries');
    await expect(list({ start_time: from + 60, value_grouping_window: 'hour' })).rejects.toThrow(
      'hour boundaries',
    );
    await expect(list({ start_time: from + hour, value_grouping_window: 'day' })).rejects.toThrow(
      'UTC day boundaries',
    );
  });

  test('that is found wrong later is told by events of API v2, page by page', async () => {
    const { meter } = await billing.meteredPrice();
    await billing.stripe.billing.meterEvents.create({
      event_name: 'llm_tokens',
      identifier: 'lost',
      payload: { value: '1' },
    });
    await billing.stripe.billing.meterEvents.create({
      event_name: 'llm_tokens',
      identifier: 'unknown',
      payload: { value: '1', stripe_customer_id: 'cus_none' },
    });
    await billing.use('fine', '3');
    await billing.use('late', '4');
    rejectMeterEvent(billing.simulator.world, 'late', 'archived_meter');
    const found: [string, string][] = [];
    const type = 'v1.billing.meter.error_report_triggered';
    for await (const event of billing.stripe.v2.core.events.list({
      types: [type],
      object_id: meter,
      limit: 1,
    })) {
      if (event.type !== type) throw new Error(`Unexpected ${event.type}`);
      const [kind] = event.data.reason.error_types;
      found.push([kind?.sample_errors[0]?.request.identifier ?? '', kind?.code ?? '']);
      expect(await billing.stripe.v2.core.events.retrieve(event.id)).toMatchObject({
        id: event.id,
        related_object: { id: meter },
      });
    }
    expect(found).toEqual([
      ['late', 'archived_meter'],
      ['unknown', 'meter_event_customer_not_found'],
      ['lost', 'meter_event_no_customer_defined'],
    ]);
    expect(await billing.used(meter)).toBe(3);
    expect(
      (await billing.stripe.v2.core.events.list({ types: ['v1.billing.meter.no_meter_found'] }))
        .data,
    ).toEqual([]);
  });

  test('and what is due are kept when the simulator starts again', async () => {
    const stateFile = join(mkdtempSync(join(tmpdir(), 'simulator-')), 'state.json');
    const first = await startBilling({ stateFile });
    const { price } = await first.meteredPrice();
    const { id } = await first.subscribe(price);
    await first.use('e1', '200000');
    advance(first.simulator.world, february + 60);
    await first.simulator.close();
    const second = await startBilling({ stateFile });
    advance(second.simulator.world, february + 2 * hour);
    const [billed] = (await second.stripe.invoices.list({ subscription: id })).data;
    expect(billed).toMatchObject({ status: 'paid', amount_paid: 2_000 });
    await second.simulator.close();
  });
});

describe('meters', () => {
  test('are created, renamed, switched off and on again, and listed by status', async () => {
    const { meter } = await billing.meteredPrice();
    expect(
      (await billing.stripe.billing.meters.update(meter, { display_name: 'Tokens' })).display_name,
    ).toBe('Tokens');
    await expect(
      billing.stripe.billing.meters.create({
        display_name: 'Again',
        event_name: 'llm_tokens',
        default_aggregation: { formula: 'sum' },
      }),
    ).rejects.toThrow('already exists');
    expect((await billing.stripe.billing.meters.deactivate(meter)).status).toBe('inactive');
    await expect(billing.use('e1', '1')).rejects.toThrow('No active meter');
    expect((await billing.stripe.billing.meters.list({ status: 'active' })).data).toEqual([]);
    expect((await billing.stripe.billing.meters.reactivate(meter)).status).toBe('active');
    expect(
      (await billing.stripe.billing.meters.retrieve(meter)).status_transitions.deactivated_at,
    ).toBeNull();
  });

  test('count events, keep the last value, or the newest of each hour', async () => {
    const meterOf = async (formula: 'count' | 'last' | 'sum', event_time_window?: 'hour') =>
      (
        await billing.stripe.billing.meters.create({
          display_name: formula,
          event_name: `${formula}_${event_time_window ?? 'all'}`,
          default_aggregation: { formula },
          ...(event_time_window ? { event_time_window } : {}),
        })
      ).id;
    const meters = [await meterOf('count'), await meterOf('last'), await meterOf('sum', 'hour')];
    for (const event_name of ['count_all', 'last_all', 'sum_hour']) {
      for (const [value, seconds] of [
        ['5', 0],
        ['9', 60],
        ['20', -hour],
      ] as const) {
        const payload = { stripe_customer_id: billing.customer, value };
        await billing.stripe.billing.meterEvents.create({
          event_name,
          payload,
          timestamp: start + seconds,
        });
      }
    }
    expect(await Promise.all(meters.map(billing.used))).toEqual([3, 9, 29]);
  });
});
