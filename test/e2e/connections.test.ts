import { CustomerPage } from './pages/customer-page.ts';
import { CustomersPage } from './pages/customers-page.ts';
import { DatabasePage } from './pages/database-page.ts';
import { TransactionsPage } from './pages/transactions-page.ts';
import type { ConsoleWindow } from './support/console-window.ts';
import { expect, type TeamServer, test } from './support/team-server.ts';

test.use({ workspace: 'empty' });

type Login = 'postgres' | 'test_admin' | 'test_reader' | 'test_support';

function addressOf(server: TeamServer, database: string, login: Login): string {
  return `postgresql://${login}@127.0.0.1:${server.port}/${database}`;
}

function passwordOf(server: TeamServer, login: Login): string {
  return login === 'postgres' ? server.superuserPassword : server.rolePassword;
}

/** Adds a connection to a team's database by its form, and uses it. */
async function connect(
  consoleWindow: ConsoleWindow,
  server: TeamServer,
  entry: {
    name: string;
    database: string;
    login: Login;
    environment: 'Staging' | 'Production';
  },
): Promise<DatabasePage> {
  const page = new DatabasePage(consoleWindow);
  await page.open();
  const form = await page.addConnection();
  await form.fill({
    name: entry.name,
    environment: entry.environment,
    url: addressOf(server, entry.database, entry.login),
    password: passwordOf(server, entry.login),
  });
  await form.save();
  await expect(form.drawer).toBeHidden();
  await page.use(entry.name);
  await expect(page.entry(entry.name)).toContainText('In use');
  return page;
}

async function makeTeamCustomer(server: TeamServer, database: string): Promise<void> {
  await server.query(
    database,
    `SELECT * FROM credits.ensure_customer('usr_team', email => 'team@example.com', name => 'Team Customer')`,
  );
  await server.query(
    database,
    `SELECT * FROM credits.add_credits('usr_team', 300, 'purchase', 'Credit pack', stripe_payment_id => 'pi_team')`,
  );
}

const entriesOf = (server: TeamServer, database: string) =>
  server.query<{ amount: number; actor: string }>(
    database,
    `SELECT amount::int, actor FROM credits.credit_transactions WHERE transaction_type = 'bonus' ORDER BY id`,
  );

test('a team’s database is tested, saved, used without a restart, and left again', async ({
  consoleWindow,
  teamServer,
  strangerPort,
}) => {
  await teamServer.makeDatabase('team_billing', 'ledger');
  await makeTeamCustomer(teamServer, 'team_billing');
  const page = new DatabasePage(consoleWindow);
  await page.open();
  const form = await page.addConnection();
  const address = addressOf(teamServer, 'team_billing', 'test_support');
  const right = teamServer.rolePassword;

  await form.fill({ name: 'Billing', environment: 'Staging', url: address, password: 'wrong' });
  await form.test();
  await expect(form.problem).toContainText('The server refused the password of "test_support".');
  await form.fill({
    url: `postgresql://test_support@no-such-host.invalid:${teamServer.port}/team_billing`,
    password: right,
  });
  await form.test();
  await expect(form.problem).toContainText('There is no host named no-such-host.invalid');
  await form.fill({ url: `postgresql://test_support@127.0.0.1:${strangerPort}/team_billing` });
  await form.test();
  await expect(form.problem).toContainText(
    `What answers at 127.0.0.1:${strangerPort} is not PostgreSQL.`,
  );
  await form.fill({ url: addressOf(teamServer, 'no_such_database', 'test_support') });
  await form.test();
  await expect(form.problem).toContainText('The server has no database named "no_such_database".');
  await form.fill({ url: 'mysql://127.0.0.1/team_billing' });
  await form.test();
  await expect(form.drawer.getByLabel('Address')).toHaveAttribute('aria-invalid', 'true');
  expect((await consoleWindow.call('connections.list', {})).connections).toHaveLength(1);

  // A password that was pasted with the address does not stay where it can be read.
  await form.fill({ password: '' });
  await form.fill({ url: address.replace('@', `:${encodeURIComponent(right)}@`) });
  await form.test();
  await expect(form.drawer.getByLabel('Address')).toHaveValue(address);
  await expect(form.report).toContainText('test_support');
  await expect(form.report).toContainText('fsync is off');
  await form.save();
  await expect(form.drawer).toBeHidden();
  await expect(page.entry('Billing')).toContainText('Staging');

  await page.use('Billing');
  await expect(page.entry('Billing')).toContainText('In use');
  await expect(consoleWindow.page.getByRole('banner')).toContainText('Billing');
  await expect(consoleWindow.page.getByRole('banner')).toContainText('Staging');
  const customers = new CustomersPage(consoleWindow);
  await customers.open();
  await expect(customers.rows).toHaveCount(1);
  await expect(customers.row('Team Customer')).toContainText('300');

  await page.open();
  await page.use('This computer');
  await expect(page.entry('This computer')).toContainText('In use');
  await consoleWindow.connected();
  await customers.open();
  await expect(
    consoleWindow.main.getByText('There are no customers yet.'),
    'nothing of the other database is left in sight',
  ).toBeVisible();
});

test('production asks once more before it posts, and Cancel is what Enter means', async ({
  consoleWindow,
  teamServer,
}) => {
  await teamServer.makeDatabase('team_production', 'ledger');
  await makeTeamCustomer(teamServer, 'team_production');
  await connect(consoleWindow, teamServer, {
    name: 'Live ledger',
    database: 'team_production',
    login: 'test_support',
    environment: 'Production',
  });
  const { page } = consoleWindow;
  await expect(page.getByRole('banner')).toContainText('Production');

  const customer = new CustomerPage(consoleWindow);
  await customer.open('usr_team');
  const grant = await customer.startGrant();
  await grant.amount.fill('50');
  await grant.explain('Goodwill', 'Asked twice.');
  await grant.expectPreview('Available', '300', '350', '+50');
  await grant.submitButton('Grant 50 credits').click();
  const question = page.getByRole('dialog', { name: 'PRODUCTION Post to Live ledger?' });
  await expect(question.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(question).toBeHidden();
  await expect(grant.drawer).toBeVisible();
  expect(await entriesOf(teamServer, 'team_production')).toEqual([]);

  await grant.submitButton('Grant 50 credits').click();
  await question.getByRole('button', { name: 'Grant 50 credits on Live ledger' }).dblclick();
  await grant.expectClosed();
  await expect(customer.figure('Available')).toHaveText('350');
  // Whatever name the console shows, the login stands on the row.
  expect(await entriesOf(teamServer, 'team_production')).toEqual([
    { amount: 50, actor: 'test_support' },
  ]);
});

test('a role that may only read is offered nothing else', async ({ consoleWindow, teamServer }) => {
  await teamServer.makeDatabase('team_reader', 'ledger');
  await makeTeamCustomer(teamServer, 'team_reader');
  const database = await connect(consoleWindow, teamServer, {
    name: 'Read only',
    database: 'team_reader',
    login: 'test_reader',
    environment: 'Staging',
  });
  await expect(database.inUse).toContainText('export');
  const { main, page } = consoleWindow;

  const customers = new CustomersPage(consoleWindow);
  await customers.open();
  await expect(customers.row('Team Customer')).toBeVisible();
  await expect(main.getByRole('button', { name: 'New customer' })).toHaveCount(0);

  const customer = new CustomerPage(consoleWindow);
  await customer.open('usr_team', 'Credits');
  await expect(customer.openGrants).toBeVisible();
  await expect(
    main.getByRole('button', { name: /Grant|Adjust|Reverse|Extend|Add note/ }),
  ).toHaveCount(0);
  await expect(main.getByRole('textbox', { name: 'New note' })).toHaveCount(0);
  await page.keyboard.press('c');
  await expect(page.getByRole('dialog')).toHaveCount(0);

  const log = new TransactionsPage(consoleWindow);
  await log.open();
  await log.rows.first().click();
  await expect(log.details).toContainText('Credit pack');
  await expect(log.details.getByRole('button', { name: 'Reverse…' })).toHaveCount(0);
  await expect(log.exportButton).toBeVisible();

  const refused = await consoleWindow.callRaw('ledger.grant', {
    customerId: 'usr_team',
    type: 'bonus',
    amount: 5,
    expiresAt: null,
    priority: 100,
    reasonCode: 'other',
    note: 'Past the screen.',
    confirmedProduction: false,
    idempotencyKey: 'past-the-screen',
  });
  expect(refused).toMatchObject({ ok: false, error: { code: 'not_permitted' } });
  expect(await entriesOf(teamServer, 'team_reader')).toEqual([]);
});

test('a database without a ledger is migrated when told to, and not before', async ({
  consoleWindow,
  teamServer,
}) => {
  await teamServer.makeDatabase('team_empty', 'empty');
  const hasLedger = async () => {
    const [row] = await teamServer.query<{ there: boolean }>(
      'team_empty',
      `SELECT to_regclass('credits.accounts') IS NOT NULL AS there`,
    );
    return row?.there;
  };
  await connect(consoleWindow, teamServer, {
    name: 'New team',
    database: 'team_empty',
    login: 'postgres',
    environment: 'Staging',
  });
  const { main, heading } = consoleWindow;
  for (const path of ['/customers', '/transactions', '/usage']) {
    await consoleWindow.open(path);
    await expect(heading).toHaveText('New team has no ledger yet');
  }
  expect(await hasLedger()).toBe(false);

  await main.getByRole('button', { name: 'Install the ledger' }).click();
  await expect(heading).toHaveText('Usage');
  expect(await hasLedger()).toBe(true);
  await consoleWindow.open('/customers');
  await expect(main.getByText('There are no customers yet.')).toBeVisible();
});
