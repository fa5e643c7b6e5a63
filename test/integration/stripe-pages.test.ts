import { request } from 'node:http';
import type Stripe from 'stripe';
import { describe, expect, it } from 'vitest';
import { simulatorForEachTest } from '#test/support/stripe-simulator.ts';

const { simulator, stripe } = simulatorForEachTest();

const open = (path: string) => fetch(new URL(path, simulator.url));

/** Sends a form as a browser does that shows one of the pages, and gives the page it ends on. */
async function send(path: string, fields: Record<string, string> = {}) {
  const response = await fetch(new URL(path, simulator.url), {
    method: 'POST',
    headers: { origin: simulator.url },
    body: new URLSearchParams(fields),
  });
  return { status: response.status, text: await response.text() };
}

async function checkout(
  options: { amount?: number; currency?: string; name?: string; success?: string } = {},
) {
  return stripe.checkout.sessions.create({
    mode: 'payment',
    line_items: [
      {
        quantity: 1,
        price_data: {
          currency: options.currency ?? 'usd',
          unit_amount: options.amount ?? 999,
          product_data: { name: options.name ?? '100 credits' },
        },
      },
    ],
    success_url: options.success ?? 'https://shop.test/thanks?session={CHECKOUT_SESSION_ID}',
    cancel_url: 'https://shop.test/cart',
    customer_creation: 'always',
  });
}

const pageOf = (session: Stripe.Checkout.Session) => session.url ?? '';
const stateOf = async (session: Stripe.Checkout.Session) => {
  const { status, payment_status } = await stripe.checkout.sessions.retrieve(session.id);
  return { status, payment_status };
};

async function paidCharge(options: { amount?: number; currency?: string } = {}) {
  const session = await checkout(options);
  await send(pageOf(session), { action: 'pay' });
  const { data } = await stripe.charges.list({ limit: 1 });
  const [charge] = data;
  if (charge === undefined) throw new Error('Nothing was paid.');
  return charge;
}

describe('the payment page', () => {
  it('says what is to be paid, and that no money moves', async () => {
    const session = await checkout();
    const response = await open(pageOf(session));
    const text = await response.text();

    expect(text).toContain('Stripe simulator: no real money moves');
    expect(text).toContain('100 credits');
    expect(text).toContain('9.99 USD');
    expect(text).toContain('href="https://shop.test/cart"');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(text).not.toContain('<script');
  });

  it.each([
    ['jpy', 500, '500 JPY'],
    ['kwd', 1_250, '1.250 KWD'],
    ['huf', 50_000, '500.00 HUF'],
  ])('shows an amount of %s with its own decimals', async (currency, amount, shown) => {
    const session = await checkout({ currency, amount });
    expect(await (await open(pageOf(session))).text()).toContain(shown);
  });

  it('takes a payment once, and leads back to the shop', async () => {
    const session = await checkout();
    const paid = await send(pageOf(session), { action: 'pay' });

    expect(paid.status).toBe(200);
    expect(paid.text).toContain(`href="https://shop.test/thanks?session=${session.id}"`);
    expect(await stateOf(session)).toEqual({ status: 'complete', payment_status: 'paid' });

    expect((await send(pageOf(session), { action: 'pay' })).status).toBe(400);
    expect((await stripe.charges.list()).data).toHaveLength(1);
  });

  it('says that a card was declined, and can still be paid', async () => {
    const session = await checkout();
    const declined = await send(pageOf(session), { action: 'decline' });
    expect(declined.status).toBe(402);
    expect(declined.text).toContain('role="alert"');
    expect(await stateOf(session)).toEqual({ status: 'open', payment_status: 'unpaid' });

    await send(pageOf(session), { action: 'pay' });
    expect(await stateOf(session)).toEqual({ status: 'complete', payment_status: 'paid' });
  });

  it.each([
    ['succeeded', 'paid'],
    ['failed', 'unpaid'],
  ])('completes a bank debit at once, and its money has %s later', async (outcome, state) => {
    const session = await checkout();
    await send(pageOf(session), { action: 'pay_later' });
    expect(await stateOf(session)).toEqual({ status: 'complete', payment_status: 'unpaid' });
    expect(await (await open('/')).text()).toContain('bank debit on its way');

    await send(`/checkouts/${session.id}/debit`, { outcome });
    expect(await stateOf(session)).toEqual({ status: 'complete', payment_status: state });
    const [event] = (await stripe.events.list({ limit: 100 })).data.filter(({ type }) =>
      type.startsWith('checkout.session.async'),
    );
    expect(event?.type).toBe(`checkout.session.async_payment_${outcome}`);
  });

  it('completes a checkout with nothing to pay', async () => {
    const session = await checkout({ amount: 0 });
    await send(pageOf(session), { action: 'pay' });
    expect(await stateOf(session)).toEqual({
      status: 'complete',
      payment_status: 'no_payment_required',
    });
  });

  it('is of no use once it has expired, or for a session that is not', async () => {
    const session = await checkout();
    await send(`/checkouts/${session.id}/expire`);
    expect(await (await open(`/pay/${session.id}`)).text()).toContain('has expired');
    expect((await send(`/pay/${session.id}`, { action: 'pay' })).status).toBe(400);
    expect((await open('/pay/cs_test_none')).status).toBe(404);
  });

  it('may lead to a page of the simulator, which says that all is done', async () => {
    const session = await checkout({ success: `${simulator.url}/done` });
    const paid = await send(pageOf(session), { action: 'pay' });
    expect(paid.text).toContain(`href="${simulator.url}/done"`);
    const done = await open('/done');
    expect(done.status).toBe(200);
    expect(await done.text()).toContain('You can close this page');
  });

  it('takes no text for HTML', async () => {
    const session = await checkout({ name: '<img src=x onerror="alert(1)">&' });
    const text = await (await open(pageOf(session))).text();
    expect(text).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;');
    expect(text).not.toContain('<img');
  });
});

describe('the simulator’s own pages', () => {
  it('refund a part of a payment, in the decimals of its currency', async () => {
    const charge = await paidCharge({ currency: 'kwd', amount: 2_500 });
    await send(`/charges/${charge.id}/refund`, { amount: '0.500', outcome: 'succeeded' });
    expect(await stripe.charges.retrieve(charge.id)).toMatchObject({
      amount_refunded: 500,
      refunded: false,
    });

    await send(`/charges/${charge.id}/refund`, { amount: '', outcome: 'succeeded' });
    expect(await stripe.charges.retrieve(charge.id)).toMatchObject({
      amount_refunded: 2_500,
      refunded: true,
    });
  });

  it('let a refund fail afterwards: the money is back', async () => {
    const charge = await paidCharge();
    await send(`/charges/${charge.id}/refund`, { amount: '', outcome: 'failed' });
    const { data } = await stripe.refunds.list();
    expect(data).toMatchObject([{ amount: 999, status: 'failed' }]);
    expect((await stripe.charges.retrieve(charge.id)).amount_refunded).toBe(0);
  });

  it('say why a refund cannot be, and change nothing', async () => {
    const charge = await paidCharge();
    const refused = await send(`/charges/${charge.id}/refund`, { amount: '9,99' });
    expect(refused.status).toBe(400);
    const tooMuch = await send(`/charges/${charge.id}/refund`, {
      amount: '10.00',
      outcome: 'succeeded',
    });
    expect(tooMuch.status).toBe(400);
    expect(tooMuch.text).toContain('Nothing was changed.');
    expect((await stripe.refunds.list()).data).toEqual([]);
  });

  it.each([
    ['won', 'won'],
    ['lost', 'lost'],
  ])('open a dispute that is %s', async (outcome, status) => {
    const charge = await paidCharge();
    await send(`/charges/${charge.id}/dispute`, { amount: '', kind: 'dispute' });
    const [dispute] = (await stripe.disputes.list()).data;
    await send(`/disputes/${dispute?.id}/close`, { outcome });
    expect((await stripe.disputes.list()).data).toMatchObject([{ charge: charge.id, status }]);
  });

  it('move the clock, and only forward', async () => {
    const before = simulator.world.now();
    await send('/clock', { amount: '31', unit: 'day' });
    expect(simulator.world.now()).toBeGreaterThanOrEqual(before + 31 * 86_400);
    expect((await send('/clock', { amount: '-1', unit: 'day' })).status).toBe(400);
    expect((await send('/clock', { amount: '1', unit: 'century' })).status).toBe(400);
  });

  it('renew a subscription, decline it, collect what it owes, and end it', async () => {
    const customer = await stripe.customers.create({ name: 'Ada' });
    const price = await stripe.prices.create({
      currency: 'usd',
      unit_amount: 2_900,
      product_data: { name: 'Pro' },
      recurring: { interval: 'month' },
    });
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
    });
    const invoices = async () => (await stripe.invoices.list({ customer: customer.id })).data;
    expect(await (await open('/billing')).text()).toContain('29.00 USD');

    await send(`/customers/${customer.id}/decline`);
    await send('/clock/next');
    const [renewal, first] = await invoices();
    expect(first?.status).toBe('paid');
    expect(renewal).toMatchObject({ status: 'open', billing_reason: 'subscription_cycle' });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('past_due');

    await send(`/invoices/${renewal?.id}/fail`);
    expect((await invoices())[0]?.status).toBe('open');
    await send(`/invoices/${renewal?.id}/pay`);
    expect((await invoices())[0]?.status).toBe('paid');
    expect((await send(`/invoices/${renewal?.id}/pay`)).status).toBe(400);

    await send(`/subscriptions/${subscription.id}/cancel`, { when: 'period_end' });
    expect((await stripe.subscriptions.retrieve(subscription.id)).cancel_at_period_end).toBe(true);
    await send(`/subscriptions/${subscription.id}/cancel`, { when: 'now' });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('canceled');
  });

  it('make requests fail, until they are told to stop', async () => {
    await send('/faults', { kind: '500', method: 'GET', path: '/v1/customers', times: '' });
    expect(await (await open('/faults')).text()).toContain('/v1/customers');
    const direct = () =>
      fetch(new URL('/v1/customers', simulator.url), {
        headers: { authorization: 'Bearer sk_test_pages1234' },
      });
    expect((await direct()).status).toBe(500);

    const [fault] = simulator.faults.list();
    await send(`/faults/${fault?.id}/remove`);
    expect((await direct()).status).toBe(200);
    expect((await send('/faults', { kind: 'earthquake' })).status).toBe(400);
  });

  it('show events and their content', async () => {
    await stripe.customers.create({ name: 'Ada <b>' });
    const [event] = (await stripe.events.list()).data;
    expect(await (await open('/events')).text()).toContain('customer.created');
    const text = await (await open(`/events/${event?.id}`)).text();
    expect(text).toContain('Ada &lt;b&gt;');
    expect((await open('/events/evt_none')).status).toBe(404);
  });
});

describe('another website', () => {
  it('cannot send the simulator’s forms', async () => {
    const session = await checkout();
    const response = await fetch(pageOf(session), {
      method: 'POST',
      headers: { origin: 'https://evil.test' },
      body: new URLSearchParams({ action: 'pay' }),
    });
    expect(response.status).toBe(403);
    expect(await stateOf(session)).toEqual({ status: 'open', payment_status: 'unpaid' });
  });

  it('cannot reach the simulator under a name of its own', async () => {
    expect(await statusFor('evil.test')).toBe(403);
    expect(await statusFor(`127.0.0.1:${simulator.port}`)).toBe(200);
  });
});

function statusFor(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(
      { host: '127.0.0.1', port: simulator.port, path: '/', headers: { host } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    )
      .once('error', reject)
      .end();
  });
}
