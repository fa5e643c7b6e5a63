import { expectAccessibleInBoth } from './support/axe.ts';
import { makeCustomer } from './support/embedded-ledger.ts';
import { test } from './support/ledger-test.ts';
import { walkMetering } from './support/walk-metering.ts';

test.use({ workspace: 'empty' });
test.slow();

test('every screen of metered usage is accessible, light and dark', async ({
  consoleWindow,
  ledger,
}) => {
  const customer = { id: 'usr_axe', name: 'Max Metered' };
  await makeCustomer(ledger, customer);
  await walkMetering({ consoleWindow, ledger }, customer, (screen) =>
    expectAccessibleInBoth(consoleWindow.page, screen),
  );
});
