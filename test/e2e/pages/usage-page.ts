import type { Locator } from '@playwright/test';
import type { ConsoleWindow } from '../support/console-window.ts';

/** Credits used by day, feature, type and customer. */
export class UsagePage {
  readonly byDay: Locator;
  readonly byFeature: Locator;
  readonly byType: Locator;
  readonly topCustomers: Locator;
  readonly rangeButton: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    const figure = (name: string) => consoleWindow.main.getByRole('region', { name, exact: true });
    this.consoleWindow = consoleWindow;
    this.byDay = figure('Credits used by day');
    this.byFeature = figure('Credits used by feature');
    this.byType = figure('Credits by type');
    this.topCustomers = figure('Top customers');
    this.rangeButton = consoleWindow.main.getByRole('button', { name: /^Time range:/ });
  }

  /** `query`: a range as it stands in the address, such as `range=7d`. */
  open(query = ''): Promise<void> {
    return this.consoleWindow.open(`/usage${query === '' ? '' : `?${query}`}`);
  }

  /** Switches a figure to its numbers. */
  async showTable(figure: Locator): Promise<void> {
    // The radio itself is hidden behind its label.
    await figure.getByText('Table', { exact: true }).click();
  }

  async choosePreset(label: string): Promise<void> {
    await this.rangeButton.click();
    await this.consoleWindow.page
      .getByRole('dialog', { name: 'Time range' })
      .getByRole('button', { name: label })
      .click();
  }
}

/** The cells of a table as text, row by row, headings included. */
export async function cellsOf(table: Locator): Promise<string[][]> {
  return table.evaluate((element) =>
    [...(element as HTMLTableElement).rows].map((row) =>
      [...row.cells].map((cell) => cell.textContent?.trim() ?? ''),
    ),
  );
}
