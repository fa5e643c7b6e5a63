import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  test as base,
  type ElectronApplication,
  _electron as electron,
  expect,
  type Page,
  type TestInfo,
} from '@playwright/test';
import { launchOptions } from '#build/electron-runtime/launch-options.mjs';
import { createTestConsole } from '#test/support/test-console.ts';
import { ConsoleWindow } from './console-window.ts';

type Options = {
  /** `demo`: the data of a first start; `empty`: a ledger without customers; `fresh`: a folder that was never used. */
  workspace: 'demo' | 'empty' | 'fresh';
  /** What the page may say on its console as an error; everything else fails the test. */
  expectedPageErrors: RegExp[];
};

type Fixtures = {
  /** The app's data folder, of this test alone. */
  dataFolder: string;
  app: ElectronApplication;
  /** The app's window, with the database connected. */
  window: ConsoleWindow;
};

type WorkerFixtures = {
  /** Data folders that were made once, to copy from. */
  workspaces: { demo: string; empty: string };
};

/** Playwright's test in a real Electron window on a data folder of its own. */
export const test = base.extend<Options & Fixtures, WorkerFixtures>({
  workspace: ['demo', { option: true }],
  expectedPageErrors: [[], { option: true }],

  workspaces: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern
    async ({}, use) => {
      const folder = await mkdtemp(join(tmpdir(), 'credit-console-e2e-'));
      const demo = await prepareWorkspace(join(folder, 'demo'), true);
      const empty = await prepareWorkspace(join(folder, 'empty'), false);
      await use({ demo, empty });
      await rm(folder, { recursive: true, force: true });
    },
    { scope: 'worker', timeout: 120_000 },
  ],

  dataFolder: async ({ workspace, workspaces }, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'credit-console-e2e-'));
    const dataFolder = join(folder, 'data');
    if (workspace !== 'fresh') await copyFolder(workspaces[workspace], dataFolder);
    await use(dataFolder);
    await rm(folder, { recursive: true, force: true });
  },

  app: async ({ dataFolder, expectedPageErrors }, use, testInfo) => {
    const app = await launchConsole({ dataFolder });
    const errors: string[] = [];
    app.on('window', (page) => collectErrors(page, errors));
    for (const page of app.windows()) collectErrors(page, errors);
    await app.context().tracing.start({ screenshots: true, snapshots: true });
    await use(app);
    await keepEvidence(app, testInfo);
    await app.close();
    const unexpected = errors.filter(
      (error) => !expectedPageErrors.some((each) => each.test(error)),
    );
    expect(unexpected, 'errors on the console of the page').toEqual([]);
  },

  window: async ({ app }, use) => {
    const window = new ConsoleWindow(app, await app.firstWindow());
    await window.connected();
    await use(window);
  },
});

export { expect };

/** Starts the built app on a data folder. `args` may hold a deep link. */
export function launchConsole(options: {
  dataFolder: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
}): Promise<ElectronApplication> {
  return electron.launch({ ...launchOptions(options), timeout: 60_000 });
}

async function prepareWorkspace(dataFolder: string, demoData: boolean): Promise<string> {
  const { console, logLines } = await createTestConsole({ dataFolder, demoData });
  const status = await console.start();
  await console.stop();
  if (status.status !== 'ready') throw new Error(`no workspace:\n${logLines.join('\n')}`);
  return dataFolder;
}

/** With owners and modes: the database's files may belong to a user of their own. */
async function copyFolder(from: string, to: string): Promise<void> {
  if (process.platform === 'win32') await cp(from, to, { recursive: true });
  else await promisify(execFile)('cp', ['-a', from, to]);
}

function collectErrors(page: Page, errors: string[]): void {
  page.on('pageerror', (error) => errors.push(String(error.stack ?? error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
}

/** Playwright's own trace and screenshot options do not reach Electron. */
async function keepEvidence(app: ElectronApplication, testInfo: TestInfo): Promise<void> {
  if (testInfo.status === testInfo.expectedStatus) {
    await app.context().tracing.stop();
    return;
  }
  for (const [index, page] of app.windows().entries()) {
    const path = testInfo.outputPath(`window-${index + 1}.png`);
    // A page that hangs gives no picture; the failure itself must still be told.
    const taken = await page.screenshot({ path, timeout: 5_000 }).catch(() => undefined);
    if (taken) await testInfo.attach('screenshot', { path, contentType: 'image/png' });
  }
  const trace = testInfo.outputPath('trace.zip');
  await app.context().tracing.stop({ path: trace });
  await testInfo.attach('trace', { path: trace, contentType: 'application/zip' });
}
