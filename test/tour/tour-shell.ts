import { expect } from '@playwright/test';
import { SearchPalette } from '#test/e2e/pages/search-palette.ts';
import type { Stories, Tour } from './stories.ts';

/** What every screen shares: the palette, the sheet of shortcuts, the sidebar; then Settings and About. */
export async function tourShell(tour: Tour, { busy }: Stories): Promise<void> {
  const { consoleWindow, photographer } = tour;
  const { page, main } = consoleWindow;

  await consoleWindow.open('/customers');
  await expect(consoleWindow.heading).toHaveText('Customers');
  const palette = new SearchPalette(page);
  await palette.open();
  await expect(palette.option('Transactions').first()).toBeVisible();
  await photographer.take('palette');
  await palette.input.fill(busy.name.split(' ')[0] ?? busy.name);
  await expect(palette.option(busy.name).first()).toBeVisible();
  await photographer.take('palette-results');
  await palette.input.fill('zzz nothing');
  await expect(palette.dialog.getByText(/^Nothing is called/)).toBeVisible();
  await photographer.take('palette-nothing');
  await page.keyboard.press('Escape');
  await expect(palette.dialog).toBeHidden();

  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(sheet).toBeVisible();
  await photographer.take('shortcuts');
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();

  await consoleWindow.call('settings.updatePreferences', {
    sidebarCollapsed: true,
    density: 'compact',
  });
  await expect(page.getByRole('button', { name: 'Unfold the sidebar' })).toBeVisible();
  await photographer.take('compact-folded');
  await consoleWindow.call('settings.updatePreferences', {
    sidebarCollapsed: false,
    density: 'comfortable',
  });

  await consoleWindow.open('/settings');
  await expect(consoleWindow.heading).toHaveText('Settings');
  await photographer.take('settings');
  await consoleWindow.open('/about');
  await expect(main.getByText('Data folder', { exact: true })).toBeVisible();
  await photographer.take('about');
  await consoleWindow.open('/nowhere');
  await expect(main.getByText('There is no page at this address.')).toBeVisible();
  await photographer.take('no-such-page');
}
