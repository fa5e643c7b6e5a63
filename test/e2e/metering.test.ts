import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { amountOf } from '#shared/metered-price.ts';
import { MeteredTab } from './pages/metered-tab.ts';
import { MeteringPage } from './pages/metering-page.ts';
import { type EmbeddedLedger, makeCustomer } from './support/embedded-ledger.ts';
import { expect, test } from './support/ledger-test.ts';

const ROOT = path.join(import.meta.dirname, '../..');
/** Reading Stripe's events and sending usage take their turn every few seconds. */
const SOON = { timeout: 20_000 };
const CUSTOMER = { id: 'usr_metered', name: 'Mia Metered' };

test.use({ workspace: 'empty' });
test.slow();

test('ten thousand reports with repeats, lost answers and a crash are billed once each', async ({
  consoleWindow,
  ledger,
  dataFolder,
}) => {
  await makeCustomer(ledger, CUSTOMER);
  const { main, page } = consoleWindow;
  const metering = new MeteringPage(consoleWindow);
  await metering.open();
  await metering.makeMeter({ name: 'API calls', eventName: 'api_calls', counts: /^Sum/ });
  await metering.makeMeter({
    name: 'Documents',
    eventName: 'documents',
    counts: /^Count/,
  });
  await metering.makePrice({
    name: 'API calls, tiered',
    key: 'api_calls_tiered',
    meter: 'API calls (api_calls)',
    tiers: [
      { upTo: '1,000', unitAmount: '0.10' },
      { upTo: '10,000', unitAmount: '0.05' },
      { unitAmount: '0.02' },
    ],
  });
  await metering.makePrice({
    name: 'Documents, each',
    key: 'documents_each',
    meter: 'Documents (documents)',
    tiers: [{ unitAmount: '0.0125' }],
  });

  const tab = new MeteredTab(consoleWindow);
  await tab.open(CUSTOMER.id);
  await tab.subscribe(/API calls, tiered/);
  await expect(tab.subscriptions).toContainText('API calls, tiered', SOON);
  await tab.subscribe(/Documents, each/, /^On API calls, tiered/);
  await expect(tab.subscriptions).toContainText('Documents, each', SOON);

  // One answer in twenty is lost: Stripe has the event, and the sender does not know.
  const { simulatorUrl } = await consoleWindow.call('stripe.status', {});
  const faults = await fetch(new URL('/simulator/faults', simulatorUrl ?? ''), {
    method: 'POST',
    body: new URLSearchParams({
      kind: 'cut_after',
      method: 'POST',
      path: '/v1/billing/meter_events',
      share: '0.05',
    }),
  });
  expect(faults.status).toBe(200);

  const second = spawn(
    process.execPath,
    ['src-main/cli.ts', 'serve', '--port', '0', '--stripe-base', simulatorUrl ?? ''],
    {
      cwd: ROOT,
      stdio: 'ignore',
      env: {
        ...process.env,
        CREDIT_CONSOLE_DATA: dataFolder,
        STRIPE_API_KEY: 'sk_test_second_sender',
        STRIPE_WEBHOOK_SECRET: 'whsec_second_sender_0123456789',
      },
    },
  );
  const ended = once(second, 'exit');
  // 9,500 sums and 500 counted ones; every twentieth is reported twice.
  await report(ledger, 'api_calls', 9_500);
  await report(ledger, 'documents', 500);
  const taken = () => count(ledger, `state IN ('sent', 'duplicate')`);
  await expect
    .poll(taken, { message: 'both senders are under way', timeout: 60_000 })
    .toBeGreaterThan(100);
  second.kill('SIGKILL');
  await ended;
  // What the killed one had taken is free again after two minutes; here they are over at once.
  await ledger.query(
    'UPDATE credits_billing.meter_events SET claimed_until = clock_timestamp() WHERE claimed_until IS NOT NULL',
  );

  await metering.open('delivery');
  await metering.sendNow.click();
  await expect(metering.figure('Reports waiting')).toHaveText('0', { timeout: 60_000 });
  await expect(metering.figure('Events to send')).toHaveText('0', { timeout: 60_000 });
  await expect(metering.figure('Problems')).toHaveText('0');
  expect(await count(ledger, `state NOT IN ('sent', 'duplicate')`)).toBe(0);
  expect(await count(ledger, `state = 'duplicate'`), 'answers were lost').toBeGreaterThan(0);

  const calls = 9_500 * 2;
  await tab.open(CUSTOMER.id);
  await expect(tab.figure('API calls', 'Reported')).toHaveText(calls.toLocaleString('en'));
  await expect(tab.figure('API calls', 'In Stripe')).toHaveText(calls.toLocaleString('en'), SOON);
  await expect(tab.figure('Documents', 'In Stripe')).toHaveText('500', SOON);
  await expect(tab.figure('API calls', 'Difference')).toHaveText('None');
  await expect(tab.figure('Documents', 'Difference')).toHaveText('None');
  const total =
    amountOf(
      [
        { upTo: 1_000, unitAmount: '10', flatAmount: null },
        { upTo: 10_000, unitAmount: '5', flatAmount: null },
        { upTo: null, unitAmount: '2', flatAmount: null },
      ],
      calls,
    ) + amountOf([{ upTo: null, unitAmount: '1.25', flatAmount: null }], 500);
  expect(total).toBe(10_000 + 45_000 + 18_000 + 625);
  await expect(main.getByText('$736.25').first()).toBeVisible(SOON);
  await expect(tab.panel('API calls').getByText('Agrees:')).toBeVisible();

  await consoleWindow.open('/stripe/reconciliation');
  await main.getByRole('button', { name: 'Start the first run…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
  await expect(main.getByText('Stripe and the ledger agree')).toBeVisible(SOON);
});

/** Reports 1, 2 or 3 units each, 2 on average (1 where reports are counted); every twentieth report comes twice. */
async function report(ledger: EmbeddedLedger, eventName: string, reports: number): Promise<void> {
  const quantity = eventName === 'documents' ? '1' : '1 + (i + 1) % 3';
  for (let from = 1; from <= reports; from += 500) {
    const to = Math.min(from + 499, reports);
    await ledger.query(
      `SELECT count(credits.report_usage($1, $2, ${quantity}, $2 || '-' || i))
       FROM generate_series($3::integer, $4::integer) i, generate_series(1, CASE WHEN i % 20 = 0 THEN 2 ELSE 1 END) AS again`,
      [CUSTOMER.id, eventName, from, to],
    );
  }
}

async function count(ledger: EmbeddedLedger, condition: string): Promise<number> {
  const [row] = await ledger.query<{ count: number }>(
    `SELECT count(*) FROM credits_billing.meter_events WHERE ${condition}`,
  );
  return Number(row?.count);
}
