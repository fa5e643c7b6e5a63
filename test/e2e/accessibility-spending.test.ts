import { expectAccessibleInBoth } from './support/axe.ts';
import { makeCustomer } from './support/embedded-ledger.ts';
import { test } from './support/ledger-test.ts';
import { walkSpending } from './support/walk-spending.ts';

test.use({ workspace: 'empty' });
test.slow();

test('every screen of spending is accessible, light and dark', async ({
  consoleWindow,
  ledger,
}) => {
  const customer = { id: 'usr_axe', name: 'Sue Spender', purchased: 500 };
  await makeCustomer(ledger, customer);
  await walkSpending({ consoleWindow, ledger }, customer, (screen) =>
    expectAccessibleInBoth(consoleWindow.page, screen),
  );
});
