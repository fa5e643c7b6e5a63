import { expect, type Locator } from '@playwright/test';
import type { ConsoleWindow } from '../support/console-window.ts';

type Scope = 'Read' | 'Use' | 'Report' | 'Customers';
const SCOPES: readonly Scope[] = ['Read', 'Use', 'Report', 'Customers'];

type KeyEntry = { name?: string; scopes?: readonly Scope[]; requestsPerSecond?: number };

/** The keys of the HTTP service. */
export class ApiKeysPage {
  readonly table: Locator;
  /** The dialog that shows a key once; it closes by its button alone. */
  readonly made: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    const { main, page } = consoleWindow;
    this.consoleWindow = consoleWindow;
    this.table = main.getByRole('table', { name: 'API keys' });
    this.made = page.getByRole('dialog', { name: /^The key “/ });
  }

  async open(): Promise<void> {
    await this.consoleWindow.open('/api-keys');
    await expect(this.consoleWindow.heading).toHaveText('API keys');
  }

  /** The row of a key by its name, which no other key has. */
  row(name: string): Locator {
    return this.table
      .getByRole('row')
      .filter({ has: this.consoleWindow.page.getByText(name, { exact: true }) });
  }

  dialog(name: string | RegExp): Locator {
    return this.consoleWindow.page.getByRole('dialog', { name, exact: true });
  }

  /** Makes a key and leaves the dialog that shows it open: `storeKey` reads and closes it. */
  async makeKey(entry: KeyEntry & { name: string }): Promise<void> {
    await this.consoleWindow.main.getByRole('button', { name: 'New key' }).click();
    const form = this.dialog('New key');
    await fill(form, entry);
    await form.getByRole('button', { name: 'Make key' }).click();
    await expect(this.made).toBeVisible();
  }

  /** The key in the dialog, which is gone then. */
  async storeKey(): Promise<string> {
    const key = await this.made.getByText(/^cck_/).innerText();
    await this.made.getByRole('button', { name: 'I have stored it' }).click();
    await expect(this.made).toBeHidden();
    return key.trim();
  }

  async edit(name: string, changes: KeyEntry): Promise<void> {
    await this.table.getByRole('button', { name: `Edit ${name}`, exact: true }).click();
    const form = this.dialog(`Edit ${name}`);
    await fill(form, changes);
    await form.getByRole('button', { name: 'Save key' }).click();
    await expect(form).toBeHidden();
  }

  async revoke(name: string): Promise<void> {
    await this.table.getByRole('button', { name: `Revoke ${name}`, exact: true }).click();
    const question = this.dialog(`Revoke ${name}?`);
    await expect(question.getByRole('button', { name: 'Cancel' })).toBeFocused();
    await question.getByRole('button', { name: 'Revoke key' }).click();
    await expect(this.row(name).getByText('Revoked', { exact: true })).toBeVisible();
  }

  async show(which: 'All' | 'In use' | 'Revoked'): Promise<void> {
    // The radio itself is hidden behind its label.
    await this.consoleWindow.main
      .getByRole('radiogroup', { name: 'Which keys' })
      .getByText(which, { exact: true })
      .click();
  }
}

async function fill(form: Locator, { name, scopes, requestsPerSecond }: KeyEntry): Promise<void> {
  if (name !== undefined) await form.getByRole('textbox', { name: 'Name' }).fill(name);
  if (scopes !== undefined) {
    for (const scope of SCOPES) {
      await form
        .getByRole('checkbox', { name: scope, exact: true })
        .setChecked(scopes.includes(scope));
    }
  }
  if (requestsPerSecond !== undefined) {
    await form.getByRole('textbox', { name: 'Requests a second' }).fill(String(requestsPerSecond));
  }
}
