import { expect } from '@playwright/test';
import { MeteredTab } from '../pages/metered-tab.ts';
import { MeteringPage } from '../pages/metering-page.ts';
import { chooseOption } from './choose-option.ts';
import type { ConsoleWindow } from './console-window.ts';
import type { EmbeddedLedger } from './embedded-ledger.ts';

/** Reading Stripe's events and sending usage take their turn every few seconds. */
const SOON = { timeout: 20_000 };

/** Walks through every screen of metered usage with one customer, and looks at each: for the tour and for axe. */
export async function walkMetering(
  { consoleWindow, ledger }: { consoleWindow: ConsoleWindow; ledger: EmbeddedLedger },
  customer: { id: string; name: string },
  look: (screen: string) => Promise<void>,
): Promise<void> {
  const { page, main } = consoleWindow;
  const metering = new MeteringPage(consoleWindow);
  const tab = new MeteredTab(consoleWindow);

  await tab.open(customer.id);
  await look('metered-tab-empty');
  await metering.open();
  await look('metering-empty');
  const meter = await metering.fillMeter({
    name: 'API calls',
    eventName: 'api calls',
    counts: /^Sum/,
  });
  await meter.getByRole('button', { name: 'Make meter' }).click();
  await expect(meter.getByText(/must be letters/)).toBeVisible();
  await look('metering-new-meter');
  await meter.getByRole('textbox', { name: 'Event name' }).fill('api_calls');
  await meter.getByRole('button', { name: 'Make meter' }).click();
  await expect(meter).toBeHidden();
  await metering.makeMeter({ name: 'Storage', eventName: 'storage_gb', counts: /^Latest/ });
  const price = await metering.fillPrice({
    name: 'API calls, tiered',
    key: 'api_calls_tiered',
    meter: 'API calls (api_calls)',
    tiers: [
      { upTo: '1,000', unitAmount: '0.10' },
      { upTo: '900', unitAmount: '0.05', fee: '5' },
      { unitAmount: '0.0002' },
    ],
  });
  await price.getByRole('button', { name: 'Make price' }).click();
  await expect(price.getByText(/must be above/).first()).toBeVisible();
  await look('metering-new-price-refused');
  await price
    .getByRole('group', { name: 'Tier 2' })
    .getByRole('textbox', { name: /up to$/ })
    .fill('10,000');
  await expect(price.getByRole('table', { name: 'Cost' })).toBeVisible();
  await look('metering-new-price');
  await price.getByRole('button', { name: 'Make price' }).click();
  await expect(price).toBeHidden();
  await metering.makePrice({
    name: 'Storage, each GB',
    key: 'storage_each',
    meter: 'Storage (storage_gb)',
    tiers: [{ unitAmount: '0.25' }],
  });
  await main.getByRole('button', { name: 'Meter a feature' }).click();
  const binding = metering.dialog('Meter a feature');
  await expect(binding).toBeVisible();
  await chooseOption(binding.getByRole('combobox', { name: 'Feature' }), 'ai_analysis');
  await look('metering-feature-form');
  await binding.getByRole('button', { name: 'Meter the feature' }).click();
  await expect(binding).toBeHidden();
  await look('metering');
  await metering.prices.getByRole('button', { name: 'API calls, tiered', exact: true }).click();
  await expect(metering.dialog(/API calls, tiered/)).toBeVisible();
  await look('metering-price');
  await page.keyboard.press('Escape');
  await metering.open('delivery');
  await look('delivery-empty');

  await tab.open(customer.id);
  await tab.chooseSubscription(/API calls, tiered/);
  await look('subscribe-form');
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Subscribe to / })
    .click();
  await expect(tab.subscriptions).toContainText('API calls, tiered', SOON);
  await tab.subscribe(/Storage, each GB/, /^On API calls, tiered/);
  await expect(tab.subscriptions).toContainText('Storage, each GB', SOON);
  // Usage of a minute that is over is sent by itself: of this one enough has to be left to look at it.
  await ledger.query(
    `SELECT pg_sleep(CASE WHEN extract(second FROM clock_timestamp()) > 45 THEN 60.1 - extract(second FROM clock_timestamp()) ELSE 0 END)`,
  );
  for (const [eventName, quantity, key] of [
    ['api_calls', 1_200, 'walk-1'],
    ['api_calls', 9_300, 'walk-2'],
    ['storage_gb', 40, 'walk-3'],
  ] as const) {
    await ledger.query('SELECT credits.report_usage($1, $2, $3, $4)', [
      customer.id,
      eventName,
      quantity,
      key,
    ]);
  }
  await tab.open(customer.id);
  // What the tab showed a moment ago it may still show; a person asks anew, too.
  await consoleWindow.chooseMenu('File', 'Reload Data');
  await expect(tab.panel('API calls').getByText(/not sent yet/)).toBeVisible(SOON);
  await look('metered-tab-not-sent');
  await metering.open('delivery');
  await metering.sendNow.click();
  await expect(metering.figure('Reports waiting')).toHaveText('0', SOON);
  await expect(metering.figure('Events to send')).toHaveText('0', SOON);
  await tab.open(customer.id);
  await expect(tab.figure('API calls', 'In Stripe')).toHaveText('10,500', SOON);
  await expect(tab.panel('API calls').getByText('Agrees:')).toBeVisible(SOON);
  await look('metered-tab');
  await main
    .getByRole('region', { name: /next invoice/i })
    .first()
    .scrollIntoViewIfNeeded();
  await look('metered-tab-invoice');
  await tab
    .panel('API calls')
    .getByRole('button', { name: /^Add usage/ })
    .click();
  const correction = page.getByRole('dialog', { name: /Add usage/ });
  await correction.getByRole('textbox', { name: 'Units' }).fill('500');
  await expect(correction.getByText(/Adds/)).toBeVisible();
  await look('add-usage-form');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Discard draft' }).click();
  await expect(correction).toBeHidden();

  // Stripe takes usage of a customer that it does not have, and rejects it afterwards.
  const gone = `${customer.id}_gone`;
  await ledger.query('SELECT credits.ensure_customer($1, name => $2, stripe_customer_id => $3)', [
    gone,
    'Gone Customer',
    'cus_gone',
  ]);
  await ledger.query('SELECT credits.report_usage($1, $2, $3, $4)', [
    gone,
    'storage_gb',
    7,
    'gone-1',
  ]);
  await metering.open('delivery');
  await metering.sendNow.click();
  await expect(metering.events.getByText('Rejected').first()).toBeVisible(SOON);
  await look('delivery');
  await metering.events.getByText('Rejected').first().click();
  await expect(metering.dialog('Meter event')).toBeVisible();
  await look('delivery-rejected');
  await page.keyboard.press('Escape');
  await metering.events.getByText('10,500').click();
  await metering.dialog('Meter event').getByRole('button', { name: 'Cancel this event…' }).click();
  await expect(page.getByRole('textbox', { name: /Reason/ })).toBeVisible();
  await look('delivery-cancel');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');

  await consoleWindow.open('/stripe/reconciliation');
  await main
    .getByRole('button', { name: /^(Start the first run|New run|Compare again|Start another run)/ })
    .click();
  await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
  const finding = main.getByRole('row').filter({ hasText: 'Gone Customer' }).first();
  await expect(finding).toBeVisible(SOON);
  await look('reconciliation-usage');
  await finding.click();
  await expect(
    page
      .getByRole('dialog')
      .getByText(/rejected/i)
      .first(),
  ).toBeVisible();
  await look('reconciliation-usage-finding');
  await page.keyboard.press('Escape');
}
