import { once } from 'node:events';
import { connect } from 'node:net';
import Stripe from 'stripe';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { billingHandlers } from '#main/ipc/billing-handlers.ts';
import type { HandlerDependencies } from '#main/ipc/dependencies.ts';
import { silentLog } from '#main/logging/log.ts';
import { startWebhookServer } from '#main/service/webhook-server.ts';
import { readWebhook, toStripeEvent } from '#main/stripe/gateway/read-webhook.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import { receiveEvents } from '#main/stripe/inbox/receive-event.ts';
import { workInbox } from '#main/stripe/inbox/work-inbox.ts';
import { pollEvents } from '#main/stripe/polling/poll-events.ts';
import { finishRefund } from '#main/stripe/refunds/finish-refunds.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { bindAccount } from '#main/stripe/workspace/workspace-account.ts';
import { AppError } from '#shared/errors.ts';
import type { CustomerId } from '#shared/ids.ts';
import { queryTargetOn } from '#test/support/query-target.ts';
import {
  type ScriptedAnswer,
  type ScriptedStripe,
  startScriptedStripe,
} from '#test/support/scripted-stripe.ts';
import { createWorkbench, type Workbench } from '#test/support/stripe-workbench.ts';

/*
 * A server that plays Stripe badly: it has the objects a test gives it, by their ids, leaves out whatever it likes, knows no
 * filters and no expanding, and answers everything else with a page of HTML.
 */

const HTML: ScriptedAnswer = { status: 404, text: '<html><body>Not Found</body></html>' };

let bench: Workbench;
let server: ScriptedStripe;
let target: StripeTarget;
/** What is there, by path: an object, or a list's items. */
let places: Record<string, object | object[]>;
let onPost: (path: string, parameters: Record<string, unknown>) => ScriptedAnswer;

beforeAll(async () => {
  bench = await createWorkbench();
  server = await startScriptedStripe(({ method, path, parameters }) => {
    if (method === 'POST') return onPost(path, parameters);
    const found = places[path];
    if (found === undefined) return HTML;
    return { json: Array.isArray(found) ? { data: found, has_more: false } : found };
  });
  target = {
    ...bench.target,
    gateway: createStripeGateway({ key: 'sk_test_x', base: server.base, log: silentLog }),
  };
});
afterAll(async () => {
  await server.close();
  await bench.dispose();
});
beforeEach(() => {
  places = {};
  onPost = () => HTML;
});
afterEach(async () => {
  await bench.rows('DELETE FROM credits_billing.stripe_event_effects');
  await bench.rows('DELETE FROM credits_billing.stripe_events');
});

let count = 0;
function next(prefix: string): string {
  count += 1;
  return `${prefix}_${count}`;
}

/** Has one event handled; answers with how it ended. */
async function handle(type: string, object: object, event: object = {}) {
  const id = next('evt');
  await receiveEvents(
    target,
    [
      toStripeEvent({
        id,
        type,
        livemode: false,
        created: 1_795_000_000,
        data: { object },
        ...event,
      }),
    ],
    'webhook',
  );
  await workInbox(target, 'hostile');
  const [row] = await bench.rows<{ state: string; error: string | null; outcome: string | null }>(
    'SELECT state, error, outcome FROM credits_billing.stripe_events WHERE id = $1',
    [id],
  );
  return row;
}

/** A purchase of 500 credits for 40.00, granted by its event. */
async function bought() {
  const customerId = await bench.customer(next('user'));
  const session = next('cs');
  const intent = next('pi');
  places[`/v1/checkout/sessions/${session}`] = {
    id: session,
    mode: 'payment',
    payment_status: 'paid',
    amount_total: 4_000,
    currency: 'usd',
    payment_intent: intent,
    customer: null,
    line_items: null,
    metadata: { user_id: customerId, credits: 500, type: 'credit_purchase' },
  };
  const event = await handle('checkout.session.completed', { id: session });
  return { customerId, session, intent, event };
}

const refundOf = (intent: string, id: string, amount: number, more: object = {}) => ({
  id,
  amount,
  currency: 'usd',
  payment_intent: intent,
  status: 'succeeded',
  ...more,
});

describe('a server that only plays Stripe', () => {
  it('may leave out mode, instants, lines and customers of a paid session', async () => {
    const { customerId, event } = await bought();
    expect(event).toMatchObject({ state: 'handled', error: null });
    expect(await bench.balance(customerId)).toBe(500);
  });

  it('may leave to the payment what was paid, and metadata empty', async () => {
    const { customerId, session } = await bought();
    const [bare, intent] = [next('cs'), next('pi')];
    places[`/v1/checkout/sessions/${bare}`] = {
      ...places[`/v1/checkout/sessions/${session}`],
      id: bare,
      payment_intent: intent,
      amount_total: null,
      currency: null,
    };
    places[`/v1/payment_intents/${intent}`] = {
      id: intent,
      amount: 1_500,
      currency: 'JPY',
      metadata: { credits: null },
    };
    expect(await handle('checkout.session.completed', { id: bare })).toMatchObject({
      state: 'handled',
      error: null,
    });
    expect(await bench.balance(customerId)).toBe(1_000);
    expect(
      await bench.rows(
        'SELECT currency, amount_minor FROM credits.stripe_payments WHERE session_id = $1',
        [bare],
      ),
    ).toEqual([{ currency: 'jpy', amount_minor: 1_500 }]);
  });

  it('may list the refunds of everybody: each payment is charged with its own', async () => {
    const { customerId, intent } = await bought();
    const other = await bought();
    places['/v1/refunds'] = [
      refundOf(other.intent, next('re'), 4_000),
      refundOf(intent, 're_own', 1_000),
    ];
    places['/v1/refunds/re_own'] = refundOf(intent, 're_own', 1_000);
    expect(await handle('refund.created', { id: 're_own' })).toMatchObject({ state: 'handled' });
    expect(await bench.balance(customerId)).toBe(375);
    expect(await bench.balance(other.customerId)).toBe(500);
  });

  it('may have no lists of refunds and disputes: those it tells of are asked for one by one', async () => {
    const { customerId, intent } = await bought();
    const [first, second] = [next('re'), next('re')];
    places[`/v1/refunds/${first}`] = refundOf(intent, first, 1_000);
    places[`/v1/refunds/${second}`] = refundOf(intent, second, 1_000);
    expect(await handle('refund.created', { id: first })).toMatchObject({ state: 'handled' });
    expect(await bench.balance(customerId)).toBe(375);
    await handle('refund.created', { id: second });
    expect(await bench.balance(customerId)).toBe(250);
    const dispute = next('dp');
    places[`/v1/disputes/${dispute}`] = refundOf(intent, dispute, 2_000, { status: 'lost' });
    await handle('charge.dispute.closed', { id: dispute });
    expect(await bench.balance(customerId)).toBe(0);
    expect(await bench.broken()).toEqual([]);
  });

  it.each([
    ['charge.refunded', 'ch'],
    ['refund.updated', 're'],
    ['charge.dispute.closed', 'dp'],
  ])(
    'may send %s of what it cannot be asked for: the payment it names is compared',
    async (type, prefix) => {
      const { customerId, intent } = await bought();
      places['/v1/refunds'] = [refundOf(intent, next('re'), 2_000)];
      const state = await handle(type, { id: next(prefix), payment_intent: intent });
      expect(state).toMatchObject({ state: 'handled' });
      expect(await bench.balance(customerId)).toBe(250);
    },
  );

  it('may send what it cannot be asked for and never will: it is tried again, and nothing is granted', async () => {
    const metadata = {
      user_id: await bench.customer(next('user')),
      credits: '5',
      type: 'credit_purchase',
    };
    const state = await handle('checkout.session.completed', {
      id: next('cs'),
      payment_status: 'paid',
      metadata,
    });
    expect(state).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('does not have'),
    });
    expect(await bench.balance(metadata.user_id)).toBe(0);
  });

  it('may forget the metadata of a refund: the request is finished, and no second refund is made', async () => {
    const { customerId, intent } = await bought();
    const refund = refundOf(intent, next('re'), 4_000);
    let made = 0;
    onPost = () => {
      made += 1;
      places['/v1/refunds'] = [refund];
      return { json: refund };
    };
    const id = crypto.randomUUID();
    await bench.rows("SELECT credits.request_refund($1, $2, $3, 4000, 'remaining', 'asked')", [
      customerId,
      id,
      intent,
    ]);
    expect(await finishRefund(target, id)).toMatchObject({
      request: { state: 'refunded', refundId: refund.id },
    });
    await finishRefund(target, id);
    expect(made).toBe(1);
    expect(await bench.balance(customerId)).toBe(0);
  });

  it('may list events that are none, and some that do not say when: the others are read', async () => {
    const session = next('cs');
    const good = {
      livemode: false,
      type: 'checkout.session.completed',
      data: { object: { id: session } },
    };
    places['/v1/events'] = [
      { id: 'evt_bare', type: 'checkout.session.completed', data: { object: { id: session } } },
      { id: 'evt_broken', type: 'checkout.session.completed' },
      { id: 'evt_good', created: Math.floor(Date.now() / 1_000), ...good },
    ];
    expect(await pollEvents(target, { holder: 'hostile' })).toMatchObject({ stored: 2 });
  });

  it('may sign webhooks that do not say when or in which mode: they are of now, and of test mode', () => {
    const payload = JSON.stringify({ id: 'evt_bare', type: 'invoice.paid', data: { object: {} } });
    const secret = 'whsec_hostile_0123456789';
    const now = new Date(Math.floor(Date.now() / 1_000) * 1_000);
    const header = Stripe.webhooks.generateTestHeaderString({ payload, secret });
    expect(readWebhook(Buffer.from(payload), header, secret, now)).toMatchObject({
      livemode: false,
      createdAt: now,
    });
  });

  it('may keep payments of all invoices in one list, and lines where they once were', async () => {
    const customerId = await bench.customer(next('user'));
    const [invoice, intent] = [next('in'), next('pi')];
    places[`/v1/invoices/${invoice}`] = {
      id: invoice,
      status: 'paid',
      billing_reason: 'subscription_cycle',
      currency: 'jpy',
      amount_paid: 1_500,
      subscription: next('sub'),
      subscription_details: { metadata: { user_id: customerId, plan: 'pro' } },
      period_start: 1_795_000_000,
      period_end: 1_897_000_000,
      lines: null,
    };
    places[`/v1/invoices/${invoice}/lines`] = [{ id: 'il_1', type: 'subscription', price: null }];
    places['/v1/invoice_payments'] = [
      { id: 'inpay_1', invoice: 'in_other', payment: { payment_intent: 'pi_other' } },
      { id: 'inpay_2', invoice },
      { id: 'inpay_3', invoice, payment: { payment_intent: intent } },
    ];
    expect(await handle('invoice.paid', { id: invoice })).toMatchObject({
      state: 'handled',
      error: null,
    });
    expect(await bench.balance(customerId)).toBe(500);
    expect(
      await bench.rows(
        'SELECT payment_intent_id, currency FROM credits.stripe_payments WHERE invoice_id = $1',
        [invoice],
      ),
    ).toEqual([{ payment_intent_id: intent, currency: 'jpy' }]);
  });

  it('may not say for which period was paid: that grants nothing that has ended before it began', async () => {
    const customerId = await bench.customer(next('user'));
    const invoice = next('in');
    places[`/v1/invoices/${invoice}`] = {
      id: invoice,
      status: 'paid',
      billing_reason: 'subscription_cycle',
      currency: 'usd',
      amount_paid: 1_500,
      subscription: next('sub'),
      subscription_details: { metadata: { user_id: customerId, plan: 'pro' } },
      lines: { data: [{ id: 'il_1', type: 'subscription' }] },
    };
    places['/v1/invoice_payments'] = [];
    expect(await handle('invoice.paid', { id: invoice })).toMatchObject({
      state: 'refused',
      error: expect.stringContaining('which period'),
    });
  });

  it('may have prices whose products it does not know', async () => {
    const customerId = await bench.customer(next('user'));
    const [invoice, price] = [next('in'), next('price')];
    places[`/v1/prices/${price}`] = { id: price, product: 'prod_none', lookup_key: 'plan_basic' };
    places[`/v1/invoices/${invoice}`] = {
      id: invoice,
      status: 'paid',
      billing_reason: 'subscription_create',
      currency: 'usd',
      amount_paid: 1_500,
      subscription: next('sub'),
      subscription_details: { metadata: { user_id: customerId } },
      lines: {
        data: [
          { id: 'il_1', type: 'subscription', price, period: { start: 1, end: 1_897_000_000 } },
        ],
      },
    };
    places['/v1/invoice_payments'] = [];
    const handled = await handle('invoice.paid', { id: invoice });
    expect(handled).toMatchObject({ state: 'handled', error: null });
    expect(await bench.balance(customerId)).toBe(100);
  });

  it('may have deleted the subscription that it says was deleted: the plan ends', async () => {
    const customerId = await bench.customer(next('user'));
    const id = next('sub');
    places[`/v1/subscriptions/${id}`] = {
      id,
      status: 'active',
      customer: null,
      metadata: { user_id: customerId, plan: 'pro' },
      items: { data: [{ id: 'si_1', price: null }] },
    };
    expect(await handle('customer.subscription.created', { id })).toMatchObject({
      state: 'handled',
      error: null,
    });
    const planOf = () =>
      bench.rows('SELECT plan_tier FROM credits.customers WHERE id = $1', [customerId]);
    expect(await planOf()).toEqual([{ plan_tier: 'pro' }]);
    places = {};
    expect(await handle('customer.subscription.updated', { id })).toMatchObject({
      state: 'failed',
    });
    expect(await planOf()).toEqual([{ plan_tier: 'pro' }]);
    expect(await handle('customer.subscription.deleted', { id })).toMatchObject({
      state: 'handled',
    });
    expect(await planOf()).toEqual([{ plan_tier: 'free' }]);
  });

  it('that is away for long does not use up the attempts of an event whose customer comes later', async () => {
    const { session, intent } = await bought();
    const [late, customerId] = [next('cs'), next('user')];
    places[`/v1/checkout/sessions/${late}`] = {
      ...places[`/v1/checkout/sessions/${session}`],
      id: late,
      payment_intent: `${intent}_late`,
      metadata: { user_id: customerId, credits: 500, type: 'credit_purchase' },
    };
    const down: StripeTarget = {
      ...target,
      gateway: {
        ...target.gateway,
        getCheckoutSession: async () => {
          throw new AppError('stripe_unavailable', 'Stripe did not answer.');
        },
      },
    };
    const due = () =>
      bench.rows('UPDATE credits_billing.stripe_events SET next_attempt_at = clock_timestamp()');
    const [type, data] = ['checkout.session.completed', { object: { id: late } }];
    const event = { id: next('evt'), type, livemode: false, created: 1, data };
    await receiveEvents(target, [toStripeEvent(event)], 'webhook');
    for (let attempt = 0; attempt < 15; attempt += 1) {
      await workInbox(down, 'hostile');
      await due();
    }
    await workInbox(target, 'hostile');
    await bench.customer(customerId);
    await due();
    await workInbox(target, 'hostile');
    expect(await bench.balance(customerId)).toBe(500);
  });

  it('may say what was paid in parts of a minor unit: that is refused with a reason', async () => {
    const { session, intent } = await bought();
    const odd = next('cs');
    places[`/v1/checkout/sessions/${odd}`] = {
      ...places[`/v1/checkout/sessions/${session}`],
      id: odd,
      payment_intent: `${intent}_odd`,
      amount_total: 39.99,
    };
    expect(await handle('checkout.session.completed', { id: odd })).toMatchObject({
      state: 'refused',
      error: expect.stringContaining('minor units'),
    });
  });
});

describe('metadata that the database cannot hold', () => {
  it('is refused with a reason, and keeps no other event waiting', async () => {
    const { session } = await bought();
    const [odd, intent] = [next('cs'), next('pi')];
    places[`/v1/checkout/sessions/${odd}`] = {
      ...places[`/v1/checkout/sessions/${session}`],
      id: odd,
      payment_intent: intent,
    };
    places[`/v1/payment_intents/${intent}`] = { id: intent, metadata: { credits: '5\u00000' } };
    expect(await handle('checkout.session.completed', { id: odd })).toMatchObject({
      state: 'refused',
      error: expect.stringContaining('its payment’s 50'),
    });
  });

  it.each([
    { user_id: 'a\u0000b', plan: 'pro' },
    { user_id: 'nobody', plan: 'pro\u0000' },
  ])('is refused or ignored on an invoice: %j', async (metadata) => {
    const invoice = next('in');
    places[`/v1/invoices/${invoice}`] = {
      id: invoice,
      status: 'paid',
      billing_reason: 'subscription_create',
      currency: 'usd',
      amount_paid: 1_500,
      subscription: next('sub'),
      subscription_details: { metadata },
      lines: { data: [{ id: 'il_1', type: 'subscription', period: { start: 1, end: 2 } }] },
    };
    places['/v1/invoice_payments'] = [];
    const handled = await handle('invoice.paid', { id: invoice });
    expect(['refused', 'ignored']).toContain(handled?.state);
  });

  it('in what Stripe says does not keep a refused refund’s credits', async () => {
    const { customerId, intent } = await bought();
    places['/v1/refunds'] = [];
    onPost = () => ({
      status: 400,
      json: { error: { type: 'invalid_request_error', message: 'No\u0000 \u0007refund.' } },
    });
    const id = crypto.randomUUID();
    await bench.rows("SELECT credits.request_refund($1, $2, $3, 4000, 'remaining', 'asked')", [
      customerId,
      id,
      intent,
    ]);
    expect(await finishRefund(target, id)).toMatchObject({
      request: { state: 'refused', error: 'Stripe refused this: No refund.' },
    });
    expect(await bench.balance(customerId)).toBe(500);
  });
});

it.each([302, 408, 425])(
  'a refund that something between answers with %i is not taken for refused',
  async (status) => {
    const { customerId, intent } = await bought();
    places['/v1/refunds'] = [];
    onPost = () => ({ status, json: {} });
    const id = crypto.randomUUID();
    await bench.rows("SELECT credits.request_refund($1, $2, $3, 4000, 'remaining', 'asked')", [
      customerId,
      id,
      intent,
    ]);
    expect(await finishRefund(target, id)).toMatchObject({
      request: { state: 'requested' },
      problem: { code: 'stripe_unavailable' },
    });
    expect(await bench.balance(customerId)).toBe(0);
  },
);

describe('what else the company sells', () => {
  it('to users the ledger does not have, as a subscription, is ignored', async () => {
    const session = next('cs');
    places[`/v1/checkout/sessions/${session}`] = {
      id: session,
      mode: 'subscription',
      status: 'complete',
      payment_status: 'paid',
      customer: 'cus_newsletter',
      subscription: 'sub_newsletter',
      metadata: { user_id: 'nobody-here', product: 'newsletter' },
    };
    places['/v1/customers/cus_newsletter'] = { id: 'cus_newsletter', metadata: {} };
    expect(await handle('checkout.session.completed', { id: session })).toMatchObject({
      state: 'ignored',
    });
  });
});

describe('a workspace that was bound to another account meanwhile', () => {
  const live = { id: 'acct_live', name: null, livemode: true, simulated: false };
  const bind = (account: typeof live) =>
    bindAccount(target.database, account, { rebind: true, actor: 'test' });
  const own = () => ({ ...live, id: target.accountId, livemode: false, simulated: true });
  afterEach(() => bind(own()));

  it('takes nothing more from a service that still works for the one before', async () => {
    const { customerId, session, intent } = await bought();
    const again = next('cs');
    places[`/v1/checkout/sessions/${again}`] = {
      ...places[`/v1/checkout/sessions/${session}`],
      id: again,
      payment_intent: `${intent}_2`,
    };
    const request = crypto.randomUUID();
    await bench.rows("SELECT credits.request_refund($1, $2, $3, 1000, 'remaining', 'asked')", [
      customerId,
      request,
      intent,
    ]);
    await bind(live);
    expect(await handle('checkout.session.completed', { id: again })).toMatchObject({
      state: 'received',
    });
    await expect(pollEvents(target, { holder: 'hostile' })).rejects.toMatchObject({
      code: 'stripe_other_account',
    });
    expect(await finishRefund(target, request)).toMatchObject({
      problem: { code: 'stripe_other_account' },
    });
    expect(await bench.balance(customerId)).toBe(375);

    await bind(own());
    await workInbox(target, 'hostile');
    expect(await bench.balance(customerId)).toBe(875);
  });

  it('grants nothing of what was fetched before it', async () => {
    const { customerId, session, intent } = await bought();
    const again = next('cs');
    const { getCheckoutSession } = target.gateway;
    places[`/v1/checkout/sessions/${again}`] = {
      ...places[`/v1/checkout/sessions/${session}`],
      id: again,
      payment_intent: `${intent}_2`,
    };
    const slow: StripeTarget = {
      ...target,
      gateway: {
        ...target.gateway,
        getCheckoutSession: async (id) => {
          const read = await getCheckoutSession(id);
          await bind(live);
          return read;
        },
      },
    };
    await receiveEvents(
      slow,
      [
        toStripeEvent({
          id: 'evt_slow',
          type: 'checkout.session.completed',
          livemode: false,
          created: 1,
          data: { object: { id: again } },
        }),
      ],
      'webhook',
    );
    await workInbox(slow, 'hostile');
    expect(await bench.balance(customerId)).toBe(500);
  });
});

it('a clock that is ahead of Stripe’s does not hide what is paid next', async () => {
  const answeredAt = new Date(Date.now() - 3_600_000);
  await bindAccount(
    target.database,
    { id: 'acct_slow', name: null, livemode: false, simulated: false, answeredAt },
    { rebind: true, actor: 'test' },
  );
  const rows = await bench.rows('SELECT bound_at FROM credits_billing.stripe_settings');
  expect(rows).toEqual([{ bound_at: answeredAt }]);
  await bindAccount(
    target.database,
    { id: target.accountId, name: null, livemode: false, simulated: true },
    { rebind: true, actor: 'test' },
  );
});

it('a gateway tells what Stripe’s clock shows', async () => {
  places['/v1/account'] = { id: 'acct_x' };
  const { answeredAt } = await target.gateway.readAccount();
  expect(Math.abs((answeredAt?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
});

it('a sender that never ends its request does not hold the receiver’s end up', async () => {
  const receiver = await startWebhookServer({
    secret: 'whsec_hostile_0123456789',
    target,
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    onReceived: () => undefined,
  });
  const socket = connect(receiver.port, '127.0.0.1');
  socket.on('error', () => undefined);
  // Answered once, so the receiver has the connection; what comes next never ends.
  socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'data');
  socket.write('POST /stripe/webhook HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12');
  await fetch(`${receiver.url}/healthz`);
  const begun = Date.now();
  await receiver.close();
  expect(Date.now() - begun).toBeLessThan(6_000);
  socket.destroy();
});

it('a person who switches the database while Stripe is waited for gets no account of another one', async () => {
  const other = queryTargetOn(bench.database.urlFor('test_admin'));
  const customerId = await bench.customer(next('user'));
  const database = { ...target.database, actor: 'ada', abilities: new Set(['sell']) };
  const handlers = billingHandlers({
    databaseFor: () => database,
    database: () => database,
    events: { emit: () => undefined },
    // The connection in use is another one by the time it is asked for.
    stripe: { target: async () => ({ ...target, database: other, accountId: 'acct_other' }) },
  } as unknown as HandlerDependencies);
  const order = {
    id: crypto.randomUUID(),
    customerId: customerId as CustomerId,
    kind: 'credit_purchase' as const,
    itemId: 'credits_100',
    confirmedProduction: true,
  };
  const started = handlers['billing.startCheckout'](order, {
    signal: new AbortController().signal,
  } as never);
  await expect(started).rejects.toMatchObject({ code: 'cancelled' });
  await other.pool.end();
});
