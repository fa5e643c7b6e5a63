import { expect } from '@playwright/test';
import { startMailServer } from '#test/support/mail-server.ts';
import { AlertsPage, CustomerAlerts } from '../pages/alerts-page.ts';
import { ApiKeysPage } from '../pages/api-keys-page.ts';
import { FeaturesPage, SimulateUse } from '../pages/features-page.ts';
import { JobsPage } from '../pages/jobs-page.ts';
import { NotificationsPage } from '../pages/notifications-page.ts';
import type { ConsoleWindow } from './console-window.ts';
import type { EmbeddedLedger } from './embedded-ledger.ts';

const SOON = { timeout: 20_000 };

/**
 * Walks through every screen of spending with one customer, and looks at each: features, alerts, jobs, keys, notifications; for
 * the tour and for axe.
 */
export async function walkSpending(
  { consoleWindow, ledger }: { consoleWindow: ConsoleWindow; ledger: EmbeddedLedger },
  customer: { id: string; name: string },
  look: (screen: string) => Promise<void>,
): Promise<void> {
  const { page, main } = consoleWindow;
  const mail = await startMailServer();
  // One address that its server does not know.
  mail.refuseAddress((address) =>
    address.startsWith('gone') ? { code: 550, text: '5.1.1 No such user here' } : undefined,
  );
  try {
    const features = new FeaturesPage(consoleWindow);
    await features.open();
    await features.addFeature({ name: 'translate_page', credits: 3, unit: 'page' });
    await look('features');
    await main.getByRole('button', { name: 'New feature' }).first().click();
    const making = features.dialog('New feature');
    await making.getByRole('textbox', { name: 'Name', exact: true }).fill('translate_page');
    await making.getByRole('textbox', { name: 'Credits' }).fill('5');
    await making.getByRole('button', { name: 'Add feature' }).click();
    await expect(making.getByText(/already/).first()).toBeVisible();
    await look('feature-taken');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Discard draft' }).click();
    await expect(making).toBeHidden();
    const drawer = await features.openFeature('translate_page');
    await features.changePrice(drawer, 'translate_page', { credits: 4 });
    await features.changePrice(drawer, 'translate_page', { credits: 9, from: '2030-01-01T00:00' });
    await look('feature');
    await drawer.getByRole('button', { name: 'Change price' }).click();
    const form = features.dialog('Change the price of translate_page');
    await form.getByRole('textbox', { name: 'Credits' }).fill('7');
    await form.getByText('From a later time', { exact: true }).click();
    await form.getByLabel('From', { exact: true }).fill('2031-01-01T00:00');
    await look('feature-price');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Discard draft' }).click();
    await expect(form).toBeHidden();
    await drawer.getByRole('button', { name: /^Withdraw the price from / }).click();
    await expect(features.dialog('Withdraw this price?')).toBeVisible();
    await look('feature-withdraw');
    await page.keyboard.press('Escape');
    await expect(features.dialog('Withdraw this price?')).toBeHidden();
    await page.keyboard.press('Escape');
    await expect(drawer).toBeHidden();

    const simulation = new SimulateUse(consoleWindow);
    await simulation.open(customer.id);
    await look('simulate-empty');
    await simulation.choose('translate_page', 3);
    await expect(simulation.payers).toBeVisible();
    await look('simulate');
    await simulation.choose('translate_page', 1_000_000);
    await expect(simulation.outcome).toContainText(/missing/i);
    await look('simulate-refused');
    await page.keyboard.press('Escape');

    const notifications = new NotificationsPage(consoleWindow);
    await notifications.open();
    await look('notifications-off');
    await notifications.setMailServer({
      host: '127.0.0.1',
      port: mail.port,
      security: 'Not secured',
      from: 'Example <credits@company.example>',
    });
    await notifications.setLowBalance({
      company: 'Example',
      purchaseAddress: 'https://shop.example/credits?for={customer_id}',
    });
    await notifications.turn('E-mail to customers', 'On');
    await look('notifications');
    await main.getByRole('button', { name: 'Change the mail server', exact: true }).click();
    await expect(notifications.dialog('Mail server')).toBeVisible();
    await look('notifications-mail-server');
    await page.keyboard.press('Escape');
    const words = await notifications.editWords('Low on credits');
    await expect(words.preview).toContainText(/credits/i);
    await look('notifications-words');
    await page.keyboard.press('Escape');
    await expect(words.form).toBeHidden();
    const tested = await notifications.sendTest('Out of credits', 'ann@company.example');
    await expect(tested.getByRole('status')).toContainText('250');
    await look('notifications-test');
    await page.keyboard.press('Escape');

    // One customer who runs low and out, and one whose address is refused.
    for (const [id, name] of [
      ['usr_low', 'Lou Low'],
      ['gone_low', 'Gil Gone'],
    ]) {
      await ledger.query(
        `SELECT credits.ensure_customer($1, email => $1 || '@example.com', name => $2, plan_tier => 'pro')`,
        [id, name],
      );
      await ledger.query(`SELECT credits.add_credits($1, 30, 'bonus', 'Welcome')`, [id]);
      await ledger.query(`SELECT credits.use_feature($1, 'basic_search', 25)`, [id]);
    }
    await ledger.query(`SELECT credits.use_feature('usr_low', 'advanced_search')`);
    const alerts = new AlertsPage(consoleWindow);
    await alerts.open('log');
    await expect(alerts.notifications('Gil Gone').first()).toContainText(/not sent/i, SOON);
    await expect(alerts.notifications('Lou Low').first()).toContainText(/sent/i, SOON);
    await look('alerts-log');
    await alerts.openNotification('Gil Gone');
    await look('alerts-notification');
    await page.keyboard.press('Escape');
    await alerts.open();
    await expect(alerts.customer('Lou Low')).toContainText('Empty');
    await look('alerts');
    const record = new CustomerAlerts(consoleWindow);
    await record.open('usr_low');
    await record.setThreshold(25);
    await look('customer-alerts');
    await record.section.getByRole('button', { name: 'Change threshold…' }).click();
    await expect(page.getByRole('dialog', { name: 'Change the threshold' })).toBeVisible();
    await look('customer-threshold');
    await page.keyboard.press('Escape');
    await record.section.getByRole('button', { name: 'Suppress e-mails…' }).click();
    await expect(page.getByRole('dialog', { name: 'Suppress e-mails' })).toBeVisible();
    await look('customer-suppress');
    await page.keyboard.press('Escape');

    const keys = new ApiKeysPage(consoleWindow);
    await keys.open();
    await look('api-keys-none');
    await keys.makeKey({ name: 'Web shop', scopes: ['Read', 'Use'] });
    await look('api-key-made');
    await keys.storeKey();
    await keys.makeKey({ name: 'Old shop', requestsPerSecond: 20 });
    await keys.storeKey();
    await keys.revoke('Old shop');
    await look('api-keys');
    await keys.table.getByRole('button', { name: 'Revoke Web shop', exact: true }).click();
    await expect(keys.dialog('Revoke Web shop?')).toBeVisible();
    await look('api-key-revoke');
    await page.keyboard.press('Escape');

    const jobs = new JobsPage(consoleWindow);
    await jobs.open();
    await jobs.runNow('Expire credits and close holds that are over');
    await look('jobs');

    await consoleWindow.open('/catalog');
    await main.getByRole('button', { name: 'Edit Free' }).click();
    const plan = page.getByRole('dialog', { name: /Free/ });
    await plan.getByRole('checkbox', { name: /without a/i }).check();
    await look('plan-without-stripe');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Discard draft' }).click();
  } finally {
    await mail.close();
  }
}
