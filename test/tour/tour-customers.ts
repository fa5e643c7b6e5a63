import { expect } from '@playwright/test';
import { CustomerPage } from '#test/e2e/pages/customer-page.ts';
import { CustomersPage } from '#test/e2e/pages/customers-page.ts';
import type { Stories, Tour } from './stories.ts';

/** The list of customers, and every tab of one. */
export async function tourCustomers(tour: Tour, stories: Stories): Promise<void> {
  await tourList(tour);
  await tourCustomer(tour, stories);
  await tourRareCustomers(tour, stories);
}

async function tourList({ consoleWindow, photographer }: Tour): Promise<void> {
  const { page, main } = consoleWindow;
  const customers = new CustomersPage(consoleWindow);
  await expect(customers.rows.first()).toBeVisible();
  await photographer.take('customers');

  await customers.search.fill('labs');
  await expect.poll(() => consoleWindow.path()).toContain('q=labs');
  await expect(customers.rows.first()).toContainText('labs');
  await customers.search.press('ArrowDown');
  await photographer.take('customers-search');

  await customers.search.fill('');
  await main.getByText('Low balance', { exact: true }).click();
  await expect.poll(() => consoleWindow.path()).toContain('balance=low');
  await photographer.take('customers-low-balance');

  await consoleWindow.open('/customers?q=nobody-is-called-this');
  await expect(main.getByText('No customer matches.')).toBeVisible();
  await photographer.take('customers-no-match');

  await customers.open();
  await main.getByRole('button', { name: 'New customer' }).click();
  const dialog = page.getByRole('dialog', { name: 'New customer' });
  await dialog.getByRole('button', { name: 'Add customer' }).click();
  await expect(dialog.getByText('Enter the product’s own user id.')).toBeVisible();
  await photographer.take('new-customer');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toBeHidden();
}

async function tourCustomer(tour: Tour, { busy }: Stories): Promise<void> {
  const { consoleWindow, photographer } = tour;
  const { page, main } = consoleWindow;
  const customer = new CustomerPage(consoleWindow);

  await customer.open(busy.id);
  await expect(main.getByRole('listitem').filter({ hasText: 'Balance' }).first()).toBeVisible();
  await photographer.take('customer-timeline');

  await customer.showTab('Credits');
  await expect(customer.equation).toBeVisible();
  await photographer.take('customer-credits');

  await customer.debits.getByRole('button', { pressed: false }).first().click();
  await expect(customer.debits.getByRole('status')).toContainText('paid');
  await photographer.take('customer-credits-debit-chosen');
  await customer.debits.getByRole('button', { pressed: true }).click();

  await customer.openGrants.getByRole('button', { pressed: false }).first().click();
  await expect(customer.debits.getByRole('heading')).toContainText('Debits this grant paid');
  await customer.debits.scrollIntoViewIfNeeded();
  await photographer.take('customer-credits-grant-chosen');

  await customer.showTab('Transactions');
  const grid = main.getByRole('grid', { name: 'Transactions of this customer' });
  const rows = grid.locator('[role="row"][data-row]');
  await rows.nth(2).hover();
  await photographer.take('customer-transactions');
  await rows.nth(2).click();
  const drawer = page.getByRole('dialog', { name: 'Transaction' });
  await expect(drawer.getByText('Balance after')).toBeVisible();
  await photographer.take('customer-transaction-details');
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();

  await customer.showTab('Usage');
  const chart = main.getByRole('slider', { name: 'Credits used by day: day' });
  await chart.hover();
  await photographer.take('customer-usage');

  await customer.showTab('Notes');
  await main.getByRole('textbox', { name: 'New note' }).fill('Called back; all is well.');
  await photographer.take('customer-notes');
  await main.getByRole('textbox', { name: 'New note' }).fill('');

  await main.getByRole('button', { name: 'More actions' }).click();
  await expect(page.getByRole('menuitem').first()).toBeVisible();
  await photographer.take('customer-more-actions');
  await page.keyboard.press('Escape');
}

async function tourRareCustomers(tour: Tour, { inDebt, silent }: Stories): Promise<void> {
  const { consoleWindow, photographer } = tour;
  const { main } = consoleWindow;
  const customer = new CustomerPage(consoleWindow);
  if (inDebt !== undefined) {
    await customer.open(inDebt.id, 'Credits');
    await expect(customer.equation).toBeVisible();
    await photographer.take('customer-in-debt');
  }
  await customer.open(silent.id);
  await expect(main.getByText('Nothing has happened on this account yet.')).toBeVisible();
  await photographer.take('customer-without-transactions');

  await consoleWindow.open('/customers/nobody');
  await expect(main.getByRole('alert')).toBeVisible();
  await photographer.take('customer-not-found');
}
