import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receiveEvents } from '#main/stripe/inbox/receive-event.ts';
import { workInbox } from '#main/stripe/inbox/work-inbox.ts';
import { giveUpPolling, pollEvents } from '#main/stripe/polling/poll-events.ts';
import { advance } from '#main/stripe-simulator/billing-control.ts';
import {
  closeDispute,
  completeBankDebit,
  failRefund,
  openDispute,
  refundCharge,
} from '#main/stripe-simulator/control.ts';
import { createWorkbench, type Workbench } from '#test/support/stripe-workbench.ts';

let bench: Workbench;

beforeEach(async () => {
  bench = await createWorkbench();
});
afterEach(() => bench.dispose());

const poll = (holder = 'here', force = false) => pollEvents(bench.target, { holder, force });

async function buyFor(customerId: string, credits: number) {
  await bench.customer(customerId);
  return bench.buy({ customerId, credits, amountMinor: 1_000 });
}

async function place() {
  const [row] = await bench.rows<{
    read_until: Date;
    polled_at: Date | null;
    resync_from: Date | null;
    error: string | null;
  }>('SELECT * FROM credits_billing.stripe_polls');
  return row;
}

const DAY = 86_400;

describe('polling', () => {
  it('reads each event once, oldest first, and again only within the overlap', async () => {
    await buyFor('ann', 5);
    const first = await poll();
    expect(first).toMatchObject({ outcome: 'read' });
    expect(first.stored).toBeGreaterThan(0);
    expect((await poll()).stored).toBe(0);
    await buyFor('bea', 6);
    expect((await poll()).stored).toBeGreaterThan(0);
    await workInbox(bench.target, 'worker');
    expect([await bench.balance('ann'), await bench.balance('bea')]).toEqual([5, 6]);
  });

  it('begins ten minutes before the workspace was bound', async () => {
    await buyFor('ann', 5);
    await bench.rows(
      "UPDATE credits_billing.stripe_settings SET bound_at = clock_timestamp() + interval '9 minutes'",
    );
    expect((await poll()).stored).toBeGreaterThan(0);
    await bench.rows('DELETE FROM credits_billing.stripe_polls');
    await bench.rows('DELETE FROM credits_billing.stripe_events');
    await bench.rows(
      "UPDATE credits_billing.stripe_settings SET bound_at = clock_timestamp() + interval '11 minutes'",
    );
    expect((await poll()).stored).toBe(0);
  });

  it('and webhooks at once are harmless', async () => {
    await buyFor('ann', 5);
    await Promise.all([
      poll(),
      receiveEvents(bench.target, bench.events(), 'webhook'),
      poll('there', true),
    ]);
    await Promise.all([workInbox(bench.target, 'one'), workInbox(bench.target, 'two')]);
    expect(await bench.balance('ann')).toBe(5);
  });

  it('is done by one console at a time, and by another once that one stops or dies', async () => {
    expect(await poll('one')).toMatchObject({ outcome: 'read' });
    expect(await poll('two')).toMatchObject({ outcome: 'elsewhere' });
    expect(await poll('one')).toMatchObject({ outcome: 'read' });
    await giveUpPolling(bench.target, 'one');
    expect(await poll('two')).toMatchObject({ outcome: 'read' });
    await bench.rows(
      "UPDATE credits_billing.job_leases SET expires_at = clock_timestamp() - interval '1 second'",
    );
    expect(await poll('three')).toMatchObject({ outcome: 'read' });
    // Asked for by a person, it does not wait for anybody.
    expect(await poll('four', true)).toMatchObject({ outcome: 'read' });
  });

  it('that fails keeps its place and why, and the next one forgets the error', async () => {
    await buyFor('ann', 5);
    bench.simulator.faults.add({ kind: '401', path: '/v1/events' });
    await expect(poll()).rejects.toMatchObject({ code: 'stripe_key_invalid' });
    const failed = await place();
    expect(failed).toMatchObject({ polled_at: null });
    expect(failed?.error).toBeTruthy();
    bench.simulator.faults.clear();
    await poll();
    const read = await place();
    expect(read).toMatchObject({ error: null, polled_at: expect.any(Date) });
  });

  it('goes by Stripe’s clock, wherever that is', async () => {
    advance(bench.simulator.world, bench.simulator.world.now() + 400 * DAY);
    await buyFor('ann', 5);
    await poll();
    await buyFor('bea', 6);
    await poll();
    await workInbox(bench.target, 'worker');
    expect([await bench.balance('ann'), await bench.balance('bea')]).toEqual([5, 6]);
    const read = await place();
    expect(read?.read_until.getTime()).toBe(
      Math.max(...bench.events().map(({ createdAt }) => createdAt.getTime())),
    );
  });
});

describe('after longer away than Stripe keeps events', () => {
  /** No event is left, and the last poll was 40 days ago. */
  async function wasAway() {
    await bench.rows(
      `UPDATE credits_billing.stripe_polls
       SET read_until = clock_timestamp() - interval '40 days', polled_at = clock_timestamp() - interval '40 days'`,
    );
    const events = bench.simulator.world.collection('events');
    for (const { id } of [...events.newestFirst()]) events.remove(id);
  }

  it('all objects since then are compared', async () => {
    await poll();
    const refunded = await buyFor('ann', 100);
    refundCharge(bench.simulator.world, refunded.chargeId, { amount: 250 });
    const lost = await buyFor('bea', 100);
    closeDispute(
      bench.simulator.world,
      openDispute(bench.simulator.world, lost.chargeId).id,
      'lost',
    );
    await bench.customer('cleo');
    const debit = await bench.buy(
      { customerId: 'cleo', credits: 7, amountMinor: 100 },
      { method: 'bank_debit' },
    );
    completeBankDebit(bench.simulator.world, debit.sessionId, 'succeeded');
    await bench.customer('dora');
    const price = await bench.stripe.prices.create({
      currency: 'usd',
      unit_amount: 2_000,
      recurring: { interval: 'month' },
      product_data: { name: 'Basic' },
      lookup_key: 'plan_basic',
    });
    const { id: customer } = await bench.stripe.customers.create({ email: 'd@company.example' });
    const method = await bench.stripe.paymentMethods.attach('pm_card_visa', { customer });
    await bench.stripe.subscriptions.create({
      customer,
      default_payment_method: method.id,
      items: [{ price: price.id }],
      metadata: { user_id: 'dora' },
    });
    // What cannot be trusted does not hold the others up.
    await bench.buy({
      customerId: 'eve',
      credits: 1,
      amountMinor: 100,
      metadata: { type: 'credit_purchase', user_id: 'nobody', credits: '-1' },
    });
    await wasAway();
    const { customerIds, stored } = await poll();
    expect(stored).toBe(0);
    expect([...customerIds].sort()).toEqual(['ann', 'bea', 'cleo', 'dora']);
    const balances = await Promise.all(['ann', 'bea', 'cleo', 'dora'].map(bench.balance));
    expect(balances).toEqual([75, 0, 7, 100]);
    expect(await bench.rows("SELECT plan_tier FROM credits.customers WHERE id = 'dora'")).toEqual([
      { plan_tier: 'basic' },
    ]);
    expect(await place()).toMatchObject({ resync_from: null });
    expect(await bench.broken()).toEqual([]);
  });

  it('so is what was undecided before', async () => {
    const bought = await buyFor('ann', 100);
    const dispute = openDispute(bench.simulator.world, bought.chargeId);
    await poll();
    await workInbox(bench.target, 'worker');
    const old = bench.simulator.world.collection('disputes');
    closeDispute(bench.simulator.world, dispute.id, 'lost');
    old.update(dispute.id, { created: dispute.created - 200 * DAY });
    await wasAway();
    await poll();
    expect(await bench.balance('ann')).toBe(0);
  });

  it('a comparison that broke off is begun again with the next poll', async () => {
    await poll();
    await buyFor('ann', 100);
    await wasAway();
    bench.simulator.faults.add({ kind: '401', path: '/v1/refunds' });
    await expect(poll()).rejects.toMatchObject({ code: 'stripe_key_invalid' });
    expect(await place()).toMatchObject({ resync_from: expect.any(Date) });
    bench.simulator.faults.clear();
    await poll();
    expect(await place()).toMatchObject({ resync_from: null });
    expect(await bench.balance('ann')).toBe(100);
  });

  it('also where Stripe’s clock jumped past what it keeps', async () => {
    await buyFor('ann', 1);
    await poll();
    const bought = await buyFor('bea', 10);
    const refund = refundCharge(bench.simulator.world, bought.chargeId, { amount: 500 });
    failRefund(bench.simulator.world, refund.id);
    advance(bench.simulator.world, bench.simulator.world.now() + 45 * DAY);
    await buyFor('cleo', 3);
    await poll();
    await workInbox(bench.target, 'worker');
    expect(await Promise.all(['ann', 'bea', 'cleo'].map(bench.balance))).toEqual([1, 10, 3]);
  });
});
