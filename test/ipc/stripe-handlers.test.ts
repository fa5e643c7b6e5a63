import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHandlers } from '#main/ipc/handlers.ts';
import { settingsHandlers } from '#main/ipc/settings-handlers.ts';
import { stripeHandlers } from '#main/ipc/stripe-handlers.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import type { CreateGateway } from '#main/stripe/workspace/workspace-options.ts';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';
import { customerIdSchema } from '#shared/ids.ts';
import type { ConsoleEvent } from '#shared/ipc/events.ts';
import { stripeProcedures } from '#shared/ipc/stripe.ts';
import { desktopNoting } from '#test/support/link-desktop.ts';
import { createTestConsole, type TestConsole } from '#test/support/test-console.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

const context = { signal: new AbortController().signal, traceId: 'trace' };
const TEST_KEY = `sk_test_${'a'.repeat(40)}`;
const customerId = customerIdSchema.parse('user_1');
const SECRET = 'whsec_0123456789abcdef';
const status = stripeProcedures['stripe.status'].output;

let stripe: Simulator;
let database: TestDatabase;
beforeAll(async () => {
  stripe = await startSimulator();
});
afterAll(() => stripe.close());
beforeEach(async () => {
  database = await createTestDatabase();
});
const opened: TestConsole[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.dispose();
  await database.drop();
});

/** Keys talk to a simulator in Stripe's place; what has a base is the console's own simulator. */
const createGateway: CreateGateway = ({ key, base, log }) =>
  createStripeGateway({ key, base: base ?? { host: '127.0.0.1', port: stripe.port }, log });

async function openConsole(options: Parameters<typeof createTestConsole>[0] = {}) {
  const links: string[] = [];
  const test = await createTestConsole({
    url: database.urlFor('test_admin'),
    desktop: desktopNoting(links),
    createStripeGateway: createGateway,
    ...options,
  });
  opened.push(test);
  const events: ConsoleEvent[] = [];
  test.console.events.on((event) => events.push(event));
  await test.console.start();
  return { ...test, events, links, handlers: stripeHandlers(test.console) };
}

/** A request as Stripe signs it. */
function signedEvent(id: string): RequestInit {
  const at = Math.floor(Date.now() / 1_000);
  const body = JSON.stringify({
    id,
    object: 'event',
    type: 'customer.deleted',
    api_version: '2026-10-28.endive',
    livemode: false,
    created: at,
    data: { object: { id: 'cus_gone', object: 'customer' } },
  });
  const signature = createHmac('sha256', SECRET).update(`${at}.${body}`).digest('hex');
  return {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'stripe-signature': `t=${at},v1=${signature}`,
    },
  };
}

describe('a local connection', () => {
  it('has its simulator, whose page opens in the browser', async () => {
    const { handlers, links, console } = await openConsole({ environment: 'local' });
    const found = status.parse(await handlers['stripe.status']({}, context));
    expect(found).toMatchObject({ mode: 'simulator', problem: null, polling: { state: 'on' } });
    await handlers['stripe.openSimulator']({}, context);
    expect(links).toEqual([found.simulatorUrl]);
    const page = await fetch(`${found.simulatorUrl}/`);
    expect(page.status).toBe(200);
    await console.stop();
    await expect(fetch(`${found.simulatorUrl}/`)).rejects.toThrow();
  });

  it('reads the simulator’s events when asked', async () => {
    const { handlers } = await openConsole({ environment: 'local' });
    const found = status.parse(await handlers['stripe.pollNow']({}, context));
    expect(found.polling).toMatchObject({ state: 'on', error: null });
  });
});

describe('a package bought in the simulator', () => {
  it('becomes credits by itself, once, and the window is told', async () => {
    vi.stubEnv('CREDIT_CONSOLE_STRIPE_POLL_MS', '100');
    const { console, events, links } = await openConsole({ environment: 'local' });
    const handlers = createHandlers(console);
    await handlers['customers.ensure'](
      {
        id: customerId,
        name: undefined,
        email: undefined,
        stripeCustomerId: undefined,
        plan: undefined,
      },
      context,
    );
    const checkout = await handlers['billing.startCheckout'](
      {
        id: randomUUID(),
        customerId: customerId,
        kind: 'credit_purchase',
        itemId: 'credits_500',
        confirmedProduction: false,
      },
      context,
    );
    await handlers['billing.openCheckout']({ id: checkout.id }, context);
    const page = links[0] ?? '';
    expect(new URL(page).origin).toBe(console.stripe.simulatorUrl());

    const paid = await fetch(page, {
      method: 'POST',
      headers: { origin: new URL(page).origin },
      body: new URLSearchParams({ action: 'pay' }),
      redirect: 'manual',
    });
    expect(paid.status).toBeLessThan(400);
    const balance = async () => {
      const { rows } = await database.pool.query(
        `SELECT credits.get_credit_balance('user_1') AS balance`,
      );
      return rows[0]?.balance;
    };
    await expect.poll(balance, { timeout: 10_000 }).toBe(500);
    await expect
      .poll(() => events)
      .toContainEqual({ type: 'ledger.changed', customerId: 'user_1' });
    expect(events).toContainEqual({ type: 'billing.changed', customerId: 'user_1' });
    await handlers['billing.refreshCheckout']({ id: checkout.id }, context);
    await handlers['stripe.pollNow']({}, context);
    expect(await balance()).toBe(500);
  });
});

describe('a staging connection', () => {
  it('talks to nothing until a key is connected, and again once it is disconnected', async () => {
    const { handlers, events } = await openConsole();
    expect(status.parse(await handlers['stripe.status']({}, context)).mode).toBe('none');
    await expect(handlers['stripe.openSimulator']({}, context)).rejects.toMatchObject({
      code: 'not_found',
    });
    events.length = 0;
    const connected = await handlers['stripe.connect'](
      { key: TEST_KEY, rebind: false, confirmedProduction: false },
      context,
    );
    expect(status.parse(connected)).toMatchObject({
      mode: 'test',
      accountId: stripe.world.accountId,
    });
    expect(events).toContainEqual({ type: 'stripe.changed' });
    const disconnected = await handlers['stripe.disconnect']({}, context);
    expect(status.parse(disconnected)).toMatchObject({
      mode: 'none',
      boundAccountId: stripe.world.accountId,
    });
  });

  it('enables live mode, sets policies, and receives webhooks on loopback', async () => {
    const { handlers } = await openConsole();
    expect(await handlers['stripe.enableLive']({ word: 'LIVE' }, context)).toMatchObject({
      liveEnabled: true,
    });
    const policies = { refundPolicy: 'debt', disputePolicy: 'debt' } as const;
    expect(
      await handlers['stripe.setPolicies']({ ...policies, confirmedProduction: false }, context),
    ).toMatchObject(policies);
    await handlers['stripe.connect'](
      { key: TEST_KEY, rebind: false, confirmedProduction: false },
      context,
    );
    const { webhook } = await handlers['stripe.setWebhookSecret']({ secret: SECRET }, context);
    expect(webhook).toMatchObject({ secret: 'memory', error: null });
    const forged = await fetch(webhook.url ?? '', { method: 'POST', body: '{}' });
    expect(forged.status).toBe(400);
    const signed = await fetch(webhook.url ?? '', signedEvent('evt_from_webhook'));
    expect(signed.status).toBe(200);
    const { rows } = await database.pool.query(
      'SELECT id, account_id, received_by FROM credits_billing.stripe_events',
    );
    expect(rows).toEqual([
      { id: 'evt_from_webhook', account_id: stripe.world.accountId, received_by: 'webhook' },
    ]);
    const stopped = await handlers['stripe.setWebhookSecret']({ secret: null }, context);
    expect(stopped.webhook).toEqual({ url: null, secret: 'missing', error: null });
    await expect(fetch(webhook.url ?? '')).rejects.toThrow();
  });
});

describe('a production connection', () => {
  it('asks once more before it is bound and before policies change', async () => {
    const { handlers } = await openConsole({ environment: 'production' });
    await expect(
      handlers['stripe.connect'](
        { key: TEST_KEY, rebind: false, confirmedProduction: false },
        context,
      ),
    ).rejects.toMatchObject({ code: 'confirmation_required' });
    await expect(
      handlers['stripe.setPolicies'](
        { refundPolicy: 'debt', disputePolicy: 'debt', confirmedProduction: false },
        context,
      ),
    ).rejects.toMatchObject({ code: 'confirmation_required' });
  });
});

describe('a role', () => {
  it('that only reads sees the status and changes nothing', async () => {
    const { handlers } = await openConsole({ url: database.urlFor('test_reader') });
    expect(status.parse(await handlers['stripe.status']({}, context)).polling.state).toBe('off');
    for (const refused of [
      () =>
        handlers['stripe.connect'](
          { key: TEST_KEY, rebind: true, confirmedProduction: true },
          context,
        ),
      () =>
        handlers['stripe.setPolicies'](
          { refundPolicy: 'debt', disputePolicy: 'debt', confirmedProduction: true },
          context,
        ),
      () => handlers['stripe.setWebhookSecret']({ secret: SECRET }, context),
    ]) {
      await expect(refused()).rejects.toMatchObject({ code: 'not_permitted' });
    }
  });
});

describe('removing a connection', () => {
  it('removes its key and its webhook’s secret', async () => {
    const { handlers, console } = await openConsole();
    await handlers['stripe.connect'](
      { key: TEST_KEY, rebind: false, confirmedProduction: false },
      context,
    );
    const settings = settingsHandlers(console);
    const other = await settings['connections.save'](
      {
        id: null,
        name: 'Other',
        color: 'teal',
        environment: 'staging',
        allowUnverifiedTls: false,
        url: database.urlFor('test_reader'),
      },
      context,
    );
    await settings['connections.switch']({ id: other.id, password: undefined }, context);
    expect((await handlers['stripe.status']({}, context)).mode).toBe('none');
    await settings['connections.remove']({ id: 'team' }, context);
    expect(await console.secrets.get('stripe:team')).toBeUndefined();
    expect(console.settings.current().stripe ?? []).toEqual([]);
  });

  it('of one whose database is made production ends its simulator', async () => {
    const { handlers, console } = await openConsole({ environment: 'local' });
    await handlers['stripe.status']({}, context);
    const { url, name, color, allowUnverifiedTls } = console.connections.get('team');
    await settingsHandlers(console)['connections.save'](
      { id: 'team', name, color, allowUnverifiedTls, url: url ?? '', environment: 'production' },
      context,
    );
    expect(await handlers['stripe.status']({}, context)).toMatchObject({
      mode: 'none',
      simulatorUrl: null,
    });
  });
});

describe('without a database', () => {
  it('says that it is the database that is missing', async () => {
    const { handlers } = await openConsole({ url: 'postgresql://ada:x@127.0.0.1:1/credits' });
    await expect(handlers['stripe.status']({}, context)).rejects.toMatchObject({
      code: 'database_unavailable',
    });
    await expect(
      handlers['stripe.connect'](
        { key: TEST_KEY, rebind: false, confirmedProduction: false },
        context,
      ),
    ).rejects.toMatchObject({ code: 'database_unavailable' });
  });
});
