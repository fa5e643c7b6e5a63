import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron as electron, expect, type Page } from '@playwright/test';
import { launchOptions, switchesForThisUser } from '#build/electron-runtime/launch-options.mjs';

const APP = join(import.meta.dirname, 'payment-browser');

/** The browser of somebody who pays: a process and profile of its own, which knows nothing of the console. */
export class CustomerBrowser {
  readonly page: Page;
  private readonly end: () => Promise<void>;

  private constructor(page: Page, end: () => Promise<void>) {
    this.page = page;
    this.end = end;
  }

  static async open(): Promise<CustomerBrowser> {
    const { executablePath, env } = launchOptions();
    const profile = await mkdtemp(join(tmpdir(), 'credit-console-browser-'));
    const app = await electron.launch({
      executablePath,
      args: [APP, ...switchesForThisUser(), `--user-data-dir=${profile}`],
      env,
    });
    return new CustomerBrowser(await app.firstWindow(), async () => {
      await app.close();
      await rm(profile, { recursive: true, force: true });
    });
  }

  /** Opens a payment link of the simulator, and presses one of its buttons. */
  async pay(link: string, button = 'Pay'): Promise<void> {
    await this.page.goto(link);
    await expect(this.page.getByText(/no real money/i).first()).toBeVisible();
    await this.page.getByRole('button', { name: button, exact: true }).click();
  }

  async close(): Promise<void> {
    await this.end();
  }
}
