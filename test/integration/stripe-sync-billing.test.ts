import { describe, expect, it } from 'vitest';
import { syncCustomer } from '#main/stripe/sync/sync-customer.ts';
import { syncInvoice } from '#main/stripe/sync/sync-invoice.ts';
import { syncMoneyBack } from '#main/stripe/sync/sync-money-back.ts';
import { syncSubscription } from '#main/stripe/sync/sync-subscription.ts';
import { advance, cancelSubscription, changePlan } from '#main/stripe-simulator/billing-control.ts';
import { workbenchForFile } from '#test/support/workbench-for-file.ts';

const bench = workbenchForFile();
const { newCustomer, log, payment } = bench;

const MONTH = 32 * 86_400;

async function monthlyPrice(
  lookupKey: string | undefined,
  metadata: Record<string, string> = {},
  amountMinor = 2_000,
) {
  return bench.stripe.prices.create({
    currency: 'usd',
    unit_amount: amountMinor,
    recurring: { interval: 'month' },
    product_data: { name: 'Plan' },
    metadata,
    ...(lookupKey === undefined ? {} : { lookup_key: lookupKey, transfer_lookup_key: true }),
  });
}

async function subscribe(
  price: string,
  options: { userId?: string; metadata?: Record<string, string>; customer?: string } = {},
) {
  const customer = options.customer ?? (await payingCustomer());
  const metadata = {
    ...(options.userId === undefined ? {} : { user_id: options.userId }),
    ...options.metadata,
  };
  return bench.stripe.subscriptions.create({ customer, items: [{ price }], metadata });
}

async function payingCustomer() {
  const { id } = await bench.stripe.customers.create({ email: 'payer@company.example' });
  const method = await bench.stripe.paymentMethods.attach('pm_card_visa', { customer: id });
  await bench.stripe.customers.update(id, {
    invoice_settings: { default_payment_method: method.id },
  });
  return id;
}

async function invoicesOf(subscription: string) {
  const { data } = await bench.stripe.invoices.list({ subscription, limit: 100 });
  return data.reverse();
}

async function grants(customerId: string) {
  return bench.rows<{ granted: number; remaining: number; expires_at: Date | null }>(
    'SELECT granted, remaining, expires_at FROM credits.credit_grants WHERE customer_id = $1 ORDER BY id',
    [customerId],
  );
}

async function planOf(customerId: string) {
  const [row] = await bench.rows<{ plan_tier: string | null }>(
    'SELECT plan_tier FROM credits.customers WHERE id = $1',
    [customerId],
  );
  return row?.plan_tier;
}

describe('an invoice', () => {
  it('that opens a period allocates the plan’s credits until the period’s end, once', async () => {
    const customerId = await newCustomer();
    const price = await monthlyPrice('plan_basic');
    const subscription = await subscribe(price.id, { userId: customerId });
    const [invoice] = await invoicesOf(subscription.id);
    const first = await syncInvoice(bench.target, invoice?.id ?? '');
    expect(first).toMatchObject({ ignored: false, customerIds: [customerId] });
    expect(first.transactions).toHaveLength(1);
    expect((await syncInvoice(bench.target, invoice?.id ?? '')).transactions).toEqual([]);
    const end = (subscription.items.data[0]?.current_period_end ?? 0) * 1_000;
    expect(await grants(customerId)).toEqual([
      { granted: 100, remaining: 100, expires_at: new Date(end) },
    ]);
    expect(await payment(customerId)).toMatchObject({
      stripe_payment_id: invoice?.id,
      invoice_id: invoice?.id,
      payment_intent_id: expect.stringMatching(/^pi_/),
      amount_minor: 2_000,
    });
  });

  it('of each further period allocates again, and one of a proration nothing', async () => {
    const customerId = await newCustomer();
    const basic = await monthlyPrice('plan_basic');
    const pro = await monthlyPrice('plan_pro', {}, 9_000);
    const subscription = await subscribe(basic.id, { userId: customerId });
    changePlan(bench.simulator.world, subscription.id, pro.id, 'always_invoice');
    advance(bench.simulator.world, bench.simulator.world.now() + MONTH);
    const invoices = await invoicesOf(subscription.id);
    expect(invoices.map((invoice) => invoice.billing_reason)).toEqual([
      'subscription_create',
      'subscription_update',
      'subscription_cycle',
    ]);
    const outcomes = [];
    for (const { id } of invoices) outcomes.push(await syncInvoice(bench.target, id ?? ''));
    expect(outcomes.map(({ ignored }) => ignored)).toEqual([false, true, false]);
    expect((await grants(customerId)).map(({ granted }) => granted)).toEqual([100, 500]);
  });

  it('keeps earlier credits up to the cap, where the plan says so', async () => {
    await bench.rows(
      `INSERT INTO credits_billing.plans (tier, name, monthly_credits, rollover, rollover_cap)
       VALUES ('capped', 'Capped', 100, 'cap', 30), ('kept', 'Kept', 100, 'keep', NULL) ON CONFLICT DO NOTHING`,
    );
    const balances: Record<string, number> = {};
    for (const plan of ['capped', 'kept']) {
      const customerId = await newCustomer();
      const price = await monthlyPrice(`plan_${plan}`);
      const subscription = await subscribe(price.id, { userId: customerId });
      advance(bench.simulator.world, bench.simulator.world.now() + MONTH);
      for (const { id } of await invoicesOf(subscription.id)) {
        await syncInvoice(bench.target, id ?? '');
      }
      expect((await grants(customerId)).every(({ expires_at }) => expires_at === null)).toBe(true);
      balances[plan] = await bench.balance(customerId);
    }
    expect(balances).toEqual({ capped: 130, kept: 200 });
  });

  it('without a plan takes the credits that its price or subscription names, and none where they name none', async () => {
    const named = await newCustomer();
    const byPrice = await subscribe((await monthlyPrice(undefined, { credits: '33' })).id, {
      userId: named,
    });
    const bySubscription = await subscribe((await monthlyPrice(undefined)).id, {
      userId: named,
      metadata: { credits: '44' },
    });
    const byPlan = await subscribe((await monthlyPrice(undefined)).id, {
      userId: named,
      metadata: { plan: 'pro' },
    });
    for (const { id } of [byPrice, bySubscription, byPlan]) {
      const [invoice] = await invoicesOf(id);
      await syncInvoice(bench.target, invoice?.id ?? '');
    }
    expect((await grants(named)).map(({ granted }) => granted)).toEqual([33, 44, 500]);
    const other = await subscribe((await monthlyPrice(undefined)).id, { userId: named });
    const [invoice] = await invoicesOf(other.id);
    expect(await syncInvoice(bench.target, invoice?.id ?? '')).toMatchObject({ ignored: true });
    const bad = await subscribe((await monthlyPrice(undefined, { credits: '-33' })).id, {
      userId: named,
    });
    const [refused] = await invoicesOf(bad.id);
    await expect(syncInvoice(bench.target, refused?.id ?? '')).rejects.toMatchObject({
      code: 'stripe_metadata',
    });
  });

  it('goes to the linked customer, is refused where the metadata names another, and waits where nobody is known', async () => {
    const linked = await newCustomer();
    const price = await monthlyPrice('plan_basic');
    const customer = await payingCustomer();
    const subscription = await subscribe(price.id, { customer });
    const [invoice] = await invoicesOf(subscription.id);
    await expect(syncInvoice(bench.target, invoice?.id ?? '')).rejects.toMatchObject({
      code: 'not_found',
    });
    await bench.rows('SELECT credits.link_stripe_customer($1, $2)', [linked, customer]);
    await syncInvoice(bench.target, invoice?.id ?? '');
    expect(await bench.balance(linked)).toBe(100);
    const contradicting = await subscribe(price.id, { customer, userId: await newCustomer() });
    const [second] = await invoicesOf(contradicting.id);
    await expect(syncInvoice(bench.target, second?.id ?? '')).rejects.toMatchObject({
      code: 'stripe_metadata',
    });
  });

  it('that is refunded gives its credits back pro rata', async () => {
    const customerId = await newCustomer();
    const subscription = await subscribe((await monthlyPrice('plan_basic')).id, {
      userId: customerId,
    });
    const [invoice] = await invoicesOf(subscription.id);
    await syncInvoice(bench.target, invoice?.id ?? '');
    const intent = String((await payment(customerId))?.payment_intent_id);
    await bench.stripe.refunds.create({ payment_intent: intent, amount: 500 });
    await syncMoneyBack(bench.target, intent);
    expect(await bench.balance(customerId)).toBe(75);
  });
});

describe('a subscription', () => {
  it('sets the plan, the largest of several, and the free one after the last ended', async () => {
    const customerId = await newCustomer();
    const basic = await subscribe((await monthlyPrice('plan_basic')).id, { userId: customerId });
    const pro = await subscribe((await monthlyPrice('plan_pro')).id, { userId: customerId });
    await syncSubscription(bench.target, basic.id);
    expect(await planOf(customerId)).toBe('basic');
    await syncSubscription(bench.target, pro.id);
    expect(await planOf(customerId)).toBe('pro');
    cancelSubscription(bench.simulator.world, pro.id);
    await syncSubscription(bench.target, pro.id);
    expect(await planOf(customerId)).toBe('basic');
    cancelSubscription(bench.simulator.world, basic.id, { atPeriodEnd: true });
    await syncSubscription(bench.target, basic.id);
    expect(await planOf(customerId)).toBe('basic');
    const [row] = await bench.rows(
      'SELECT status, cancel_at_period_end FROM credits_billing.subscriptions WHERE id = $1',
      [basic.id],
    );
    expect(row).toEqual({ status: 'active', cancel_at_period_end: true });
    cancelSubscription(bench.simulator.world, basic.id);
    await syncSubscription(bench.target, basic.id);
    expect(await planOf(customerId)).toBe('free');
    expect(await log(customerId)).toEqual([]);
  });

  it('to something that is no plan is ignored', async () => {
    const customerId = await newCustomer();
    const other = await subscribe((await monthlyPrice('newsletter')).id, { userId: customerId });
    expect(await syncSubscription(bench.target, other.id)).toMatchObject({ ignored: true });
    expect(await planOf(customerId)).toBeNull();
  });

  it('changed and ended side by side with another leaves the plan that is left', async () => {
    const price = await monthlyPrice('plan_basic');
    const larger = await monthlyPrice('plan_pro');
    for (let round = 0; round < 5; round += 1) {
      const customerId = await newCustomer();
      const one = await subscribe(price.id, { userId: customerId });
      const two = await subscribe(larger.id, { userId: customerId });
      await Promise.all([one, two].map(({ id }) => syncSubscription(bench.target, id)));
      expect(await planOf(customerId)).toBe('pro');
      for (const { id } of [one, two]) cancelSubscription(bench.simulator.world, id);
      await Promise.all([one, two].map(({ id }) => syncSubscription(bench.target, id)));
      expect(await planOf(customerId)).toBe('free');
    }
  });
});

describe('a Stripe customer', () => {
  it('fills in what the customer lacks, overwrites nothing, and is unlinked once deleted', async () => {
    const customerId = await newCustomer();
    const made = await bench.stripe.customers.create({
      email: 'ann@company.example',
      name: 'Ann\tLee',
    });
    expect(await syncCustomer(bench.target, made.id)).toMatchObject({ ignored: true });
    await bench.rows('SELECT credits.ensure_customer($1, email => $2, stripe_customer_id => $3)', [
      customerId,
      'own@company.example',
      made.id,
    ]);
    const read = () =>
      bench.rows('SELECT email, name, stripe_customer_id FROM credits.customers WHERE id = $1', [
        customerId,
      ]);
    await syncCustomer(bench.target, made.id);
    expect(await read()).toEqual([
      { email: 'own@company.example', name: 'Ann Lee', stripe_customer_id: made.id },
    ]);
    await bench.stripe.customers.del(made.id);
    await syncCustomer(bench.target, made.id);
    expect(await read()).toEqual([
      { email: 'own@company.example', name: 'Ann Lee', stripe_customer_id: null },
    ]);
  });
});

it('every rule of the ledger holds after all of this', async () => {
  expect(await bench.broken()).toEqual([]);
});
