import { expect, type Locator } from '@playwright/test';
import type { ConsoleWindow } from '../support/console-window.ts';

/** The work that runs by itself. A job is named by its words, such as "Look for balances that fell". */
export class JobsPage {
  readonly table: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    this.consoleWindow = consoleWindow;
    this.table = consoleWindow.main.getByRole('table', { name: 'Jobs' });
  }

  async open(): Promise<void> {
    await this.consoleWindow.open('/jobs');
    await expect(this.consoleWindow.heading).toHaveText('Jobs');
    await expect(this.table).toBeVisible();
  }

  row(job: string): Locator {
    return this.table.getByRole('row').filter({ has: this.runButton(job) });
  }

  runButton(job: string): Locator {
    return this.consoleWindow.page.getByRole('button', { name: `Run now: ${job}`, exact: true });
  }

  /** When it ran last, what it did and where: "3 s ago, 12 done". */
  lastRun(job: string): Locator {
    return this.row(job).getByRole('cell').nth(0);
  }

  /** When it comes again and how often, or that it runs. */
  nextRun(job: string): Locator {
    return this.row(job).getByRole('cell').nth(1);
  }

  /** How much waits for it. */
  waiting(job: string): Locator {
    return this.row(job).getByRole('cell').nth(2);
  }

  /** Runs a job and waits for its end; the test fails where the page says that it did. */
  async runNow(job: string): Promise<void> {
    const said = this.consoleWindow.page.getByRole('status').getByText(/^Done/);
    const failed = this.table.getByRole('alert');
    await this.runButton(job).click();
    await expect(said.or(failed).first()).toBeVisible();
    await expect(failed).toBeHidden();
    await expect(this.runButton(job)).toBeEnabled();
  }
}
