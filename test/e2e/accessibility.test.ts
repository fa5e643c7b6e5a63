import { CustomerPage } from './pages/customer-page.ts';
import { CustomersPage } from './pages/customers-page.ts';
import { expectAccessibleInBoth } from './support/axe.ts';
import { chooseOption } from './support/choose-option.ts';
import { makeCustomer } from './support/embedded-ledger.ts';
import { expect, test } from './support/ledger-test.ts';

test.use({ workspace: 'empty' });
test.slow();

test('the customers and every tab of one are accessible, light and dark', async ({
  consoleWindow,
  ledger,
}) => {
  const { page, main } = consoleWindow;
  await expect(main.getByText('There are no customers yet.')).toBeVisible();
  await expectAccessibleInBoth(page, 'customers, none');

  await makeCustomer(ledger, { id: 'usr_axe', name: 'Axe Customer', purchased: 1_000 });
  for (const statement of [
    `SELECT * FROM credits.add_credits('usr_axe', 90, 'bonus', 'Trial', priority => 10, expires_at => now() + interval '9 days')`,
    `SELECT * FROM credits.deduct_credits('usr_axe', 120, 'Report', feature => 'reports')`,
    `SELECT * FROM credits.hold_credits('usr_axe', 40, 'Rendering')`,
    `SELECT * FROM credits.add_customer_note('usr_axe', 'A note.')`,
    `SELECT * FROM credits.ensure_customer('usr_zero', name => 'Zero Balance')`,
    `SELECT * FROM credits.ensure_customer('usr_debt', name => 'In Debt')`,
    `SELECT * FROM credits.add_credits('usr_debt', 50, 'purchase', 'Pack', stripe_payment_id => 'pi_debt')`,
    `SELECT * FROM credits.deduct_credits('usr_debt', 50, 'All of it', feature => 'reports')`,
    `SELECT * FROM credits.claw_back('usr_debt', 'pi_debt', 50, 'debt', 'clawback-1')`,
  ]) {
    await ledger.query(statement);
  }
  await page.reload();

  const customers = new CustomersPage(consoleWindow);
  await expect(customers.rows).toHaveCount(3);
  await expectAccessibleInBoth(page, 'customers');
  await customers.search.fill('nobody');
  await expect(main.getByText('No customer matches.')).toBeVisible();
  await expectAccessibleInBoth(page, 'customers, no match');

  await main.getByRole('button', { name: 'New customer' }).click();
  await page.getByRole('button', { name: 'Add customer' }).click();
  await expect(page.getByText('Enter the product’s own user id.')).toBeVisible();
  await expectAccessibleInBoth(page, 'new customer, refused');
  await page.keyboard.press('Escape');

  const customer = new CustomerPage(consoleWindow);
  await customer.open('usr_axe');
  await expect(main.getByText('A note.').first()).toBeVisible();
  await expectAccessibleInBoth(page, 'timeline');
  await customer.showTab('Credits');
  await customer.openGrants.getByRole('button', { name: 'Purchase Credit pack' }).click();
  await customer.debits.getByRole('button', { name: 'Usage Report' }).click();
  await expect(customer.debits.getByRole('status')).toContainText('paid 120 credits of it');
  await expectAccessibleInBoth(page, 'credits, a debit chosen');
  await customer.showTab('Transactions');
  const rows = main.getByRole('grid').locator('[data-row]');
  await expect(rows.first()).toBeVisible();
  await expectAccessibleInBoth(page, 'transactions of a customer');
  await rows.first().click();
  await expect(page.getByRole('dialog').getByText('Balance after')).toBeVisible();
  await expectAccessibleInBoth(page, 'details of a transaction');
  await page.keyboard.press('Escape');
  await customer.showTab('Usage');
  await expect(main.getByRole('slider')).toBeVisible();
  await expectAccessibleInBoth(page, 'usage of a customer');
  await customer.showTab('Notes');
  await main.getByRole('textbox', { name: 'New note' }).fill('Draft');
  await expectAccessibleInBoth(page, 'notes');
  await main.getByRole('button', { name: 'More actions' }).click();
  await expect(page.getByRole('menuitem').first()).toBeVisible();
  await expectAccessibleInBoth(page, 'menu of a customer');
  await page.keyboard.press('Escape');

  await customer.open('usr_debt', 'Credits');
  await expect(customer.equation).toContainText('Debt');
  await expectAccessibleInBoth(page, 'debt');
  await consoleWindow.open('/customers/nobody');
  await expect(main.getByRole('alert')).toBeVisible();
  await expectAccessibleInBoth(page, 'customer not found');
});

test('every form, its preview, its questions and its notice are accessible, light and dark', async ({
  consoleWindow,
  ledger,
}) => {
  const { page } = consoleWindow;
  await makeCustomer(ledger, { id: 'usr_axe', name: 'Axe Customer', purchased: 1_000 });
  await ledger.query(
    `SELECT * FROM credits.add_credits('usr_axe', 90, 'bonus', 'Trial', expires_at => now() + interval '9 days')`,
  );
  await ledger.query(`SELECT * FROM credits.hold_credits('usr_axe', 40, 'Rendering')`);
  const customer = new CustomerPage(consoleWindow);
  await customer.open('usr_axe', 'Credits');

  const grant = await customer.startGrant();
  await grant.amount.fill('1e3');
  await grant.submitButton('Grant credits').click();
  await expect(grant.drawer.getByText('Choose a reason.')).toBeVisible();
  await expectAccessibleInBoth(page, 'grant, refused fields');
  await grant.amount.fill('500');
  await grant.drawer.getByRole('combobox', { name: 'Reason' }).click();
  await expectAccessibleInBoth(page, 'grant, list of reasons');
  await chooseOption(grant.drawer.getByRole('combobox', { name: 'Reason' }), 'Goodwill');
  await grant.note.fill('For axe.');
  await grant.expectPreview('Available', '1,050', '1,550', '+500');
  await expectAccessibleInBoth(page, 'grant, preview');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog', { name: 'Discard this draft?' })).toBeVisible();
  await expectAccessibleInBoth(page, 'discard the draft');
  await page.getByRole('button', { name: 'Keep editing' }).click();
  await grant.submitButton('Grant 500 credits').click();
  const notice = page.getByRole('group', { name: 'Posted' });
  await expect(notice).toBeVisible();
  // The notice stays while the pointer is on it.
  await notice.hover();
  await expectAccessibleInBoth(page, 'notice');
  await notice.getByRole('button', { name: 'Undo' }).click();
  const undo = customer.form('Reverse a transaction');
  await undo.drawer.getByRole('radio', { name: 'A part of it' }).check();
  await undo.amount.fill('20');
  await undo.expectPreview('Available', '1,550', '1,530', '−20');
  await expectAccessibleInBoth(page, 'reverse');
  await undo.submitButton('Reverse 20 credits').click();
  await undo.expectClosed();

  const adjust = await customer.startAdjustDown();
  await adjust.amount.fill('5,000');
  await expect(adjust.refusal).toBeVisible();
  await expectAccessibleInBoth(page, 'adjust down, refused by the ledger');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Discard draft' }).click();

  await customer.openGrants.getByRole('button', { name: 'Extend Bonus, Trial' }).click();
  const extend = customer.form('Extend an expiry');
  await expect(extend.preview.getByRole('table')).toBeVisible();
  await expectAccessibleInBoth(page, 'extend');
  await page.keyboard.press('Escape');
  await extend.expectClosed();
  await customer.openHolds.getByRole('button', { name: /^Release/ }).click();
  const release = customer.form('Release a hold');
  await expect(release.preview.getByRole('table')).toBeVisible();
  await expectAccessibleInBoth(page, 'release');
});
