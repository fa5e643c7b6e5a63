import type { ElectronApplication, Locator, Page } from '@playwright/test';
import { expect } from '@playwright/test';
import type { Contract, ProcedureName } from '#shared/ipc/contract.ts';
import type { Input, Output, Reply } from '#shared/ipc/procedure.ts';

/** The app's window: what every screen has. Page models of single screens build on it. */
export class ConsoleWindow {
  readonly app: ElectronApplication;
  readonly page: Page;

  constructor(app: ElectronApplication, page: Page) {
    this.app = app;
    this.page = page;
  }

  /** The screen's own part of the window. */
  get main(): Locator {
    return this.page.getByRole('main');
  }

  /** The name of the screen. */
  get heading(): Locator {
    return this.page.getByRole('heading', { level: 1 });
  }

  /** Goes to a path such as `/customers`, as a link in the window does. */
  async open(path: string): Promise<void> {
    await this.page.evaluate((to) => {
      window.location.hash = to;
    }, path);
  }

  /** The path shown now, with its query. */
  path(): string {
    return new URL(this.page.url()).hash.replace(/^#/, '');
  }

  /** Waits until the window's database is ready. */
  async connected(): Promise<void> {
    await expect
      .poll(
        async () => {
          const { database } = await this.call('settings.session', {});
          if (database.status === 'failed') throw new Error(database.message);
          return database.status;
        },
        { message: 'the database becomes ready', timeout: 60_000 },
      )
      .toBe('ready');
  }

  /** Calls a procedure as the window does; a failure is thrown with its code. */
  async call<Name extends ProcedureName>(
    name: Name,
    input: Input<Contract[Name]>,
  ): Promise<Output<Contract[Name]>> {
    const reply = await this.callRaw(name, input);
    if (!reply.ok) throw new Error(`${name}: ${reply.error.code}: ${reply.error.message}`);
    return reply.value as Output<Contract[Name]>;
  }

  /** Calls a procedure with whatever input, and returns its reply as it comes. */
  callRaw(name: ProcedureName, input: unknown): Promise<Reply<unknown>> {
    return this.page.evaluate(
      ({ procedure, argument }) => {
        const bridge = window.creditConsole;
        if (!bridge) throw new Error('the page has no bridge');
        return bridge.call[procedure](argument, crypto.randomUUID());
      },
      { procedure: name, argument: input },
    );
  }

  /** Chooses an item of the application menu, by the labels that lead to it (without `&`). */
  async chooseMenu(...labels: string[]): Promise<void> {
    await this.app.evaluate(({ Menu, BrowserWindow }, path) => {
      const plain = (label: string) => label.replaceAll('&', '');
      let items = Menu.getApplicationMenu()?.items ?? [];
      let found: Electron.MenuItem | undefined;
      for (const label of path) {
        found = items.find((item) => plain(item.label) === label);
        if (!found) throw new Error(`the menu has no ${path.join(' > ')}`);
        items = found.submenu?.items ?? [];
      }
      found?.click(undefined, BrowserWindow.getAllWindows()[0]);
    }, labels);
  }

  /** From now on, the system's save dialog answers with this file, or is dismissed. */
  async answerSaveDialog(file: string | undefined): Promise<void> {
    await this.app.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = async () => ({
        canceled: filePath === undefined,
        filePath: filePath ?? '',
      });
    }, file);
  }
}
