/**
 * Drives every screen of the built app on a fresh folder with demo data, and leaves a screenshot of each, light and dark,
 * in out/tour/. Started by `npm run tour`, which builds the app and finds a display first.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outFolder } from '#build/setup/places.mjs';
import { ConsoleWindow } from '#test/e2e/support/console-window.ts';
import { connectToLedger } from '#test/e2e/support/embedded-ledger.ts';
import { launchConsole } from '#test/e2e/support/launch-console.ts';
import { startTestServer } from '#test/support/postgres-server.ts';
import { Photographer } from './photographer.ts';
import { arrangeStories } from './stories.ts';
import { tourConnections } from './tour-connections.ts';
import { tourCustomers } from './tour-customers.ts';
import { tourForms } from './tour-forms.ts';
import { tourMetering } from './tour-metering.ts';
import { tourMoney } from './tour-money.ts';
import { tourShell } from './tour-shell.ts';
import { tourSizes } from './tour-sizes.ts';
import { tourSpending } from './tour-spending.ts';
import { tourTransactions } from './tour-transactions.ts';
import { tourUsage } from './tour-usage.ts';

const startedAt = performance.now();
const folder = await mkdtemp(join(tmpdir(), 'credit-console-tour-'));
// Straight below the system's: as root, the database's own user must be able to get there.
const dataFolder = `${folder}-data`;
// A team's PostgreSQL; it starts while the console does.
const team = startTestServer();
const app = await launchConsole({ dataFolder });
try {
  const consoleWindow = new ConsoleWindow(app, await app.firstWindow());
  const { page } = consoleWindow;
  page.setDefaultTimeout(20_000);
  const photographer = new Photographer(consoleWindow, join(outFolder, 'tour'));
  await photographer.look('usual');
  await photographer.prepare();

  // A window that Playwright missed was started again, on a database that is there by then.
  if ((await consoleWindow.heading.innerText()) === 'Connecting to This computer') {
    await photographer.takeAsItIs('first-start');
  }
  await consoleWindow.connected();

  const ledger = await connectToLedger(dataFolder, { actor: 'Maya Chen' });
  const tour = { consoleWindow, photographer, ledger, folder };
  const stories = await arrangeStories(ledger);
  await tourCustomers(tour, stories);
  await tourForms(tour, stories);
  await tourTransactions(tour, stories);
  await tourUsage(tour);
  await tourMoney(tour, stories);
  await tourMetering(tour, stories);
  await tourSpending(tour, stories);
  await tourShell(tour, stories);
  await tourSizes(tour, stories);
  await ledger.end();
  await tourConnections(tour, stories, (await team).server);

  for (const name of photographer.taken) console.log(name);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`${photographer.taken.length} screenshots in ${photographer.folder}, ${seconds} s`);
} catch (error) {
  const picture = join(outFolder, 'tour-failed.png');
  await app
    .windows()[0]
    ?.screenshot({ path: picture, timeout: 5_000 })
    .catch(() => undefined);
  console.error(error);
  console.error(`The window as it was: ${picture}`);
  process.exitCode = 1;
} finally {
  await app.close();
  await (await team).stop();
  for (const made of [folder, dataFolder]) await rm(made, { recursive: true, force: true });
}
