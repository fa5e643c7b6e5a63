import { expect } from '@playwright/test';
import { BillingTab } from '../pages/billing-tab.ts';
import type { ConsoleWindow } from './console-window.ts';
import type { EmbeddedLedger } from './embedded-ledger.ts';

/** Reading Stripe's events takes its turn every few seconds. */
const SOON = { timeout: 20_000 };

/**
 * Walks through every screen of the money side with one customer, and looks at each: the tour takes pictures, the
 * accessibility test asks axe. Payments are made on the simulator's pages by HTTP, as its forms send them.
 */
export async function walkMoney(
  { consoleWindow, ledger }: { consoleWindow: ConsoleWindow; ledger: EmbeddedLedger },
  customer: { id: string; name: string },
  look: (screen: string) => Promise<void>,
): Promise<void> {
  const { page, main, heading } = consoleWindow;

  await consoleWindow.open('/settings/stripe');
  await expect(main.getByRole('button', { name: 'Open simulator' })).toBeVisible(SOON);
  await look('stripe-settings');
  await main.getByRole('button', { name: 'Connect an account…' }).click();
  const keyDialog = page.getByRole('dialog', { name: 'Connect a Stripe account' });
  await keyDialog.getByRole('textbox', { name: 'Key' }).fill('pk_test_51Publishable');
  await keyDialog.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(keyDialog.getByText(/publishable/i).first()).toBeVisible();
  await look('stripe-key-refused');
  await page.keyboard.press('Escape');
  await main.getByRole('button', { name: 'Allow live mode…' }).click();
  await expect(page.getByRole('dialog', { name: /^Allow live mode/ })).toBeVisible();
  await look('stripe-live-mode');
  await page.keyboard.press('Escape');
  await main.getByRole('button', { name: 'Set up…' }).click();
  await expect(page.getByRole('dialog', { name: /^Webhook receiver/ })).toBeVisible();
  await look('stripe-webhook-secret');
  await page.keyboard.press('Escape');

  await consoleWindow.open('/catalog');
  const packages = main.getByRole('table', { name: 'Credit packages' });
  await expect(packages).toBeVisible();
  await look('catalog-not-in-stripe');
  await main.getByRole('button', { name: /^Send all/ }).click();
  await expect(packages.getByText('As in Stripe').first()).toBeVisible(SOON);
  await packages.getByRole('button', { name: 'Edit 100 credits' }).click();
  const packageForm = page.getByRole('dialog', { name: 'Edit 100 credits' });
  await packageForm.getByRole('textbox', { name: 'Price' }).fill('12,5');
  await packageForm.getByRole('button', { name: 'Save package' }).click();
  await expect(packageForm.getByText(/decimal point/)).toBeVisible();
  await look('catalog-package-form');
  await packageForm.getByRole('textbox', { name: 'Price' }).fill('12.50');
  await packageForm.getByRole('button', { name: 'Save package' }).click();
  await expect(packages.getByText('Changed here')).toBeVisible();
  const plans = main.getByRole('table', { name: 'Plans' });
  await plans.getByRole('button', { name: 'Edit Pro' }).click();
  const planForm = page.getByRole('dialog', { name: 'Edit Pro' });
  await planForm.getByRole('checkbox', { name: 'Sold through Stripe' }).check();
  await planForm.getByRole('textbox', { name: 'Price a month' }).fill('39');
  await planForm.getByRole('radio', { name: 'Stays up to a cap' }).check();
  await planForm.getByRole('textbox', { name: 'Cap, in credits' }).fill('250');
  await look('catalog-plan-form');
  await planForm.getByRole('button', { name: 'Save plan' }).click();
  await expect(planForm).toBeHidden();
  await look('catalog-changed');

  const billing = new BillingTab(consoleWindow);
  await billing.open(customer.id);
  await look('billing-before');
  await billing.sellButton.click();
  await billing.sale.getByRole('radio', { name: /500 credits/ }).check();
  await look('sell-choice');
  await billing.sale.getByRole('button', { name: /^Create link for 500/ }).click();
  await expect(billing.sale.getByText('Waiting for payment', { exact: true })).toBeVisible(SOON);
  await look('sell-link');
  const link = await billing.link();
  await pay(link, 'pay');
  await expect(billing.sale.getByText(/500 credits were granted/)).toBeVisible(SOON);
  await look('sell-paid');
  await billing.closeSale();
  const laterLink = await billing.makeLink(/2,000 credits/, /^Create link for 2,000/, /Top-up/);
  await pay(laterLink, 'pay_later');
  await expect(billing.sale.getByText('Bank has still to pay', { exact: true })).toBeVisible(SOON);
  await billing.closeSale();
  await billing.sellPlanButton.click();
  await billing.sale.getByRole('radio', { name: /Pro/ }).check();
  await billing.sale.getByRole('button', { name: /^Create link/ }).click();
  await expect(billing.sale.getByText('Waiting for payment', { exact: true })).toBeVisible(SOON);
  await pay(await billing.link(), 'pay');
  await expect(billing.sale.getByText('Paid', { exact: true })).toBeVisible(SOON);
  await billing.closeSale();
  await expect(billing.payments.getByRole('row').filter({ hasText: '$39.00' })).toBeVisible(SOON);
  await look('billing');

  await ledger.query("SELECT * FROM credits.deduct_credits($1, 1, 'Small thing')", [customer.id]);
  const refund = await billing.startRefund(/^Refund .*500 credits/);
  await refund.drawer.getByRole('textbox', { name: 'Money to refund' }).fill('20');
  await refund.explain('Customer request', 'They bought too many.');
  await expect(refund.preview.getByRole('table')).toBeVisible();
  await look('refund-form');
  await refund.submitButton('Refund $20.00').click();
  await refund.expectClosed();
  await expect(billing.moneyBack.getByText('$20.00').first()).toBeVisible(SOON);
  const charges = await chargesOf(link);
  await dispute(link, charges.at(0) ?? '');
  await expect(billing.moneyBack.getByText(/^Open/).first()).toBeVisible(SOON);
  await look('billing-disputed');

  await consoleWindow.open('/stripe/refunds');
  await expect(heading).toHaveText('Refunds and disputes');
  await expect(main.getByRole('row').filter({ hasText: customer.name }).first()).toBeVisible();
  await look('refunds-and-disputes');

  await consoleWindow.open('/stripe/events');
  const events = main.getByRole('row');
  await expect(events.filter({ hasText: 'charge.dispute.created' })).toBeVisible(SOON);
  await look('stripe-events');
  await events.filter({ hasText: 'checkout.session.completed' }).first().click();
  const drawer = page.getByRole('dialog', { name: 'Stripe event' });
  await expect(drawer.getByText('As it came')).toBeVisible();
  await look('stripe-event');
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();

  await consoleWindow.open('/stripe/reconciliation');
  await main.getByRole('button', { name: 'Start the first run…' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await look('reconciliation-start');
  await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
  await expect(main.getByText('Stripe and the ledger agree')).toBeVisible(SOON);
  await look('reconciliation-clean');
  await ledger.query(
    "SELECT * FROM credits.add_credits($1, 300, 'purchase', 'Bought', stripe_payment_id => 'pi_never_was')",
    [customer.id],
  );
  await main.getByRole('button', { name: /^(New run|Compare again|Start another run)/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
  await expect(
    main
      .getByRole('row')
      .filter({ hasText: /Orphan/ })
      .first(),
  ).toBeVisible(SOON);
  await look('reconciliation-findings');
  await main
    .getByRole('row')
    .filter({ hasText: /Orphan/ })
    .first()
    .click();
  const finding = page.getByRole('dialog', { name: /Orphan/ });
  await expect(finding.getByRole('textbox', { name: 'Note' })).toBeVisible(SOON);
  await look('reconciliation-repair');
  await finding.getByRole('textbox', { name: 'Note' }).fill('No such payment: a test in March.');
  await finding.getByRole('button', { name: /^Take back 300 credits/ }).click();
  await expect(finding.getByRole('textbox', { name: 'Note' })).toBeHidden(SOON);
  await look('reconciliation-repaired');
}

const form = (fields: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(fields),
  redirect: 'manual',
});

async function pay(link: string, action: 'pay' | 'pay_later'): Promise<void> {
  const { status } = await fetch(link, form({ action }));
  expect(status, 'the payment page takes the payment').toBeLessThan(400);
}

/** Newest first. */
async function chargesOf(link: string): Promise<string[]> {
  const answer = await fetch(new URL('/v1/charges?limit=10', link), {
    headers: { authorization: 'Bearer sk_test_simulator' },
  });
  const { data } = (await answer.json()) as { data: { id: string }[] };
  return data.map(({ id }) => id);
}

async function dispute(link: string, chargeId: string): Promise<void> {
  const { status } = await fetch(
    new URL(`/charges/${chargeId}/dispute`, link),
    form({ kind: 'dispute', amount: '' }),
  );
  expect(status, 'the dispute is opened').toBeLessThan(400);
}
