import type { Locator, Page } from '@playwright/test';

/** The one search for everything: Ctrl/Cmd+K. */
export class SearchPalette {
  readonly dialog: Locator;
  readonly input: Locator;
  private readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    this.dialog = page.getByRole('dialog', { name: 'Search everything' });
    this.input = this.dialog.getByRole('combobox', { name: 'Search everything' });
  }

  async open(): Promise<void> {
    await this.page.keyboard.press('ControlOrMeta+k');
  }

  option(name: string | RegExp): Locator {
    return this.dialog.getByRole('option', { name });
  }
}
