import { expectAccessibleInBoth } from './support/axe.ts';
import { makeCustomer } from './support/embedded-ledger.ts';
import { test } from './support/ledger-test.ts';
import { walkMoney } from './support/walk-money.ts';

test.use({ workspace: 'empty' });
test.slow();

test('every screen of the money side is accessible, light and dark', async ({
  consoleWindow,
  ledger,
}) => {
  const customer = { id: 'usr_money', name: 'Mona Money' };
  await makeCustomer(ledger, customer);
  await walkMoney({ consoleWindow, ledger }, customer, (screen) =>
    expectAccessibleInBoth(consoleWindow.page, screen),
  );
});
