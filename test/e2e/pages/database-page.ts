import type { Locator, Page } from '@playwright/test';
import type { ConsoleWindow } from '../support/console-window.ts';

export type ConnectionEntry = {
  name?: string;
  environment?: 'Local' | 'Staging' | 'Production';
  url?: string;
  password?: string;
};

/** Settings, Database: the connections, and the one in use. */
export class DatabasePage {
  readonly list: Locator;
  readonly inUse: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    this.consoleWindow = consoleWindow;
    this.list = consoleWindow.main.getByRole('list', { name: 'Connections' });
    this.inUse = consoleWindow.main.getByRole('region', { name: 'In use' });
  }

  open(): Promise<void> {
    return this.consoleWindow.open('/settings/database');
  }

  /** The entry of a connection in the list. */
  entry(name: string): Locator {
    return this.list.getByRole('listitem').filter({ hasText: name });
  }

  async addConnection(): Promise<ConnectionForm> {
    await this.consoleWindow.main.getByRole('button', { name: 'Add connection' }).click();
    return new ConnectionForm(this.consoleWindow.page, 'Add a connection');
  }

  async editConnection(name: string): Promise<ConnectionForm> {
    await this.entry(name)
      .getByRole('button', { name: `More for ${name}` })
      .click();
    await this.consoleWindow.page.getByRole('menuitem', { name: 'Edit' }).click();
    return new ConnectionForm(this.consoleWindow.page, `Edit ${name}`);
  }

  /** Makes a connection the one in use. */
  async use(name: string): Promise<void> {
    await this.list.getByRole('button', { name: `Use ${name}` }).click();
  }
}

/** The drawer in which a connection is entered and tested. */
export class ConnectionForm {
  readonly drawer: Locator;
  readonly report: Locator;
  readonly problem: Locator;

  constructor(page: Page, title: string) {
    this.drawer = page.getByRole('dialog', { name: title, exact: true });
    this.report = this.drawer.getByRole('region', { name: 'Report of the test' });
    this.problem = this.drawer.getByRole('alert');
  }

  async fill(entry: ConnectionEntry): Promise<void> {
    if (entry.name !== undefined) await this.drawer.getByLabel('Name').fill(entry.name);
    if (entry.environment !== undefined) {
      // The radio itself is hidden behind its label.
      await this.drawer.getByText(entry.environment, { exact: true }).click();
    }
    if (entry.url !== undefined) await this.drawer.getByLabel('Address').fill(entry.url);
    if (entry.password !== undefined) {
      await this.drawer.getByLabel('Password', { exact: true }).fill(entry.password);
    }
  }

  async test(): Promise<void> {
    await this.drawer.getByRole('button', { name: 'Test', exact: true }).click();
  }

  async save(): Promise<void> {
    await this.drawer.getByRole('button', { name: 'Save connection' }).click();
  }
}
