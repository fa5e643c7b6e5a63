import { expect, type Locator, type Page } from '@playwright/test';
import { CustomerPage } from './pages/customer-page.ts';
import { CustomersPage } from './pages/customers-page.ts';
import { SearchPalette } from './pages/search-palette.ts';
import { TransactionsPage } from './pages/transactions-page.ts';
import { makeCustomer } from './support/embedded-ledger.ts';
import { test } from './support/ledger-test.ts';

test.describe('without a mouse', () => {
  test.use({ workspace: 'empty' });

  test('from the start to a posted grant, and back', async ({ consoleWindow, ledger }) => {
    await makeCustomer(ledger, { id: 'usr_keys', name: 'Keyboard Only', purchased: 100 });
    const { page } = consoleWindow;
    const { keyboard } = page;
    const palette = new SearchPalette(page);
    await palette.open();
    await expect(palette.input).toBeFocused();
    await keyboard.type('board on');
    // At once: Enter means the answer to what was typed, and waits for it.
    await keyboard.press('Enter');
    await expect(consoleWindow.heading).toHaveText('Keyboard Only');

    const customer = new CustomerPage(consoleWindow);
    await expect(customer.figure('Available')).toHaveText('100');
    await keyboard.press('c');
    const grant = customer.form('Grant credits');
    await expect(grant.amount).toBeFocused();
    await keyboard.type('1,500');
    await chooseByKeys(page, grant.drawer.getByRole('combobox', { name: 'Expires' }), 'In 30 days');
    await chooseByKeys(page, grant.drawer.getByRole('combobox', { name: 'Reason' }), 'Goodwill');
    await tabTo(page, grant.note);
    await keyboard.type('By keyboard.');
    await grant.expectPreview('Available', '100', '1,600', '+1,500');
    await tabTo(page, grant.submitButton('Grant 1,500 credits'));
    await keyboard.press('Enter');
    await grant.expectClosed();
    await expect(customer.figure('Available')).toHaveText('1,600');

    const undo = page.getByRole('group', { name: 'Posted' }).getByRole('button', { name: 'Undo' });
    await tabTo(page, undo);
    await keyboard.press('Enter');
    const reverse = customer.form('Reverse a transaction');
    await reverse.expectPreview('Available', '1,600', '100', '−1,500');
    await keyboard.press('Control+Enter');
    await reverse.expectClosed();
    await expect(customer.figure('Available')).toHaveText('100');
    expect(
      await ledger.query(
        `SELECT transaction_type AS type, amount FROM credits.credit_transactions
          WHERE customer_id = 'usr_keys' ORDER BY id`,
      ),
    ).toEqual([
      { type: 'purchase', amount: 100 },
      { type: 'bonus', amount: 1_500 },
      { type: 'reversal', amount: -1_500 },
    ]);
  });
});

test.describe('the shortcuts', () => {
  test.use({ workspace: 'demo' });

  test('go to every page, search in lists, walk rows, and show themselves', async ({
    consoleWindow,
  }) => {
    const { page } = consoleWindow;
    const { keyboard } = page;
    const customers = new CustomersPage(consoleWindow);
    await expect(customers.rows.first()).toBeVisible();

    await keyboard.press('/');
    await expect(customers.search).toBeFocused();
    await keyboard.type('gt');
    await expect.poll(() => consoleWindow.path(), 'letters in a field are text').toMatch(/q=gt$/);
    await keyboard.press('Escape');
    await expect(customers.search).toHaveValue('');
    await expect(customers.count).toHaveText('500');
    await keyboard.press('ArrowDown');
    await expect(customers.rows.first()).toBeFocused();
    await keyboard.press('End');
    await keyboard.press('Home');
    await keyboard.press('ArrowDown');
    const second = customers.grid.locator('[data-row="1"]');
    await expect(second).toBeFocused();
    const name = await second.getByRole('rowheader').innerText();
    await keyboard.press('Enter');
    if (name !== 'No name') await expect(consoleWindow.heading).toHaveText(name);
    await keyboard.press('Alt+ArrowLeft');
    await expect(consoleWindow.heading).toHaveText('Customers');

    for (const [letter, heading] of [
      ['t', 'Transactions'],
      ['u', 'Usage'],
      ['s', 'Settings'],
      ['d', 'Database'],
      ['a', 'About Credit Console'],
      ['c', 'Customers'],
    ] as const) {
      await keyboard.press('g');
      await keyboard.press(letter);
      await expect(consoleWindow.heading).toHaveText(heading);
    }

    await keyboard.press('?');
    const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await expect(sheet).toContainText('Search everything');
    await keyboard.press('g');
    await keyboard.press('u');
    await expect(consoleWindow.heading, 'a dialog keeps its keys').toHaveText('Customers');
    await keyboard.press('Escape');
    await expect(sheet).toBeHidden();

    const palette = new SearchPalette(page);
    await palette.open();
    await keyboard.type('transac');
    await expect(palette.option(/^Transactions/)).toHaveAttribute('aria-selected', 'true');
    await keyboard.press('Escape');
    await expect(palette.dialog).toBeHidden();

    const log = new TransactionsPage(consoleWindow);
    await keyboard.press('Control+2');
    await expect(log.rows.first()).toBeVisible();
    await log.rows.first().focus();
    await keyboard.press('Enter');
    await expect(log.details).toBeVisible();
    await keyboard.press('Escape');
    await expect(log.details).toBeHidden();
    await expect(log.rows.first()).toBeFocused();
  });
});

/** Presses Tab until an element has the focus, as somebody does who cannot point at it. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 40; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  await expect(target, 'is reached with the Tab key').toBeFocused();
}

/** Opens a list with the keyboard, walks down to an option and takes it, as somebody does who looks at the list. */
async function chooseByKeys(page: Page, field: Locator, option: string): Promise<void> {
  await tabTo(page, field);
  const wanted = page.getByRole('option', { name: option, exact: true });
  // A key that comes before the list is drawn is lost, as it is to a person, who looks and presses it again.
  await expect(async () => {
    if (await wanted.isHidden()) await page.keyboard.press('Enter');
    await expect(wanted).toBeVisible({ timeout: 2_000 });
    for (let presses = 0; presses < 10; presses += 1) {
      if ((await wanted.getAttribute('data-combobox-selected')) === 'true') break;
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Enter');
    await expect(field).toHaveValue(option, { timeout: 2_000 });
  }).toPass();
}
