import { expect } from '@playwright/test';
import { CustomerPage } from '#test/e2e/pages/customer-page.ts';
import { CustomersPage } from '#test/e2e/pages/customers-page.ts';
import { TransactionsPage } from '#test/e2e/pages/transactions-page.ts';
import { UsagePage } from '#test/e2e/pages/usage-page.ts';
import type { Stories, Tour } from './stories.ts';

const MONEY_SCREENS = [
  ['/catalog', 'Catalog'],
  ['/stripe/refunds', 'Refunds and disputes'],
  ['/stripe/events', 'Stripe events'],
  ['/stripe/reconciliation', 'Reconciliation'],
] as const;

/** The main screens in the smallest window that is promised, and at 200 %. */
export async function tourSizes(tour: Tour, stories: Stories): Promise<void> {
  for (const view of ['small', 'zoomed'] as const) {
    await tour.photographer.look(view);
    await tourMainScreens(tour, stories, view);
  }
  await tour.photographer.look('usual');
}

async function tourMainScreens(
  { consoleWindow, photographer }: Tour,
  { busy }: Stories,
  view: 'small' | 'zoomed',
): Promise<void> {
  const { page, main } = consoleWindow;
  const customers = new CustomersPage(consoleWindow);
  await customers.open();
  await expect(customers.rows.first()).toBeVisible();
  await photographer.take(`${view}-customers`);

  const customer = new CustomerPage(consoleWindow);
  await customer.open(busy.id);
  await expect(main.getByRole('listitem').first()).toBeVisible();
  await photographer.take(`${view}-customer-timeline`);
  await customer.showTab('Credits');
  await expect(customer.equation).toBeVisible();
  await photographer.take(`${view}-customer-credits`);
  const grant = await customer.startGrant();
  await grant.amount.fill('500');
  await expect(grant.preview.getByRole('table')).toBeVisible();
  await photographer.take(`${view}-grant-form`);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Discard draft' }).click();

  const log = new TransactionsPage(consoleWindow);
  await log.open('types=usage&range=30d');
  await expect(log.rows.first()).toBeVisible();
  await photographer.take(`${view}-transactions`);
  await log.rows.first().press('Enter');
  await expect(log.details.getByText('Balance after')).toBeVisible();
  await photographer.take(`${view}-transaction-details`);

  const usage = new UsagePage(consoleWindow);
  await usage.open();
  await expect(usage.byDay).toBeVisible();
  await photographer.take(`${view}-usage`);
  await customer.open(busy.id, 'Billing');
  await expect(main.getByRole('table', { name: 'Payments' })).toBeVisible();
  await photographer.take(`${view}-billing`);
  for (const [path, title] of MONEY_SCREENS) {
    await consoleWindow.open(path);
    await expect(consoleWindow.heading).toHaveText(title);
    await expect(main.getByRole('row').first()).toBeVisible();
    await photographer.take(`${view}-${title.toLowerCase().replaceAll(' ', '-')}`);
  }
  await consoleWindow.open('/settings');
  await expect(consoleWindow.heading).toHaveText('Settings');
  await photographer.take(`${view}-settings`);
  await consoleWindow.open('/settings/database');
  await expect(consoleWindow.heading).toHaveText('Database');
  await photographer.take(`${view}-database`);
}
