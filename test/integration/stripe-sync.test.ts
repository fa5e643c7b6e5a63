import { describe, expect, it } from 'vitest';
import { syncCheckoutSession } from '#main/stripe/sync/sync-checkout-session.ts';
import { syncMoneyBack } from '#main/stripe/sync/sync-money-back.ts';
import {
  closeDispute,
  completeBankDebit,
  expireCheckout,
  failRefund,
  openDispute,
  payCheckout,
  refundCharge,
} from '#main/stripe-simulator/control.ts';
import { workbenchForFile } from '#test/support/workbench-for-file.ts';

const bench = workbenchForFile();
const { newCustomer, log, payment } = bench;

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

it('every rule of the ledger holds after all of this', async () => {
  expect(await bench.broken()).toEqual([]);
});
