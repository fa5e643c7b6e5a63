import { CustomerPage } from './pages/customer-page.ts';
import { CustomersPage } from './pages/customers-page.ts';
import { TransactionsPage } from './pages/transactions-page.ts';
import { makeCustomer } from './support/embedded-ledger.ts';
import { expect, test } from './support/ledger-test.ts';

/** As the screens write numbers: "1,234", below zero with a true minus. */
const shown = (credits: number) => credits.toLocaleString('en').replace('-', '−');

test.describe('on a first start', () => {
  test.use({ workspace: 'fresh' });

  test('a support agent finds a customer, sees why the balance is what it is, grants 500 credits, and takes them back', async ({
    consoleWindow,
    ledger,
  }) => {
    const { page } = consoleWindow;
    const [known] = await ledger.query<{ id: string; name: string; email: string }>(
      `SELECT c.id, c.name, c.email FROM credits.customers c
         JOIN credits.credit_grants g ON g.customer_id = c.id AND g.remaining > 0
        WHERE c.name IS NOT NULL AND c.email IS NOT NULL
        GROUP BY c.id, c.name, c.email ORDER BY count(*) DESC, c.id LIMIT 1`,
    );
    if (known === undefined) throw new Error('the demo data have no customer with grants');
    const available = async () => {
      const [row] = await ledger.query<{ credits: number }>(
        'SELECT credits.get_credit_balance($1) AS credits',
        [known.id],
      );
      return row?.credits ?? Number.NaN;
    };
    const before = await available();
    const { actor } = await consoleWindow.call('settings.session', {});

    const customers = new CustomersPage(consoleWindow);
    await expect(customers.count).toHaveText('500');
    // Any part of the e-mail, not only its beginning.
    await customers.search.fill(known.email.slice(2, -4));
    await expect(customers.rows).toHaveCount(1);
    await expect(customers.rows).toContainText(known.name);
    await customers.rows.click();

    const customer = new CustomerPage(consoleWindow);
    await expect(consoleWindow.heading).toHaveText(known.name);
    await expect(customer.figure('Available')).toHaveText(shown(before));

    await customer.showTab('Credits');
    const terms = await customer.equationTerms();
    expect(terms.balance - terms.held - terms.due).toBe(terms.available);
    expect(terms.available).toBe(before);
    const left = await customer.openGrants
      .getByRole('row', { name: /^All open grants/ })
      .getByRole('cell')
      .first()
      .locator('[aria-hidden="true"]')
      .textContent();
    expect(left).toBe(shown(terms.balance));

    const grant = await customer.startGrant();
    await grant.amount.fill('500');
    await grant.explain('Goodwill', 'Two hours of failed renderings on Tuesday.');
    await grant.expectPreview('Available', shown(before), shown(before + 500), '+500');
    expect(await available(), 'a preview posts nothing').toBe(before);
    await grant.submitButton('Grant 500 credits').click();
    await grant.expectClosed();

    const notice = page.getByRole('group', { name: 'Posted' });
    await expect(notice).toContainText(`Granted 500 credits to ${known.name}`);
    await expect(notice).toContainText(`Available now: ${shown(before + 500)}`);
    await expect(customer.figure('Available')).toHaveText(shown(before + 500));
    await expect.poll(() => customer.equationTerms()).toMatchObject({ available: before + 500 });
    await expect(
      customer.openGrants.getByRole('row').filter({ hasText: 'Two hours of failed renderings' }),
    ).toContainText('500');

    await notice.getByRole('button', { name: 'Undo' }).click();
    const undo = customer.form('Reverse a transaction');
    await expect(undo.note).toHaveValue('Undo of: Two hours of failed renderings on Tuesday.');
    await undo.expectPreview('Available', shown(before + 500), shown(before), '−500');
    await undo.submitButton('Reverse 500 credits').click();
    await undo.expectClosed();
    await expect(customer.figure('Available')).toHaveText(shown(before));
    expect(await available()).toBe(before);

    const log = new TransactionsPage(consoleWindow);
    await log.open(`customer=${encodeURIComponent(known.id)}`);
    await expect(log.rows.nth(0)).toContainText('Reversal');
    await expect(log.rows.nth(0)).toContainText('−500');
    await expect(log.rows.nth(0)).toContainText(actor);
    await expect(log.rows.nth(1)).toContainText('Bonus');
    await expect(log.rows.nth(1)).toContainText('+500');
    await expect(log.rows.nth(1)).toContainText(actor);

    await customers.open();
    await customers.search.fill(known.id);
    await expect(customers.rows).toHaveCount(1);
    await expect(customers.rows).toContainText(shown(terms.balance));
  });
});

test.describe('on a ledger of its own', () => {
  test.use({ workspace: 'empty' });

  test('an empty list offers a first customer, whose page then opens', async ({
    consoleWindow,
    ledger,
  }) => {
    const { main, page } = consoleWindow;
    await expect(main.getByText('There are no customers yet.')).toBeVisible();
    await main.getByRole('button', { name: 'New customer' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'New customer' });
    await dialog.getByRole('textbox', { name: 'Id', exact: true }).fill('usr/Ünï 1?#%');
    await dialog.getByRole('textbox', { name: /^Name/ }).fill('Zoë <b>Test</b>');
    await dialog.getByRole('button', { name: 'Add customer' }).click();
    await expect(consoleWindow.heading).toHaveText('Zoë <b>Test</b>');
    await expect(main.getByText('Nothing has happened on this account yet.')).toBeVisible();
    expect(await ledger.query('SELECT id, name FROM credits.customers')).toEqual([
      { id: 'usr/Ünï 1?#%', name: 'Zoë <b>Test</b>' },
    ]);
  });

  test('a grant shows the debits it paid, and a debit the grants that paid it', async ({
    consoleWindow,
    ledger,
  }) => {
    await makeCustomer(ledger, { id: 'usr_story', name: 'Ada Story', purchased: 1_000 });
    await ledger.query(
      `SELECT * FROM credits.add_credits('usr_story', 100, 'bonus', 'Welcome', priority => 10)`,
    );
    await ledger.query(
      `SELECT * FROM credits.deduct_credits('usr_story', 150, 'Long report', feature => 'reports')`,
    );
    await ledger.query(`SELECT * FROM credits.deduct_credits('usr_story', 20, 'Short report')`);

    const customer = new CustomerPage(consoleWindow);
    await customer.open('usr_story', 'Credits');
    expect(await customer.equationTerms()).toEqual({
      balance: 930,
      held: 0,
      due: 0,
      available: 930,
    });

    await customer.openGrants.getByRole('button', { name: 'Purchase Credit pack' }).click();
    const paid = customer.debits.getByRole('table', { name: 'Debits this grant paid' });
    await expect(paid.getByRole('row')).toHaveCount(3);
    await expect(paid.getByRole('row').filter({ hasText: 'Long report' })).toContainText('−50');
    await expect(paid.getByRole('row').filter({ hasText: 'Short report' })).toContainText('−20');

    await paid.getByRole('button', { name: 'Usage Long report' }).click();
    await expect(customer.debits.getByRole('status')).toHaveText(
      '2 grants paid 150 credits of it.',
    );
    const closed = consoleWindow.main.getByRole('table', { name: 'Closed grants, newest first' });
    await expect(closed.getByRole('row').filter({ hasText: 'Welcome' })).toContainText('100');
    await expect(customer.openGrants.getByRole('row', { name: /Credit pack/ })).toContainText('50');
  });

  test('what another person posted meanwhile is in the preview, not what the page showed', async ({
    consoleWindow,
    ledger,
  }) => {
    await makeCustomer(ledger, { id: 'usr_shared', name: 'Shared Account', purchased: 100 });
    const customer = new CustomerPage(consoleWindow);
    await customer.open('usr_shared');
    await expect(customer.figure('Available')).toHaveText('100');
    await ledger.query(`SELECT * FROM credits.deduct_credits('usr_shared', 40, 'Meanwhile')`);

    const adjust = await customer.startAdjustDown();
    await adjust.amount.fill('100');
    await expect(adjust.refusal).toBeVisible();
    await expect(adjust.submitButton('Take away 100 credits')).toBeDisabled();
    await adjust.amount.fill('60');
    await adjust.expectPreview('Available', '60', '0', '−60');
  });
});
