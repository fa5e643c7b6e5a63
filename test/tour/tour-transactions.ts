import { join } from 'node:path';
import { expect } from '@playwright/test';
import { TransactionsPage } from '#test/e2e/pages/transactions-page.ts';
import type { Stories, Tour } from './stories.ts';

/** The log: its rows, filters, details, selection, and an export. */
export async function tourTransactions(tour: Tour, { busy }: Stories): Promise<void> {
  const { consoleWindow, photographer } = tour;
  const { page, main } = consoleWindow;
  const log = new TransactionsPage(consoleWindow);

  await log.open();
  await expect(log.rows.first()).toBeVisible();
  await photographer.take('transactions');

  await main.getByRole('combobox', { name: 'Type', exact: true }).click();
  await expect(page.getByRole('option', { name: 'Usage' })).toBeVisible();
  await photographer.take('transactions-type-filter');
  await page.keyboard.press('Escape');

  await main.getByRole('button', { name: /^Time range:/ }).click();
  await expect(page.getByRole('dialog', { name: 'Time range' })).toBeVisible();
  await photographer.take('transactions-time-range');
  await page.keyboard.press('Escape');

  await log.open(`types=bonus,refund,reversal&min=10&range=90d`);
  await expect(log.chips).toBeVisible();
  await expect(log.rows.first()).toBeVisible();
  await log.rows.nth(1).getByRole('checkbox').check({ force: true });
  await log.rows.nth(3).getByRole('checkbox').check({ force: true });
  await log.rows.nth(3).press('ArrowDown');
  await expect(main.getByRole('region', { name: 'Selected transactions' })).toBeVisible();
  await photographer.take('transactions-filtered');

  await log.rows.nth(2).click();
  await expect(log.details.getByText('Balance after')).toBeVisible();
  await photographer.take('transaction-details');

  await consoleWindow.answerSaveDialog(join(tour.folder, 'transactions.csv'));
  await log.exportButton.click();
  await expect(main.getByText(/^Exported /)).toBeVisible();
  await photographer.take('transactions-exported');
  await main.getByRole('button', { name: 'Dismiss' }).click();

  await log.open(`customer=${encodeURIComponent(busy.id)}&text=nothing-is-called-this`);
  await expect(main.getByText('No transaction matches this filter.')).toBeVisible();
  await photographer.take('transactions-no-match');
}
