import { expect } from '@playwright/test';
import { CustomerPage } from '#test/e2e/pages/customer-page.ts';
import { DatabasePage } from '#test/e2e/pages/database-page.ts';
import { asSuperuser, type TestServer } from '#test/support/postgres-server.ts';
import type { Stories, Tour } from './stories.ts';

/** Settings, Database, and what a window shows of a connection that has no ledger, is lost, or is production. */
export async function tourConnections(
  tour: Tour,
  stories: Stories,
  server: TestServer,
): Promise<void> {
  const { consoleWindow, photographer } = tour;
  const { main, page } = consoleWindow;
  const database = new DatabasePage(consoleWindow);
  await asSuperuser(server, 'postgres', (client) => client.query('CREATE DATABASE billing'));
  const url = `postgresql://${server.superuser}@127.0.0.1:${server.port}/billing`;
  const password = server.superuserPassword;

  await database.open();
  await expect(database.inUse.getByText('fsync')).toBeVisible();
  await photographer.take('database');

  const form = await database.addConnection();
  await photographer.take('connection-form');
  await form.fill({
    name: 'Billing staging',
    environment: 'Staging',
    url,
    password: 'not this one',
  });
  await form.test();
  await expect(form.problem).toBeVisible();
  await photographer.take('connection-form-refused');
  await form.fill({ password });
  await form.test();
  await expect(form.report).toBeVisible();
  await photographer.take('connection-form-report');
  await form.save();
  await expect(form.drawer).toBeHidden();
  await database.use('Billing staging');
  await expect(main.getByRole('heading', { name: /has no ledger yet/ })).toBeVisible();
  await photographer.take('database-without-ledger');
  await consoleWindow.open('/customers');
  await expect(consoleWindow.heading).toHaveText(/has no ledger yet/);
  await photographer.take('needs-migration');

  await database.open();
  const broken = await database.addConnection();
  await broken.fill({
    name: 'Unreachable',
    environment: 'Staging',
    url: 'postgresql://support@127.0.0.1:9/credits',
    password: 'irrelevant',
  });
  await broken.save();
  await expect(broken.drawer).toBeHidden();
  await database.use('Unreachable');
  await expect(database.inUse.getByRole('alert')).toBeVisible();
  await consoleWindow.open('/customers');
  await expect(consoleWindow.heading).toHaveText('Unreachable is not connected');
  await photographer.take('not-connected');

  await database.open();
  await database.use('This computer');
  await expect(database.entry('This computer')).toContainText('In use');
  await consoleWindow.connected();
  const embedded = await database.editConnection('This computer');
  await embedded.fill({ environment: 'Production' });
  await embedded.drawer.getByRole('radio', { name: 'red' }).click();
  await embedded.save();
  await expect(embedded.drawer).toBeHidden();
  await photographer.take('database-connections');
  await tourProduction(tour, stories);
  await page.keyboard.press('Escape');
}

async function tourProduction({ consoleWindow, photographer }: Tour, { busy }: Stories) {
  const { page } = consoleWindow;
  const customer = new CustomerPage(consoleWindow);
  await customer.open(busy.id);
  const grant = await customer.startGrant();
  await grant.amount.fill('500');
  await grant.explain('Goodwill', 'Two hours of failed renderings on Tuesday.');
  await expect(grant.preview.getByRole('table')).toBeVisible();
  await grant.submitButton('Grant 500 credits').click();
  const question = page.getByRole('dialog', { name: /PRODUCTION/ });
  await expect(question.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await photographer.take('production-question');
  await question.getByRole('button', { name: 'Cancel' }).click();
}
