import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';
import { findStripeCli, type StripeCli, stripeCli } from '#test/support/stripe-cli.ts';

const program = findStripeCli();

let simulator: Simulator;
let folder: string;
let stripe: StripeCli;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'credit-console-stripe-cli-'));
  simulator = await startSimulator();
  stripe = stripeCli({
    program: program ?? '',
    home: folder,
    key: 'sk_test_cli12345678',
    base: simulator.url,
  });
});

afterEach(async () => {
  await simulator.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a command printed: an object of Stripe's, after whatever the CLI says itself. */
async function printed(...args: string[]) {
  const { stdout } = await stripe(...args);
  return JSON.parse(stdout.slice(stdout.indexOf('{')));
}

const events = () =>
  [...simulator.world.collection('events').newestFirst()].map(({ type }) => type).reverse();

// The CLI has programs for Linux, macOS and Windows on the usual processors; elsewhere these tests are skipped.
describe.skipIf(program === undefined)('the official Stripe CLI on the simulator', () => {
  it('makes, changes, lists and deletes a customer', async () => {
    const made = await printed(
      ...['customers', 'create', '--name', 'Ada', '--email', 'ada@example.com'],
      ...['-d', 'metadata[user_id]=7'],
    );
    expect(made).toMatchObject({
      object: 'customer',
      name: 'Ada',
      livemode: false,
      metadata: { user_id: '7' },
    });

    await stripe('customers', 'update', made.id, '--name', 'Ada L.');
    const listed = await printed('customers', 'list', '--limit', '1');
    expect(listed.data).toMatchObject([{ id: made.id, name: 'Ada L.' }]);

    const deleted = await printed('customers', 'delete', made.id, '--confirm');
    expect(deleted).toEqual({ id: made.id, object: 'customer', deleted: true });
    expect(events()).toEqual(['customer.created', 'customer.updated', 'customer.deleted']);
  });

  it('reads what happened', async () => {
    await stripe('products', 'create', '--name', 'Credits');
    const { data } = await printed('get', '/v1/events', '--limit', '5');
    expect(data).toMatchObject([{ object: 'event', type: 'product.created' }]);
  });

  it('makes a meter', async () => {
    const meter = await printed(
      ...['billing', 'meters', 'create', '--display-name', 'Tokens', '--event-name', 'tokens'],
      ...['--default-aggregation.formula', 'sum'],
    );
    expect(meter).toMatchObject({
      object: 'billing.meter',
      event_name: 'tokens',
      status: 'active',
      default_aggregation: { formula: 'sum' },
    });
  });

  it('is told what it got wrong, in Stripe’s words', async () => {
    const { stdout, stderr } = await stripe('post', '/v1/customers', '-d', 'colour=blue').catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    expect(stdout + stderr).toContain('Received unknown parameter: colour');
    expect(stdout + stderr).toContain('parameter_unknown');
    expect(simulator.world.collection('customers').count()).toBe(0);
  });

  it('plays fixtures that refer to each other', async () => {
    const file = path.join(folder, 'fixtures.json');
    await writeFile(file, JSON.stringify(packageFixtures));
    await stripe('fixtures', file);

    const [price] = simulator.world.collection('prices').newestFirst();
    const [product] = simulator.world.collection('products').newestFirst();
    expect(product).toMatchObject({ name: '500 credits', metadata: { credits: '500' } });
    expect(price).toMatchObject({
      product: product?.id,
      unit_amount: 3_999,
      currency: 'usd',
      lookup_key: 'package_500',
    });
  });

  it('triggers a completed checkout: the whole purchase happens', async () => {
    await stripe('trigger', 'checkout.session.completed');

    const [session] = simulator.world.collection('checkout_sessions').newestFirst();
    expect(session).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      amount_total: 3_000,
      currency: 'usd',
    });
    const [charge] = simulator.world.collection('charges').newestFirst();
    expect(charge).toMatchObject({ amount: 3_000, status: 'succeeded', paid: true });
    expect(events()).toEqual(
      expect.arrayContaining([
        'payment_intent.succeeded',
        'charge.succeeded',
        'checkout.session.completed',
      ]),
    );
  });

  it('triggers a payment that fails: a card that can be attached, and not be charged', async () => {
    await stripe('trigger', 'invoice.payment_failed');

    const [invoice] = simulator.world.collection('invoices').newestFirst();
    expect(invoice).toMatchObject({ status: 'open', attempted: true });
    expect(events()).toContain('invoice.payment_failed');
  });
});

const packageFixtures = {
  _meta: { template_version: 0 },
  fixtures: [
    {
      name: 'product',
      path: '/v1/products',
      method: 'post',
      params: { name: '500 credits', metadata: { credits: '500' } },
    },
    {
      name: 'price',
      path: '/v1/prices',
      method: 'post',
      params: {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the CLI puts the id of the product made before here
        product: '${product:id}',
        currency: 'usd',
        unit_amount: 3_999,
        lookup_key: 'package_500',
      },
    },
  ],
};
