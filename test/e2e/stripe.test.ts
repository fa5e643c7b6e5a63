import { BillingTab } from './pages/billing-tab.ts';
import { CustomerBrowser } from './support/customer-browser.ts';
import { type EmbeddedLedger, makeCustomer } from './support/embedded-ledger.ts';
import { test as base, expect } from './support/ledger-test.ts';

const test = base.extend<{ payer: CustomerBrowser }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern
  payer: async ({}, use) => {
    const payer = await CustomerBrowser.open();
    await use(payer);
    await payer.close();
  },
});

test.use({ workspace: 'empty' });

const CUSTOMER = { id: 'usr_buyer', name: 'Bea Buyer' };
/** Reading Stripe's events takes its turn every few seconds. */
const SOON = { timeout: 15_000 };

async function balanceOf(ledger: EmbeddedLedger): Promise<number> {
  const [account] = await ledger.query<{ balance: number }>(
    'SELECT credits_balance AS balance FROM credits.accounts WHERE customer_id = $1',
    [CUSTOMER.id],
  );
  return Number(account?.balance);
}

test('a package is bought on the simulator’s page, used, partly refunded and clawed back, and all agrees', async ({
  consoleWindow,
  ledger,
  payer,
}) => {
  await makeCustomer(ledger, CUSTOMER);
  const { main, page } = consoleWindow;
  const billing = new BillingTab(consoleWindow);
  await billing.open(CUSTOMER.id);
  await expect(page.getByRole('link', { name: /Stripe simulator/ })).toBeVisible();

  const link = await billing.makeLink(/500 credits/, /^Create link for 500 credits, \$39\.99/);
  await payer.pay(link);
  await expect(payer.page.getByRole('heading', { name: 'Paid' })).toBeVisible();
  await expect(billing.sale.getByText(/500 credits were granted/)).toBeVisible(SOON);
  await billing.closeSale();
  await expect(billing.customer.figure('Available')).toHaveText('500');

  await ledger.query("SELECT * FROM credits.deduct_credits($1, 200, 'Rendering')", [CUSTOMER.id]);
  await billing.open(CUSTOMER.id);
  const refund = await billing.startRefund(/^Refund /);
  const amount = refund.drawer.getByRole('textbox', { name: 'Money to refund' });
  // 300 of 500 credits are left: that is what 23.99 stands for at most.
  await expect(amount).toHaveValue('23.99');
  await amount.fill('20');
  await refund.explain('Customer request', 'They bought too many.');
  await expect(refund.preview.getByText('251').first()).toBeVisible();
  await refund.submitButton('Refund $20.00').click();
  await refund.expectClosed();
  await expect(billing.customer.figure('Available')).toHaveText('49', SOON);
  await expect(billing.moneyBack).toContainText('$20.00');
  expect(await balanceOf(ledger)).toBe(49);

  await consoleWindow.open('/stripe/events');
  await expect(
    main.getByRole('row').filter({ hasText: 'checkout.session.completed' }),
  ).toContainText('Handled');
  await expect(main.getByRole('row').filter({ hasText: 'refund.created' })).toBeVisible(SOON);

  await consoleWindow.open('/stripe/reconciliation');
  await main.getByRole('button', { name: 'Start the first run…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
  await expect(main.getByText('Stripe and the ledger agree')).toBeVisible(SOON);
  expect(await ledger.query('SELECT * FROM credits.check_integrity()')).toEqual([]);
});

test('a bank debit grants only when the bank has paid, and a declined card grants nothing', async ({
  consoleWindow,
  ledger,
  payer,
}) => {
  await makeCustomer(ledger, CUSTOMER);
  const billing = new BillingTab(consoleWindow);
  await billing.open(CUSTOMER.id);
  const link = await billing.makeLink(/100 credits/, /^Create link for 100 credits/);
  await payer.pay(link, 'Pay with a card that is declined');
  await expect(payer.page.getByRole('alert')).toContainText('declined');
  await payer.pay(link, 'Pay later (bank debit)');
  await expect(billing.sale.getByText('Bank has still to pay', { exact: true })).toBeVisible(SOON);
  expect(await balanceOf(ledger)).toBe(0);

  await payer.page.goto(new URL('/', link).href);
  await payer.page.getByRole('button', { name: 'Money arrives' }).click();
  await expect(billing.sale.getByText(/100 credits were granted/)).toBeVisible(SOON);
  expect(await balanceOf(ledger)).toBe(100);
});

test('a refund and a dispute made in Stripe’s own dashboard reach the ledger by themselves', async ({
  consoleWindow,
  ledger,
  payer,
}) => {
  await makeCustomer(ledger, CUSTOMER);
  const billing = new BillingTab(consoleWindow);
  await billing.open(CUSTOMER.id);
  const link = await billing.makeLink(/500 credits/, /^Create link/);
  await payer.pay(link);
  await expect(billing.sale.getByText(/500 credits were granted/)).toBeVisible(SOON);
  await billing.closeSale();

  await payer.page.goto(new URL('/', link).href);
  await payer.page.getByText('Dispute', { exact: true }).first().click();
  await payer.page.getByRole('button', { name: 'Open dispute' }).click();
  await expect(billing.customer.figure('Held')).toHaveText('500', SOON);
  await payer.page.getByRole('button', { name: 'Lose' }).click();
  await expect(billing.customer.figure('Available')).toHaveText('0', SOON);
  await expect(billing.moneyBack).toContainText('Lost');

  await consoleWindow.open('/stripe/refunds');
  await expect(
    consoleWindow.main.getByRole('row').filter({ hasText: CUSTOMER.name }),
  ).toContainText('Lost');
});

test('the catalog is changed, drift in Stripe is shown, and repaired', async ({
  consoleWindow,
  ledger,
}) => {
  await makeCustomer(ledger, CUSTOMER);
  const { main, page } = consoleWindow;
  await consoleWindow.open('/catalog');
  const packages = main.getByRole('table', { name: 'Credit packages' });
  await expect(packages.getByRole('row')).toHaveCount(4);
  await main.getByRole('button', { name: /^Send all/ }).click();
  await expect(main.getByText('All that is sold is in Stripe as it is here.')).toBeVisible();

  await packages.getByRole('button', { name: 'Edit 100 credits' }).click();
  const form = page.getByRole('dialog', { name: 'Edit 100 credits' });
  await form.getByRole('textbox', { name: 'Price' }).fill('12.5');
  await form.getByRole('button', { name: 'Save package' }).click();
  await expect(form).toBeHidden();
  const row = packages.getByRole('row').filter({ hasText: '$12.50' });
  await expect(row).toContainText('Changed here');
  await row.getByRole('button', { name: 'Send to Stripe: 100 credits' }).click();
  await expect(row).toContainText('As in Stripe');

  // Somebody archives the price in Stripe's own dashboard.
  const { simulatorUrl } = await consoleWindow.call('stripe.status', {});
  const { packages: known } = await consoleWindow.call('catalog.list', {});
  const priceId = known.find(({ id }) => id === 'credits_100')?.link.priceId;
  const archived = await fetch(new URL(`/v1/prices/${priceId}`, simulatorUrl ?? ''), {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_dashboard' },
    body: new URLSearchParams({ active: 'false' }),
  });
  expect(archived.status).toBe(200);
  await main.getByRole('button', { name: 'Compare with Stripe' }).click();
  await expect(row).toContainText('Changed in Stripe');
  await row.getByRole('button', { name: 'Repair in Stripe: 100 credits' }).click();
  await expect(row).toContainText('As in Stripe');
});
