import { once } from 'node:events';
import { CustomerPage } from './pages/customer-page.ts';
import { launchConsole, test } from './support/console-test.ts';
import { ConsoleWindow } from './support/console-window.ts';
import { connectToLedger } from './support/embedded-ledger.ts';
import { expect } from './support/ledger-test.ts';

test.use({ workspace: 'empty' });

test('a killed console leaves its database running; the next start goes on with it, and nothing is lost', async ({
  dataFolder,
}) => {
  const app = await launchConsole({ dataFolder });
  const first = new ConsoleWindow(app, await app.firstWindow());
  await first.connected();
  await first.call('customers.ensure', { id: 'usr_kept', name: 'Kept Customer' });
  const customer = new CustomerPage(first);
  await customer.open('usr_kept');
  const grant = await customer.startGrant();
  await grant.amount.fill('777');
  await grant.explain('Goodwill', 'Just before the crash.');
  await grant.submitButton('Grant 777 credits').click();
  await grant.expectClosed();

  const program = app.process();
  const ended = once(program, 'exit');
  program.kill('SIGKILL');
  await ended;

  const startOf = async () => {
    const ledger = await connectToLedger(dataFolder);
    const [row] = await ledger.query<{ at: Date }>('SELECT pg_postmaster_start_time() AS at');
    await ledger.end();
    return row?.at;
  };
  const startedAt = await startOf();
  expect(startedAt).toBeInstanceOf(Date);

  const again = await launchConsole({ dataFolder });
  try {
    const second = new ConsoleWindow(again, await again.firstWindow());
    await second.connected();
    expect(await startOf(), 'it is the same server').toEqual(startedAt);
    const kept = new CustomerPage(second);
    await kept.open('usr_kept');
    await expect(kept.figure('Available')).toHaveText('777');
  } finally {
    await again.close();
  }
  await expect(connectToLedger(dataFolder), 'a clean quit stops it').rejects.toThrow(
    /ECONNREFUSED/,
  );
});
