import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syncCheckoutSession } from '#main/stripe/sync/sync-checkout-session.ts';
import { syncCustomer } from '#main/stripe/sync/sync-customer.ts';
import { syncInvoice } from '#main/stripe/sync/sync-invoice.ts';
import { syncMoneyBack } from '#main/stripe/sync/sync-money-back.ts';
import { syncSubscription } from '#main/stripe/sync/sync-subscription.ts';
import { advance, cancelSubscription, changePlan } from '#main/stripe-simulator/billing-control.ts';
import {
  closeDispute,
  completeBankDebit,
  expireCheckout,
  failRefund,
  openDispute,
  payCheckout,
  refundCharge,
} from '#main/stripe-simulator/control.ts';
import { createWorkbench, type Workbench } from '#test/support/stripe-workbench.ts';

let bench: Workbench;

beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.dispose());

let customers = 0;
function newCustomer() {
  customers += 1;
  return bench.customer(`user_${customers}`);
}

async function log(customerId: string) {
  return bench.rows<{ transaction_type: string; amount: number }>(
    'SELECT transaction_type, amount FROM credits.credit_transactions WHERE customer_id = $1 ORDER BY id',
    [customerId],
  );
}

async function payment(customerId: string) {
  const [row] = await bench.rows<Record<string, unknown>>(
    `SELECT stripe_payment_id, account_id, currency, amount_minor, payment_intent_id, session_id, invoice_id
     FROM credits.stripe_payments WHERE customer_id = $1`,
    [customerId],
  );
  return row;
}

/** The console's own note of a checkout, as it is made before Stripe is asked. */
async function noteCheckout(
  sessionId: string,
  note: { customerId: string; credits: number; kind?: string },
) {
  await bench.rows(
    `INSERT INTO credits_billing.checkouts (id, account_id, customer_id, kind, item_id, price_id, credits, currency, amount_minor,
       state, session_id, url, actor)
     VALUES (gen_random_uuid(), $1, $2, $3, 'credits_100', 'price_1', $4, 'usd', 999, 'open', $5, 'http://x', 'ada')`,
    [
      bench.target.accountId,
      note.customerId,
      note.kind ?? 'credit_purchase',
      note.credits,
      sessionId,
    ],
  );
}

async function checkoutState(sessionId: string) {
  const [row] = await bench.rows<{ state: string; error: string | null; url: string | null }>(
    'SELECT state, error, url, stripe_payment_id FROM credits_billing.checkouts WHERE session_id = $1',
    [sessionId],
  );
  return row;
}

describe('a checkout session', () => {
  it('that was paid by card is granted once, with what Stripe says of the payment', async () => {
    const customerId = await newCustomer();
    const { sessionId, paymentIntentId } = await bench.buy({
      customerId,
      credits: 500,
      amountMinor: 3_999,
    });
    const first = await syncCheckoutSession(bench.target, sessionId);
    expect(first).toMatchObject({
      ignored: false,
      customerIds: [customerId],
      outcome: `Granted 500 credits to ${customerId} for ${sessionId}.`,
    });
    expect(first.transactions).toHaveLength(1);
    const again = await Promise.all(
      [1, 2, 3].map(() => syncCheckoutSession(bench.target, sessionId)),
    );
    expect(again.flatMap(({ transactions }) => transactions)).toEqual([]);
    expect(await log(customerId)).toEqual([{ transaction_type: 'purchase', amount: 500 }]);
    expect(await payment(customerId)).toEqual({
      stripe_payment_id: paymentIntentId,
      account_id: bench.target.accountId,
      currency: 'usd',
      amount_minor: 3_999,
      payment_intent_id: paymentIntentId,
      session_id: sessionId,
      invoice_id: null,
    });
  });

  it('links the Stripe customer that paid, where the customer has none', async () => {
    const customerId = await newCustomer();
    const { sessionId } = await bench.buy({
      customerId,
      credits: 5,
      amountMinor: 100,
      session: { customer_creation: 'always' },
    });
    await syncCheckoutSession(bench.target, sessionId);
    const session = await bench.stripe.checkout.sessions.retrieve(sessionId);
    expect(session.customer).toMatch(/^cus_/);
    expect(
      await bench.rows('SELECT stripe_customer_id FROM credits.customers WHERE id = $1', [
        customerId,
      ]),
    ).toEqual([{ stripe_customer_id: session.customer }]);
  });

  it('of zero amount is granted under its own id', async () => {
    const customerId = await newCustomer();
    const { sessionId } = await bench.buy({ customerId, credits: 7, amountMinor: 0 });
    await syncCheckoutSession(bench.target, sessionId);
    expect(await payment(customerId)).toMatchObject({
      stripe_payment_id: sessionId,
      payment_intent_id: null,
      amount_minor: 0,
    });
    expect(await bench.balance(customerId)).toBe(7);
  });

  it('that waits for a bank is granted when the bank has paid, and its note says so', async () => {
    const customerId = await newCustomer();
    const { id } = await bench.checkout({ customerId, credits: 40, amountMinor: 400 });
    await noteCheckout(id, { customerId, credits: 40 });
    expect(await syncCheckoutSession(bench.target, id)).toMatchObject({ transactions: [] });
    expect(await checkoutState(id)).toMatchObject({ state: 'open' });
    payCheckout(bench.simulator.world, id, { method: 'bank_debit' });
    await syncCheckoutSession(bench.target, id);
    expect(await checkoutState(id)).toMatchObject({ state: 'processing', url: null });
    expect(await bench.balance(customerId)).toBe(0);
    completeBankDebit(bench.simulator.world, id, 'succeeded');
    await syncCheckoutSession(bench.target, id);
    expect(await checkoutState(id)).toMatchObject({
      state: 'paid',
      stripe_payment_id: expect.stringMatching(/^pi_/),
    });
    expect(await bench.balance(customerId)).toBe(40);
  });

  it('whose bank refused, or that expired, grants nothing and says so', async () => {
    const customerId = await newCustomer();
    const failed = await bench.checkout({ customerId, credits: 40, amountMinor: 400 });
    await noteCheckout(failed.id, { customerId, credits: 40 });
    payCheckout(bench.simulator.world, failed.id, { method: 'bank_debit' });
    completeBankDebit(bench.simulator.world, failed.id, 'failed');
    await syncCheckoutSession(bench.target, failed.id);
    expect(await checkoutState(failed.id)).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('nothing was granted'),
    });
    const expired = await bench.checkout({ customerId, credits: 40, amountMinor: 400 });
    await noteCheckout(expired.id, { customerId, credits: 40 });
    expireCheckout(bench.simulator.world, expired.id);
    await syncCheckoutSession(bench.target, expired.id);
    expect(await checkoutState(expired.id)).toMatchObject({ state: 'expired' });
    expect(await log(customerId)).toEqual([]);
  });

  it('that sells something else is ignored', async () => {
    const { sessionId } = await bench.buy({
      customerId: 'nobody',
      credits: 5,
      amountMinor: 100,
      metadata: { user_id: 'nobody', type: 'donation' },
    });
    expect(await syncCheckoutSession(bench.target, sessionId)).toMatchObject({
      ignored: true,
      transactions: [],
    });
  });

  const right = { user_id: 'known', credits: '5', type: 'credit_purchase' };
  it.each([
    ['no user', { type: 'credit_purchase', credits: '5' }],
    ['an empty user', { ...right, user_id: '' }],
    ['a user with a line break', { ...right, user_id: 'kno\nwn' }],
    ['no credits', { type: 'credit_purchase', user_id: 'known' }],
    ['negative credits', { ...right, credits: '-5' }],
    ['no whole credits', { ...right, credits: '5.0' }],
    ['credits as a float', { ...right, credits: '5e2' }],
    ['zero credits', { ...right, credits: '0' }],
    ['credits with a leading zero', { ...right, credits: '05' }],
    ['credits beyond the range', { ...right, credits: '9007199254740992' }],
    ['more credits than its price stands for', { ...right, credits: '50' }],
  ])('whose metadata has %s is refused, and grants nothing', async (_, metadata) => {
    await bench.customer('known');
    const { sessionId } = await bench.buy({
      customerId: 'known',
      credits: 5,
      amountMinor: 100,
      metadata,
    });
    await expect(syncCheckoutSession(bench.target, sessionId)).rejects.toMatchObject({
      code: 'stripe_metadata',
      message: expect.stringContaining('Nothing was granted'),
    });
    expect(await log('known')).toEqual([]);
  });

  it('whose metadata was edited after the console started it is refused, and the note keeps why', async () => {
    const customerId = await newCustomer();
    const other = await newCustomer();
    for (const metadata of [
      { user_id: other, credits: '5', type: 'credit_purchase' },
      { user_id: customerId, credits: '5', type: 'credit_topup' },
      { user_id: customerId, credits: '5' },
    ]) {
      const { sessionId } = await bench.buy({
        customerId,
        credits: 5,
        amountMinor: 100,
        metadata: metadata as Record<string, string>,
      });
      await noteCheckout(sessionId, { customerId, credits: 5 });
      await expect(syncCheckoutSession(bench.target, sessionId)).rejects.toMatchObject({
        code: 'stripe_metadata',
      });
      expect(await checkoutState(sessionId)).toMatchObject({
        state: 'refused',
        error: expect.stringContaining(sessionId),
      });
    }
    expect(await log(customerId)).toEqual([]);
    expect(await log(other)).toEqual([]);
  });

  it('whose payment says something else than it does is refused', async () => {
    const customerId = await newCustomer();
    const { sessionId } = await bench.buy({
      customerId,
      credits: 5,
      amountMinor: 100,
      session: { payment_intent_data: { metadata: { user_id: 'somebody_else' } } },
    });
    await expect(syncCheckoutSession(bench.target, sessionId)).rejects.toMatchObject({
      code: 'stripe_metadata',
      message: expect.stringContaining('somebody_else'),
    });
  });

  it('that another customer’s Stripe customer paid is refused', async () => {
    const owner = await newCustomer();
    const thief = await newCustomer();
    const { id: customer } = await bench.stripe.customers.create({
      email: 'owner@company.example',
    });
    await bench.rows('SELECT credits.ensure_customer($1, stripe_customer_id => $2)', [
      owner,
      customer,
    ]);
    const { sessionId } = await bench.buy({
      customerId: thief,
      credits: 5,
      amountMinor: 100,
      session: { customer },
    });
    await expect(syncCheckoutSession(bench.target, sessionId)).rejects.toMatchObject({
      code: 'stripe_metadata',
      message: expect.stringContaining(owner),
    });
  });

  it('for a customer who does not exist makes none, and is granted once there is one', async () => {
    const { sessionId } = await bench.buy({ customerId: 'later', credits: 5, amountMinor: 100 });
    await expect(syncCheckoutSession(bench.target, sessionId)).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await bench.rows("SELECT FROM credits.customers WHERE id = 'later'")).toEqual([]);
    await bench.customer('later');
    await syncCheckoutSession(bench.target, sessionId);
    expect(await bench.balance('later')).toBe(5);
  });

  it('that a back end granted under the payment’s id is not granted again, and its facts are filled in', async () => {
    const customerId = await newCustomer();
    const { sessionId, paymentIntentId } = await bench.buy({
      customerId,
      credits: 60,
      amountMinor: 700,
    });
    await bench.rows(
      "SELECT credits.add_credits($1, 60, 'purchase', 'by the back end', stripe_payment_id => $2)",
      [customerId, paymentIntentId],
    );
    expect(await syncCheckoutSession(bench.target, sessionId)).toMatchObject({ transactions: [] });
    expect(await payment(customerId)).toMatchObject({
      stripe_payment_id: paymentIntentId,
      session_id: sessionId,
      amount_minor: 700,
      currency: 'usd',
    });
    expect(await bench.balance(customerId)).toBe(60);
  });

  it.each([
    ['jpy', 5_000],
    ['kwd', 12_345],
  ])('in %s keeps Stripe’s own units, in and out', async (currency, amountMinor) => {
    const customerId = await newCustomer();
    const { sessionId, paymentIntentId, chargeId } = await bench.buy({
      customerId,
      credits: 100,
      amountMinor,
      currency,
    });
    await syncCheckoutSession(bench.target, sessionId);
    expect(await payment(customerId)).toMatchObject({ currency, amount_minor: amountMinor });
    refundCharge(bench.simulator.world, chargeId, { amount: amountMinor / 5 });
    await syncMoneyBack(bench.target, paymentIntentId);
    expect(await bench.balance(customerId)).toBe(80);
    const [position] = await bench.rows<{ refunded_minor: number; refundable_minor: number }>(
      'SELECT * FROM credits.payment_position($1, $2)',
      [customerId, paymentIntentId],
    );
    expect(position).toMatchObject({
      currency,
      refunded_minor: amountMinor / 5,
      refundable_minor: (amountMinor / 5) * 4,
    });
  });
});

describe('money that goes back', () => {
  it('before the purchase is known takes its credits as soon as they are granted', async () => {
    const customerId = await newCustomer();
    const bought = await bench.buy({ customerId, credits: 100, amountMinor: 1_000 });
    refundCharge(bench.simulator.world, bought.chargeId, { amount: 250 });
    const first = await syncMoneyBack(bench.target, bought.paymentIntentId);
    expect(first).toMatchObject({ ignored: false, transactions: [], customerIds: [] });
    const granted = await syncCheckoutSession(bench.target, bought.sessionId);
    expect(granted.transactions).toHaveLength(2);
    expect(await log(customerId)).toEqual([
      { transaction_type: 'purchase', amount: 100 },
      { transaction_type: 'clawback', amount: -25 },
    ]);
  });

  it('and a grant at the same moment never miss each other', async () => {
    for (let round = 0; round < 10; round += 1) {
      const customerId = await newCustomer();
      const bought = await bench.buy({ customerId, credits: 100, amountMinor: 1_000 });
      refundCharge(bench.simulator.world, bought.chargeId, { amount: 1_000 });
      await Promise.all([
        syncMoneyBack(bench.target, bought.paymentIntentId),
        syncCheckoutSession(bench.target, bought.sessionId),
        syncMoneyBack(bench.target, bought.paymentIntentId),
        syncCheckoutSession(bench.target, bought.sessionId),
      ]);
      expect(await bench.balance(customerId)).toBe(0);
      expect(await log(customerId)).toHaveLength(2);
    }
  });

  it('comes back with a refund that failed', async () => {
    const customerId = await newCustomer();
    const bought = await bench.buy({ customerId, credits: 100, amountMinor: 1_000 });
    await syncCheckoutSession(bench.target, bought.sessionId);
    const refund = refundCharge(bench.simulator.world, bought.chargeId, { amount: 500 });
    await syncMoneyBack(bench.target, bought.paymentIntentId);
    expect(await bench.balance(customerId)).toBe(50);
    failRefund(bench.simulator.world, refund.id);
    await syncMoneyBack(bench.target, bought.paymentIntentId);
    expect(await bench.balance(customerId)).toBe(100);
    expect((await syncMoneyBack(bench.target, bought.paymentIntentId)).transactions).toEqual([]);
  });

  it('by a dispute is held while it is open, given back when won and taken when lost', async () => {
    for (const [outcome, left] of [
      ['won', 100],
      ['lost', 0],
    ] as const) {
      const customerId = await newCustomer();
      const bought = await bench.buy({ customerId, credits: 100, amountMinor: 1_000 });
      await syncCheckoutSession(bench.target, bought.sessionId);
      const dispute = openDispute(bench.simulator.world, bought.chargeId);
      await syncMoneyBack(bench.target, bought.paymentIntentId);
      const [open] = await bench.rows<{ held: number }>(
        'SELECT credits_held AS held FROM credits.accounts WHERE customer_id = $1',
        [customerId],
      );
      expect(open?.held).toBe(100);
      closeDispute(bench.simulator.world, dispute.id, outcome);
      await syncMoneyBack(bench.target, bought.paymentIntentId);
      const [closed] = await bench.rows(
        'SELECT credits_held AS held, credits_balance AS balance FROM credits.accounts WHERE customer_id = $1',
        [customerId],
      );
      expect(closed).toEqual({ held: 0, balance: left });
    }
  });

  it('of a payment without any is nothing to do', async () => {
    const { paymentIntentId } = await bench.buy({
      customerId: await newCustomer(),
      credits: 1,
      amountMinor: 100,
    });
    expect(await syncMoneyBack(bench.target, paymentIntentId)).toMatchObject({ ignored: true });
  });
});

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
