import { CustomerPage } from './pages/customer-page.ts';
import { TransactionsPage } from './pages/transactions-page.ts';
import { type EmbeddedLedger, makeCustomer } from './support/embedded-ledger.ts';
import { expect, test } from './support/ledger-test.ts';

test.use({ workspace: 'empty' });

const CUSTOMER = { id: 'usr_forms', name: 'Grace Forms', purchased: 1_000 };

/** The manual entries of the customer, oldest first. */
function entries(ledger: EmbeddedLedger) {
  return ledger.query<{ type: string; amount: number; description: string; actor: string }>(
    `SELECT transaction_type AS type, amount, description, actor FROM credits.credit_transactions
      WHERE customer_id = $1 AND transaction_type <> 'purchase' ORDER BY id`,
    [CUSTOMER.id],
  );
}

test('credits are taken away with a reason, and the balance follows', async ({
  consoleWindow,
  ledger,
}) => {
  await makeCustomer(ledger, CUSTOMER);
  const customer = new CustomerPage(consoleWindow);
  await customer.open(CUSTOMER.id);
  const adjust = await customer.startAdjustDown();
  await adjust.amount.fill('250');
  await adjust.submitButton('Take away 250 credits').click();
  await expect(adjust.drawer.getByText('Choose a reason.')).toBeVisible();
  await expect(adjust.drawer.getByText('Note is required.')).toBeVisible();
  expect(await entries(ledger)).toEqual([]);

  await adjust.explain('Billing error', 'Bought twice by mistake.');
  await adjust.caseLink.fill('https://tickets.example/1');
  await adjust.expectPreview('Available', '1,000', '750', '−250');
  await adjust.submitButton('Take away 250 credits').click();
  await adjust.expectClosed();
  await expect(customer.figure('Available')).toHaveText('750');
  const { actor } = await consoleWindow.call('settings.session', {});
  const [entry] = await entries(ledger);
  expect(entry).toMatchObject({
    type: 'adjustment',
    amount: -250,
    description: 'Bought twice by mistake.',
  });
  expect(entry?.actor).toContain(actor);
  expect(
    await ledger.query(
      `SELECT metadata ->> 'reason_code' AS reason, metadata ->> 'case_link' AS case
         FROM credits.credit_transactions WHERE customer_id = $1 AND amount = -250`,
      [CUSTOMER.id],
    ),
  ).toEqual([{ reason: 'billing_error', case: 'https://tickets.example/1' }]);
});

test('a part of a debit is reversed from the log, and goes back to the grant that paid it', async ({
  consoleWindow,
  ledger,
}) => {
  await makeCustomer(ledger, CUSTOMER);
  await ledger.query(`SELECT * FROM credits.deduct_credits($1, 300, 'Large export')`, [
    CUSTOMER.id,
  ]);
  const log = new TransactionsPage(consoleWindow);
  await log.open();
  await log.rows.filter({ hasText: 'Large export' }).click();
  await log.details.getByRole('button', { name: 'Reverse…' }).click();

  const reverse = new CustomerPage(consoleWindow).form('Reverse a transaction');
  await reverse.drawer.getByRole('radio', { name: 'A part of it' }).check();
  await reverse.amount.fill('301');
  await reverse.amount.blur();
  await expect(reverse.drawer.getByText('At most 300 can still be reversed.')).toBeVisible();
  await reverse.amount.fill('120');
  await reverse.explain('Service issue', 'Half of the file was empty.');
  await reverse.expectPreview('Available', '700', '820', '+120');
  await reverse.submitButton('Reverse 120 credits').click();
  await reverse.expectClosed();

  await expect(log.rows.first()).toContainText('Reversal');
  await expect(log.rows.first()).toContainText('+120');
  await expect(log.details.getByText('180 of it can still be reversed.')).toBeVisible();
  expect(
    await ledger.query('SELECT remaining FROM credits.credit_grants WHERE customer_id = $1', [
      CUSTOMER.id,
    ]),
  ).toEqual([{ remaining: 820 }]);
});

test('an expiry is moved to a later day, and the timeline tells who did it and why', async ({
  consoleWindow,
  ledger,
}) => {
  await makeCustomer(ledger, CUSTOMER);
  await consoleWindow.call('settings.updatePreferences', { timeZone: 'UTC' });
  await ledger.query(
    `SELECT * FROM credits.add_credits($1, 50, 'bonus', 'Trial',
       expires_at => date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '10 days')`,
    [CUSTOMER.id],
  );
  const customer = new CustomerPage(consoleWindow);
  await customer.open(CUSTOMER.id, 'Credits');
  await customer.openGrants.getByRole('button', { name: 'Extend Bonus, Trial' }).click();
  const extend = customer.form('Extend an expiry');
  await extend.drawer.getByRole('button', { name: '+90 days' }).click();
  await extend.explain('Customer request', 'On holiday until spring.');
  await expect(extend.preview).toContainText('→');
  await extend.submitButton(/^Extend 50 credits to /).click();
  await extend.expectClosed();

  expect(
    await ledger.query(
      `SELECT (expires_at AT TIME ZONE 'UTC')::date - (now() AT TIME ZONE 'UTC')::date AS days
         FROM credits.credit_grants WHERE customer_id = $1 AND expires_at IS NOT NULL`,
      [CUSTOMER.id],
    ),
  ).toEqual([{ days: 100 }]);
  await customer.showTab('Timeline');
  await expect(
    consoleWindow.main.getByRole('listitem').filter({ hasText: 'Moved from' }),
  ).toContainText('On holiday until spring.');
});

test('a hold is released, and its credits can be spent again', async ({
  consoleWindow,
  ledger,
}) => {
  await makeCustomer(ledger, CUSTOMER);
  await ledger.query(`SELECT * FROM credits.hold_credits($1, 400, 'Stuck rendering')`, [
    CUSTOMER.id,
  ]);
  const customer = new CustomerPage(consoleWindow);
  await customer.open(CUSTOMER.id, 'Credits');
  expect(await customer.equationTerms()).toMatchObject({ held: 400, available: 600 });
  await customer.openHolds
    .getByRole('button', { name: 'Release 400 credits held for Stuck rendering' })
    .click();
  const release = customer.form('Release a hold');
  await release.explain('Service issue', 'The worker died.');
  await release.expectPreview('Available', '600', '1,000', '+400');
  await release.submitButton('Release 400 credits').click();
  await release.expectClosed();
  await expect(customer.figure('Available')).toHaveText('1,000');
  await expect(customer.openHolds).toBeHidden();
});

test('one form posts once, however often its button is pressed', async ({
  consoleWindow,
  ledger,
}) => {
  await makeCustomer(ledger, CUSTOMER);
  const customer = new CustomerPage(consoleWindow);
  await customer.open(CUSTOMER.id);

  const clicked = await customer.startGrant();
  await clicked.amount.fill('1,000');
  await clicked.explain('Goodwill', 'By double click.');
  await clicked.submitButton('Grant 1,000 credits').dblclick();
  await clicked.expectClosed();

  const pressed = await customer.startGrant();
  await pressed.amount.fill('7');
  await pressed.explain('Goodwill', 'By key.');
  await pressed.submitButton('Grant 7 credits').focus();
  // All at once, as a key that is held down: nothing of it waits for an answer.
  await Promise.all([
    consoleWindow.page.keyboard.press('Enter'),
    consoleWindow.page.keyboard.press('Enter'),
    consoleWindow.page.keyboard.press('Control+Enter'),
  ]);
  await pressed.expectClosed();

  await expect(customer.figure('Available')).toHaveText('2,007');
  expect(await entries(ledger)).toMatchObject([
    { amount: 1_000, description: 'By double click.' },
    { amount: 7, description: 'By key.' },
  ]);
});

test('Enter in a field posts nothing', async ({ consoleWindow, ledger }) => {
  await makeCustomer(ledger, CUSTOMER);
  const customer = new CustomerPage(consoleWindow);
  await customer.open(CUSTOMER.id);
  const grant = await customer.startGrant();
  await grant.explain('Goodwill', 'Not yet.');
  await grant.amount.fill('5');
  await expect(grant.preview.getByRole('table')).toBeVisible();
  await grant.amount.press('Enter');
  await grant.caseLink.press('Enter');
  // A query that was asked later is answered later.
  await consoleWindow.call('customers.get', { customerId: CUSTOMER.id });
  await expect(grant.drawer).toBeVisible();
  expect(await entries(ledger)).toEqual([]);
});

test('an amount that could be misread is refused in its field, and 1,000 is a thousand', async ({
  consoleWindow,
  ledger,
}) => {
  await makeCustomer(ledger, CUSTOMER);
  const customer = new CustomerPage(consoleWindow);
  await customer.open(CUSTOMER.id);
  const grant = await customer.startGrant();
  await grant.explain('Goodwill', 'None of these.');
  const refused = {
    '1e3': 'Use whole credits in digits only',
    '1.5': 'Use whole credits in digits only',
    '1,5': 'Use whole credits in digits only',
    '-0': 'Use whole credits in digits only',
    '+5': 'Use whole credits in digits only',
    '0x10': 'Use whole credits in digits only',
    '٥٠٠': 'Use whole credits in digits only',
    '５００': 'Use whole credits in digits only',
    '12345678901234567890': 'Use whole credits in digits only',
    '9007199254740992': 'That is more than the ledger can hold.',
    '0': 'Enter at least 1 credit.',
  };
  for (const [text, why] of Object.entries(refused)) {
    await grant.amount.fill(text);
    await grant.submitButton('Grant credits').click();
    await expect(grant.amount, text).toHaveAccessibleDescription(new RegExp(why));
    await expect(grant.amount, text).toHaveAttribute('aria-invalid', 'true');
    await expect(grant.amount, text).toBeFocused();
    await expect(grant.preview.getByRole('table'), text).toHaveCount(0);
  }
  for (const text of ['1,000', '1 000', '1000', ' 1,000 ']) {
    await grant.amount.fill(text);
    await expect(grant.drawer.getByText('= 1,000 credits'), text).toBeVisible();
    await expect(grant.submitButton('Grant 1,000 credits'), text).toBeVisible();
  }
  expect(await entries(ledger)).toEqual([]);
});

test('a draft asks before it is lost, and Escape takes one step back at a time', async ({
  consoleWindow,
  ledger,
}) => {
  await makeCustomer(ledger, CUSTOMER);
  const { page } = consoleWindow;
  const customer = new CustomerPage(consoleWindow);
  await customer.open(CUSTOMER.id);
  const grant = await customer.startGrant();
  await grant.amount.fill('500');
  const question = page.getByRole('dialog', { name: 'Discard this draft?' });
  await page.keyboard.press('Escape');
  await expect(question.getByRole('button', { name: 'Keep editing' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(question).toBeHidden();
  await expect(grant.amount).toHaveValue('500');
  await page.keyboard.press('Escape');
  await question.getByRole('button', { name: 'Discard draft' }).click();
  await grant.expectClosed();
  expect(await entries(ledger)).toEqual([]);
});
