import type { Locator } from '@playwright/test';
import type { ConsoleWindow } from '../support/console-window.ts';

/** The log over all customers. */
export class TransactionsPage {
  readonly grid: Locator;
  readonly search: Locator;
  /** The filters in force, as chips. */
  readonly chips: Locator;
  readonly details: Locator;
  readonly exportButton: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    const { main } = consoleWindow;
    this.consoleWindow = consoleWindow;
    this.grid = main.getByRole('grid', { name: 'Transactions' });
    this.search = main.getByRole('searchbox', { name: 'Text in the description, or a whole id' });
    this.chips = main.getByRole('group', { name: 'Filters in force' });
    this.details = main.getByRole('complementary', { name: 'Transaction details' });
    this.exportButton = main.getByRole('button', { name: 'Export CSV' });
  }

  /** `query`: a filter as it stands in the address, without the question mark. */
  open(query = ''): Promise<void> {
    return this.consoleWindow.open(`/transactions${query === '' ? '' : `?${query}`}`);
  }

  /** All rows in the document, without the heading. */
  get rows(): Locator {
    return this.grid.locator('[role="row"][data-row]');
  }

  /** The cells of one column, of the rows in the document. */
  async column(heading: string): Promise<string[]> {
    const headings = await this.grid.getByRole('columnheader').allInnerTexts();
    const index = headings.findIndex((each) => each.trim() === heading);
    return this.rows.evaluateAll(
      (rows, place) => rows.map((row) => (row.children[place] as HTMLElement).innerText.trim()),
      index,
    );
  }

  /** The button that takes a filter away again. */
  chip(label: string, value: string | RegExp): Locator {
    const words = typeof value === 'string' ? value : value.source;
    return this.chips.getByRole('button', {
      name: new RegExp(`^Remove filter ${label}: ${words}`),
    });
  }

  async chooseOption(filter: 'Type' | 'Feature' | 'Actor', ...labels: string[]): Promise<void> {
    const { main, page } = this.consoleWindow;
    await main
      .getByRole(filter === 'Type' ? 'combobox' : 'button', { name: filter, exact: true })
      .click();
    for (const label of labels) {
      await page.getByRole('option', { name: label, exact: true }).click();
    }
    if (filter === 'Type') await page.keyboard.press('Escape');
  }

  async limitAmount(bounds: { atLeast?: string; atMost?: string }): Promise<void> {
    const { main, page } = this.consoleWindow;
    await main.getByRole('button', { name: 'Amount', exact: true }).click();
    const form = page.getByRole('dialog', { name: 'Amount' });
    if (bounds.atLeast !== undefined) await form.getByLabel('At least').fill(bounds.atLeast);
    if (bounds.atMost !== undefined) await form.getByLabel('At most').fill(bounds.atMost);
    await form.getByRole('button', { name: 'Apply' }).click();
  }
}
