import { DatabasePage } from './pages/database-page.ts';
import { SearchPalette } from './pages/search-palette.ts';
import { TransactionsPage } from './pages/transactions-page.ts';
import { UsagePage } from './pages/usage-page.ts';
import { expectAccessibleInBoth } from './support/axe.ts';
import { expect, test } from './support/ledger-test.ts';

test.use({ workspace: 'demo' });
test.slow();

test('the log and the usage are accessible, light and dark', async ({ consoleWindow }) => {
  const { page, main } = consoleWindow;
  const log = new TransactionsPage(consoleWindow);
  await log.open('types=bonus,reversal&min=10&range=90d');
  await expect(log.rows.first()).toBeVisible();
  await log.rows.first().focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Enter');
  await expect(log.details.getByText('Balance after')).toBeVisible();
  await expectAccessibleInBoth(page, 'log with filters, a selection and details');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  for (const name of ['Type', 'Feature', 'Amount', 'Customer']) {
    await main.getByRole(name === 'Type' ? 'combobox' : 'button', { name, exact: true }).click();
    await expect(page.getByRole('listbox').or(page.getByRole('dialog')).first()).toBeVisible();
    await expectAccessibleInBoth(page, `filter ${name}`);
    await page.keyboard.press('Escape');
  }
  await main.getByRole('button', { name: /^Time range:/ }).click();
  await expect(page.getByRole('dialog', { name: 'Time range' })).toBeVisible();
  await expectAccessibleInBoth(page, 'time range');
  await page.keyboard.press('Escape');
  await log.open('text=nothing-is-called-this');
  await expect(main.getByText('No transaction matches this filter.')).toBeVisible();
  await expectAccessibleInBoth(page, 'log, no match');

  const usage = new UsagePage(consoleWindow);
  await usage.open();
  await expect(usage.topCustomers.getByRole('listitem').first()).toBeVisible();
  await usage.byDay.getByRole('slider').focus();
  await expectAccessibleInBoth(page, 'usage, drawn');
  for (const figure of [usage.byDay, usage.byFeature, usage.byType, usage.topCustomers]) {
    await usage.showTable(figure);
  }
  await expectAccessibleInBoth(page, 'usage, in numbers');
  await usage.open('from=2020-01-01&to=2020-01-31');
  await expect(main.getByText(/^No credits moved/)).toBeVisible();
  await expectAccessibleInBoth(page, 'usage, none');
});

test('the palette, the shortcuts and the settings are accessible, light and dark', async ({
  consoleWindow,
}) => {
  const { page, main, heading } = consoleWindow;
  const palette = new SearchPalette(page);
  await palette.open();
  await palette.input.fill('an');
  await expect(palette.option(/.+/).first()).toBeVisible();
  await expectAccessibleInBoth(page, 'palette');
  await palette.input.fill('nothing is called this');
  await expect(palette.dialog.getByText(/^Nothing is called/)).toBeVisible();
  await expectAccessibleInBoth(page, 'palette, nothing found');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await expectAccessibleInBoth(page, 'shortcuts');
  await page.keyboard.press('Escape');

  await consoleWindow.open('/settings');
  await expect(heading).toHaveText('Settings');
  await expectAccessibleInBoth(page, 'settings');
  await consoleWindow.open('/about');
  await expect(main.getByText('Data folder', { exact: true })).toBeVisible();
  await expectAccessibleInBoth(page, 'about');
  await consoleWindow.open('/nowhere');
  await expect(main.getByText('There is no page at this address.')).toBeVisible();
  await expectAccessibleInBoth(page, 'no such page');

  const database = new DatabasePage(consoleWindow);
  await database.open();
  const form = await database.addConnection();
  await form.fill({
    name: 'Unreachable',
    environment: 'Production',
    url: 'postgresql://support@127.0.0.1:9/credits',
    password: 'irrelevant',
  });
  await form.test();
  await expect(form.problem).toBeVisible();
  await expectAccessibleInBoth(page, 'connection, refused');
  await form.save();
  await expect(form.drawer).toBeHidden();
  await database.use('Unreachable');
  await expect(database.inUse.getByRole('alert')).toBeVisible();
  await expectAccessibleInBoth(page, 'database settings, not connected');
  await consoleWindow.open('/customers');
  await expect(heading).toHaveText('Unreachable is not connected');
  await expectAccessibleInBoth(page, 'production, not connected');
});
