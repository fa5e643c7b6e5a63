import { expect } from '@playwright/test';
import { UsagePage } from '#test/e2e/pages/usage-page.ts';
import type { Tour } from './stories.ts';

/** Usage as drawings, as numbers, and over days without any. */
export async function tourUsage({ consoleWindow, photographer }: Tour): Promise<void> {
  const usage = new UsagePage(consoleWindow);
  await usage.open();
  await expect(usage.byDay).toBeVisible();
  await expect(usage.topCustomers.getByRole('listitem').first()).toBeVisible();
  await photographer.take('usage');

  const chart = usage.byDay.getByRole('slider');
  await chart.focus();
  await chart.press('PageUp');
  await chart.press('ArrowUp');
  await photographer.take('usage-day');

  await usage.topCustomers.scrollIntoViewIfNeeded();
  for (const figure of [usage.byDay, usage.byFeature, usage.byType, usage.topCustomers]) {
    await usage.showTable(figure);
    await expect(figure.getByRole('table')).toBeVisible();
  }
  await photographer.take('usage-tables');

  await usage.open('range=90d');
  await expect(usage.byDay).toBeVisible();
  await photographer.take('usage-90-days');

  await usage.open('from=2020-01-01&to=2020-01-31');
  await expect(consoleWindow.main.getByText(/^No credits moved/)).toBeVisible();
  await photographer.take('usage-none');
}
