import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test as base, type ElectronApplication, expect, type Page } from '@playwright/test';
import { createTestConsole } from '#test/support/test-console.ts';
import { ConsoleWindow } from './console-window.ts';
import { launchConsole } from './launch-console.ts';

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
  consoleWindow: ConsoleWindow;
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
      const demo = await prepareWorkspace(true);
      const empty = await prepareWorkspace(false);
      await use({ demo, empty });
      for (const folder of [demo, empty]) await rm(folder, { recursive: true, force: true });
    },
    { scope: 'worker', timeout: 120_000 },
  ],

  dataFolder: async ({ workspace, workspaces }, use) => {
    const dataFolder = newDataFolder();
    if (workspace !== 'fresh') await copyFolder(workspaces[workspace], dataFolder);
    await use(dataFolder);
    await rm(dataFolder, { recursive: true, force: true });
  },

  app: async ({ dataFolder, expectedPageErrors }, use) => {
    const app = await launchConsole({ dataFolder });
    const errors: string[] = [];
    app.on('window', (page) => collectErrors(page, errors));
    for (const page of app.windows()) collectErrors(page, errors);
    await use(app);
    await app.close();
    const unexpected = errors.filter(
      (error) => !expectedPageErrors.some((each) => each.test(error)),
    );
    expect(unexpected, 'errors on the console of the page').toEqual([]);
  },

  consoleWindow: async ({ app }, use) => {
    const consoleWindow = new ConsoleWindow(app, await app.firstWindow());
    await consoleWindow.connected();
    await use(consoleWindow);
  },
});

export { expect, launchConsole };

/** A folder that does not exist yet. Straight below the system's: as root, the database's own user must be able to get there. */
export function newDataFolder(): string {
  return join(tmpdir(), `credit-console-e2e-${randomUUID().slice(0, 13)}`);
}

async function prepareWorkspace(demoData: boolean): Promise<string> {
  const dataFolder = newDataFolder();
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
