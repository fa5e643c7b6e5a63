import { startMailServer } from '#test/support/mail-server.ts';
import { startServedProcess } from '#test/support/served-process.ts';
import { AlertsPage, CustomerAlerts } from './pages/alerts-page.ts';
import { ApiKeysPage } from './pages/api-keys-page.ts';
import { FeaturesPage, SimulateUse } from './pages/features-page.ts';
import { JobsPage } from './pages/jobs-page.ts';
import { NotificationsPage } from './pages/notifications-page.ts';
import { makeCustomer } from './support/embedded-ledger.ts';
import { expect, test } from './support/ledger-test.ts';

/** Jobs look every few seconds, and a service looks a key up every five. */
const SOON = { timeout: 20_000 };
const CUSTOMER = { id: 'usr_spender', name: 'Sam Spender', purchased: 30 };

test.use({ workspace: 'empty' });
test.slow();

test('a back end spends with a key over HTTP, the customer is warned by e-mail, and the console shows all of it', async ({
  consoleWindow,
  ledger,
  dataFolder,
}) => {
  const mail = await startMailServer();
  await makeCustomer(ledger, CUSTOMER);

  const features = new FeaturesPage(consoleWindow);
  await features.open();
  await features.addFeature({ name: 'translate_page', credits: 3, unit: 'page' });
  const drawer = await features.openFeature('translate_page');
  await features.changePrice(drawer, 'translate_page', { credits: 4 });
  await features.changePrice(drawer, 'translate_page', { credits: 9, from: '2030-01-01T00:00' });
  await expect(features.prices(drawer).getByRole('listitem')).toHaveCount(3);
  await features.withdrawPrice(drawer);
  await expect(features.prices(drawer).getByRole('listitem')).toHaveCount(2);

  const notifications = new NotificationsPage(consoleWindow);
  await notifications.open();
  await notifications.setMailServer({
    host: '127.0.0.1',
    port: mail.port,
    security: 'Not secured',
    from: 'credits@company.example',
  });
  await notifications.setLowBalance({
    company: 'Example',
    purchaseAddress: 'https://shop.example/credits?for={customer_id}',
  });
  await notifications.turn('E-mail to customers', 'On');
  const tested = await notifications.sendTest('Low on credits', 'ann@company.example');
  await expect(tested.getByRole('status')).toContainText('250');
  expect(mail.mails.map(({ recipient }) => recipient)).toEqual(['ann@company.example']);

  const keys = new ApiKeysPage(consoleWindow);
  await keys.open();
  await keys.makeKey({ name: 'Web shop', scopes: ['Read', 'Use'] });
  const key = await keys.storeKey();

  const service = await startServedProcess({ environment: { CREDIT_CONSOLE_DATA: dataFolder } });
  try {
    const post = async (path: string, body: Record<string, unknown>) => {
      const answer = await fetch(`${service.url}/v1/customers/${CUSTOMER.id}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    const use = (feature: string, quantity: number, keyOfUse: string) =>
      post('/usage', { feature, quantity, idempotency_key: keyOfUse });
    const first = await use('translate_page', 5, 'pages-1');
    expect(first).toMatchObject({ status: 200, body: { cost: 20, available: 10 } });
    expect(await use('translate_page', 5, 'pages-1'), 'a repeat').toEqual(first);
    expect(await use('translate_page', 5, 'pages-2')).toMatchObject({
      status: 402,
      body: {
        error: 'insufficient_credits',
        required: 20,
        balance: 10,
        purchase_url: `https://shop.example/credits?for=${CUSTOMER.id}`,
      },
    });
    // Below the threshold of 10, and then to nothing.
    expect((await use('translate_page', 1, 'pages-3')).body).toMatchObject({ available: 6 });
    await expect.poll(() => mail.mails.length, SOON).toBe(2);
    expect((await use('basic_search', 6, 'searches-1')).body).toMatchObject({ available: 0 });
    await expect.poll(() => mail.mails.length, SOON).toBe(3);
    expect(mail.mails.slice(1).map(({ recipient }) => recipient)).toEqual([
      `${CUSTOMER.id}@example.com`,
      `${CUSTOMER.id}@example.com`,
    ]);
    expect(mail.mails[2]?.text).toContain(`https://shop.example/credits?for=${CUSTOMER.id}`);

    const alerts = new AlertsPage(consoleWindow);
    await alerts.open();
    await expect(alerts.customer(CUSTOMER.name)).toContainText('Empty');
    await alerts.open('log');
    await expect(alerts.notifications(CUSTOMER.name)).toHaveCount(2);
    await alerts.openNotification(CUSTOMER.name);
    await expect(alerts.delivery('E-mail')).toContainText('Sent');

    const simulation = new SimulateUse(consoleWindow);
    await simulation.open(CUSTOMER.id);
    await simulation.choose('translate_page', 2);
    await expect(simulation.outcome).toContainText('8 credits');
    await expect(simulation.outcome).toContainText(/missing/i);
    await consoleWindow.page.keyboard.press('Escape');
    await expect(simulation.drawer).toBeHidden();
    await ledger.query(`SELECT credits.add_credits($1, 50, 'bonus', 'Goodwill')`, [CUSTOMER.id]);
    await simulation.open(CUSTOMER.id);
    await simulation.choose('translate_page', 2);
    await expect(simulation.payers).toContainText('Goodwill');
    await consoleWindow.page.keyboard.press('Escape');

    const record = new CustomerAlerts(consoleWindow);
    await record.open(CUSTOMER.id);
    await record.setThreshold(25);
    await expect(record.section).toContainText('25');

    // Another range is read anew; of this one the window still has what it read at the start.
    await features.open('range=7d');
    await expect(features.row('translate_page')).toContainText('24', SOON);

    await ledger.query(
      `SELECT credits.add_credits($1, 5, 'bonus', 'Short', expires_at => clock_timestamp() + interval '200 milliseconds')`,
      [CUSTOMER.id],
    );
    const jobs = new JobsPage(consoleWindow);
    await jobs.open();
    const expiry = 'Expire credits and close holds that are over';
    await expect(async () => {
      await jobs.runNow(expiry);
      const rows = await ledger.query(
        `SELECT FROM credits.credit_transactions WHERE customer_id = $1 AND transaction_type = 'expire'`,
        [CUSTOMER.id],
      );
      expect(rows).toHaveLength(1);
    }).toPass(SOON);
    await expect(jobs.waiting(expiry)).toHaveText('0');

    await keys.open();
    await expect(keys.row('Web shop')).not.toContainText('never');
    await keys.revoke('Web shop');
    await expect
      .poll(async () => (await post('/check', { cost: 1 })).status, {
        message: 'the service refuses the key',
        ...SOON,
      })
      .toBe(401);
  } finally {
    await service.end('SIGTERM');
    await mail.close();
  }
});
